"""`shangding reports` at the prompt: a small city counted by hand."""

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from werkzeug.test import TestResponse

from backend.cli.reports import draw_counted
from backend.clock import SystemClock, today
from backend.gateways.rulebook_files import read_city
from backend.grants.grant import GrantState
from backend.reports import figure_routes
from backend.reports.figure_descriptions import write_people
from backend.reports.figure_tables import add_offsets
from backend.reports.periods import choose_month
from backend.storage.database import Database
from tests.backend.builders import add_person
from tests.backend.city import City, running_city
from tests.backend.cli.prompt import install, run
from tests.backend.reports.giving import ask, give
from tests.backend.reports.handing_in import add_receipt, noon_of, open_batch, open_offices
from tests.backend.reports.small_city import keep_count, make_cells

DAY = date(2026, 11, 20)
EARLIER = make_cells({"good:100": 200, "slight_breach:80": 200}, {"honour:0": 400})
LATER = make_cells(dimensions={"honour:0": 380, "honour:10": 20})
TABLES = ("departments", "benefits", "refusals")
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
    assert "2026-11-20，400 人 people" in scores.output
    assert read_row(scores.output, "信用良好") == ["信用良好 Good", "330"]
    assert read_row(scores.output, "190…200") == ["190…200", "0"]
    assert read_row(scores.output, "需要处理")[2] == "需要处理 act"
    assert read_row(scores.output, "信用较差") == ["信用较差 Poor", "＊"]
    assert read_row(scores.output, "荣誉信息") == ["荣誉信息 Honours", "400"]
    public = run(["reports", "scores", "--public"], installation)
    assert read_row(public.output, "信用较差") == ["信用较差 Poor", "＊"]
    benefits = read_row(run(["reports", "benefits", *OCTOBER], installation).output, "resident")
    assert benefits[1:4] == ["本市居民 resident", "＊", "＊"]  # one person
    assert benefits[-3:] == ["＊", "0.00", "＊"]
    refusals = run(["reports", "refusals", "--month", "2026-10"], installation).output
    assert read_row(refusals, "没有授权")[1:] == ["本人没有授权 no consent", "30"]
    departments = read_row(run(["reports", "departments", *OCTOBER], installation).output, "交警支队")
    assert departments[1:] == ["20", "-", "100.0% / 20", "100.0% / 20", "0.0% / 20", "＊", "＊"]


def test_what_cannot_be_told_is_said(installation: dict[str, str]) -> None:
    early = run(["reports", "scores", "--day", "2026-01-01"], installation)
    assert (early.exit_code, "shangding reports count" in early.output) == (1, True)
    month = f"{today(SystemClock().now()):%Y-%m}"
    refused = run(["reports", "refusals", "--month", month], installation)
    assert (refused.exit_code, "is not over" in refused.output) == (2, True)
    counted = run(["reports", "count"], installation)
    assert (counted.exit_code, "SHANGDING_CITY_FILES" in counted.output) == (2, True)


def seed(city: City, day: date) -> None:
    """Put something before, on the first, on the last and after the last of the 30 days until yesterday."""
    for back, rows, people in ((31, 60, 20), (30, 20, 20), (1, 20, 10), (0, 40, 30)):
        on = (day - timedelta(days=back)).isoformat()
        with city.database.transaction() as session:
            batch = open_batch(session, noon_of(on))
            for _ in range(rows):
                add_receipt(session, batch, "accepted" if back == 30 else "refused", occurred_on=on)
            for _ in range(people):
                give(session, add_person(session), "library_card", GrantState.COMPLETED, on)
    month = choose_month(None, today=day)
    with city.database.transaction() as session:
        for asked_on, people in ((month.first_on, 25), (month.last_on, 25), (month.last_on + timedelta(days=1), 40)):
            for _ in range(people):
                ask(session, asked_on.isoformat(), because="no_consent")
    for counted, cells in ((day - timedelta(days=31), EARLIER), (day, LATER)):
        with city.database.transaction() as session:
            add_offsets(session, dict.fromkeys(cells, 0))
        keep_count(city.database, city.context.rules, day=counted, now=city.now(), cells=cells)


