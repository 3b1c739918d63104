"""`shangding reports` at the prompt: a small city counted by hand."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from backend.clock import SystemClock, today
from backend.gateways.rulebook_files import read_city
from backend.grants.grant import GrantState
from backend.storage.database import Database
from tests.backend.builders import add_person
from tests.backend.cli.prompt import run
from tests.backend.reports.giving import ask, give
from tests.backend.reports.handing_in import add_receipt, noon_of, open_batch, open_offices
from tests.backend.reports.small_city import keep_count, make_cells

DAY = date(2026, 11, 20)
OCTOBER = ["--from", "2026-10-01", "--to", "2026-10-31"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database: what the tables show was counted on both elsewhere."""
    return sqlite_url


@pytest.fixture
def installation(environment: dict[str, str], database: Database) -> dict[str, str]:
    open_offices(database)
    rules, now = read_city("zhengzhou"), SystemClock().now()
    keep_count(database, rules, day=DAY - timedelta(days=31), now=now, cells=make_cells({"good:100": 400}))
    keep_count(database, rules, day=DAY, now=now, cells=make_cells(dimensions={"honour:0": 400}))
    with database.transaction() as session:
        give(session, add_person(session), "library_card", GrantState.BROKEN, "2026-10-20", final_fen=500)
        for _ in range(25):
            ask(session, "2026-10-20", because="no_consent")
        batch = open_batch(session, noon_of("2026-10-12"))
        for _ in range(20):
            add_receipt(session, batch, "refused", code="not_final", occurred_on="2026-10-09")
    return environment


def read_row(output: str, head: str) -> list[str]:
    line = next(line for line in output.splitlines() if head in line)
    return [cell.strip() for cell in line.strip("│┃").split("│")]


def test_figures_are_shown_as_tables(installation: dict[str, str]) -> None:
    scores = run(["reports", "scores"], installation)
    assert scores.exit_code == 0, scores.output
    assert "2026-11-20, 400 people" in scores.output
    assert read_row(scores.output, "信用良好") == ["信用良好", "330"]
    assert read_row(scores.output, "190 to 200") == ["190 to 200", "0"]
    assert read_row(scores.output, "levels")[2] == "act"
    assert read_row(scores.output, "信用较差") == ["信用较差", "＊"]
    assert read_row(scores.output, "荣誉信息") == ["荣誉信息", "400"]
    public = run(["reports", "scores", "--public"], installation)
    assert read_row(public.output, "信用较差") == ["信用较差", "＊"]
    benefits = read_row(run(["reports", "benefits", *OCTOBER], installation).output, "resident")
    assert benefits[1:4] == ["resident", "＊", "＊"]  # one person
    assert benefits[-3:] == ["＊", "0.00", "＊"]
    refusals = run(["reports", "refusals", "--month", "2026-10"], installation).output
    assert read_row(refusals, "没有授权")[1:] == ["本人没有授权", "30"]
    departments = read_row(run(["reports", "departments", *OCTOBER], installation).output, "交警支队")
    assert departments[1:] == ["20", "-", "100.0% of 20", "100.0% of 20", "0.0% of 20", "＊", "＊"]


def test_what_cannot_be_told_is_said(installation: dict[str, str]) -> None:
    early = run(["reports", "scores", "--day", "2026-01-01"], installation)
    assert (early.exit_code, "shangding reports count" in early.output) == (1, True)
    month = f"{today(SystemClock().now()):%Y-%m}"
    refused = run(["reports", "refusals", "--month", month], installation)
    assert (refused.exit_code, "is not over" in refused.output) == (2, True)
    counted = run(["reports", "count"], installation)
    assert (counted.exit_code, "SHANGDING_CITY_FILES" in counted.output) == (2, True)


def test_pictures_are_drawn_into_a_folder(installation: dict[str, str], tmp_path: Path) -> None:
    drawn = run(["reports", "draw", str(tmp_path / "pictures")], installation)
    assert drawn.exit_code == 0, drawn.output
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"levels.svg", "points.svg", "dimensions.svg", "drift.svg"} <= names
    assert "人数取整到10" in (tmp_path / "pictures" / "levels.svg").read_text("utf-8")
    public = run(["reports", "draw", "--public", "--png", str(tmp_path / "public")], installation)
    assert {path.name for path in (tmp_path / "public").iterdir()} == {"levels.png", "points.png", "benefits.png"}
    assert (tmp_path / "public" / "levels.png").read_bytes().startswith(b"\x89PNG")
    assert public.exit_code == 0