class Shown(NamedTuple):
    """The same figures over HTTP, as tables, as kept pictures and as pictures in a folder."""

    city: City
    environment: dict[str, str]
    folder: Path

    def read(self, path: str) -> TestResponse:
        """What an officer is answered."""
        headers = self.city.operator("wang", "reports:read") | {"Accept-Language": "en"}
        answer = self.city.client().get(f"/v1/reports/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    def check(self, name: str, days: str, row: str, cells: list[str], labels: list[str]) -> None:
        """All name the days; the table has `cells` in a row, the pictures have `labels`."""
        table = run(["reports", name if name in TABLES else "scores"], self.environment).output
        assert any(days in line and "│" not in line for line in table.splitlines()), (days, table)
        assert read_row(table, row)[1 : len(cells) + 1] == cells
        kept, own = self.read(f"pictures/{name}").text, (self.folder / f"{name}.svg").read_text("utf-8")
        assert kept == own
        assert days in kept[: kept.index(">")], days  # what is read out is the title
        assert [label for label in labels if f">{label}<" not in kept] == []


def test_api_tables_and_pictures_tell_the_same_of_the_same_days(sqlite_url: str, tmp_path: Path) -> None:
    environment, now = install(tmp_path / "keys", sqlite_url), SystemClock().now()
    day = today(now)
    first, last, month = day - timedelta(days=30), day - timedelta(days=1), choose_month(None, today=day)
    span, asked = f"from {first} to {last}", f"from {month.first_on} to {month.last_on}"
    with running_city(sqlite_url, rooms=(figure_routes.blueprint,), now=now) as city:
        open_offices(city.database)
        seed(city, day)
        draw_counted(city.database, city.context.rules, city.context.benefits)
        drawn = run(["reports", "draw", "--english", str(tmp_path / "pictures")], environment)
        assert "7 drawn for officers, in English" in drawn.stderr, drawn.output
        shown = Shown(city, environment, tmp_path / "pictures")
        told = {name: shown.read(name).get_json() for name in (*TABLES, "scores")}
        assert [f"from {told[name]['from']} to {told[name]['to']}" for name in TABLES] == [span, span, asked]

        (police,) = told["departments"]["items"]
        assert (police["handed_in"], police["refused"]["permille"]) == (40, 500)
        shown.check("departments", span, "交警支队", ["40", "100.0% / 20", "100.0% / 40", "50.0% / 40"], ["50.0%"])
        (library,) = told["benefits"]["items"]
        assert (library["people"], library["granted"]) == (30, 30)
        shown.check("benefits", span, "resident", ["本市居民 resident", "30", "30", "30"], ["30"])
        assert told["refusals"]["items"][0]["reasons"][0]["people"] == 50
        shown.check("refusals", asked, "no consent", ["本人没有授权 no consent", "50"], ["50"])
        scores = told["scores"]
        assert (scores["day"], scores["levels"][2]["people"]) == (day.isoformat(), 330)
        shown.check("levels", day.isoformat(), "信用良好 Good", ["330"], ["330", "＊", "Excellent"])
        psi = f"{scores['drift']['levels']['psi_ten_thousandths'] / 10_000:.4f}"
        drift = f"from {day - timedelta(days=31)} to {day}"
        shown.check("drift", drift, "需要处理", [psi, "需要处理 act"], [f"{psi} act"])
        check_what_everybody_reads(city, environment, day)


def check_what_everybody_reads(city: City, environment: dict[str, str], day: date) -> None:
    picture = city.client().get("/v1/figures/pictures/levels")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert "style-src 'unsafe-inline'" in picture.headers["Content-Security-Policy"]
    for words in ("<svg", "信用优秀", "人数都是下限", "＊", ">300<", f"{day} 各等级的人数"):
        assert words in picture.text
    assert city.client().get("/v1/figures/pictures/dimensions").status_code == 404
    figures = city.client().get("/v1/figures").get_json()
    (library,) = [each for each in figures["benefits"] if each["scenario"] == "library_card"]
    residents = library["residents"]
    assert (figures["day"], residents["given_back"] in {60, 80}) == (day.isoformat(), True)  # of 80, less a secret
    table = run(["reports", "benefits", "--public"], environment).output
    assert f"until {day}" in table
    assert read_row(table, library["title"])[2:] == [write_people(people) for people in residents.values()]
    drawn = city.client().get("/v1/figures/pictures/benefits").text
    assert f"截至 {day} " in drawn[: drawn.index(">")]
    assert f">{residents['people']}<" in drawn


def test_pictures_are_drawn_into_a_folder(installation: dict[str, str], tmp_path: Path) -> None:
    public = run(["reports", "draw", "--public", "--png", str(tmp_path / "public")], installation)
    assert public.exit_code == 0, public.output
    assert {path.name for path in (tmp_path / "public").iterdir()} == {"levels.png", "points.png", "benefits.png"}
    assert (tmp_path / "public" / "levels.png").read_bytes().startswith(b"\x89PNG")
    dated = run(["reports", "benefits", "--public", *OCTOBER], installation)
    assert (dated.exit_code, "leave --from and --to out" in dated.output) == (2, True)
