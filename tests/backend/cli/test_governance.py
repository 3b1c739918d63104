"""Drafts at the prompt: a folder in, findings and figures out, the announced edition back into a folder."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend.clock import FixedClock, SystemClock
from backend.governance.documents import Kind
from tests.backend.cli.prompt import install, run
from tests.backend.governance.drafting import BASE, Office, make_impact, write_edition
from tests.databases import migrated_database

BY = ["--by", "wang"]
WHY = ["--title", "增加册数", "--reason", "局务会", *BY]


def write_folder(folder: Path, office: Office, *, ahead: int, version: str) -> list[str]:
    """Write an edition of scenarios into a folder beside the shipped one, and give the command that imports it."""
    folder.mkdir(exist_ok=True)
    day = office.day + timedelta(days=ahead)
    for effective_on, documents in (
        ("2026-01-01", BASE[Kind.SCENARIOS]),
        (day, write_edition(Kind.SCENARIOS, day, version)),
    ):
        for name, text in documents.items():
            (folder / f"{name}-{effective_on}.toml").write_text(text, encoding="utf-8")
    return ["governance", "import", str(folder), "--kind", "scenarios", *WHY]


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office of today, with the files of today."""
    with migrated_database(sqlite_url) as database:
        office = Office(database, tmp_path / "files", FixedClock(SystemClock().now()))
        office.export()
        yield office


def test_a_folder_becomes_a_draft_and_the_edition_a_folder(
    tmp_path: Path, office: Office, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.cli.measuring.measure_report", make_impact)
    environment = install(tmp_path / "keys", sqlite_url)
    settings = environment | {"SHANGDING_CITY_FILES": str(office.folder)}
    order = write_folder(tmp_path / "new", office, ahead=10, version="2027.1")
    drafted = run(order, settings)
    assert drafted.exit_code == 0, drafted.output
    assert "sound, 39 cases" in drafted.output
    draft_id = drafted.output.split()[0]
    no_files = run(["governance", "impact", draft_id], environment)
    assert (no_files.exit_code, "SHANGDING_CITY_FILES" in no_files.output) == (1, True)
    assert "impact_failed" not in run(["governance", "show", draft_id], environment).output
    measured = run(["governance", "impact", draft_id, "--json", str(tmp_path / "report.json")], settings)
    assert measured.exit_code == 0, measured.output
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["new_benefits"]["version"] == "2027.1"
    spoilt = tmp_path / "new" / f"cases-{office.day + timedelta(days=10)}.toml"
    spoilt.write_text(spoilt.read_text("utf-8").replace("granted = true", 'unmet = ["age"]', 1), encoding="utf-8")
    revised = run([*order, "--revises", draft_id], settings)
    assert (revised.exit_code, "case fails" in revised.output) == (1, True)
    assert "lacks    soundness" in run(["governance", "show", draft_id], settings).output
    assert run(["governance", "check", draft_id, *BY], settings).exit_code == 1
    mended = write_folder(tmp_path / "new", office, ahead=10, version="2027.1")
    untitled = [*mended[: mended.index("--title")], "--reason", "改正用例", *BY, "--revises", draft_id]
    assert run(untitled, settings).exit_code == 0
    assert run(["governance", "impact", draft_id], settings).exit_code == 0
    digest = office.read(UUID(draft_id)).draft.digest
    office.approve(UUID(draft_id), digest)
    assert "announced" in run(["governance", "list"], settings).output
    day = f"{office.day + timedelta(days=10)}"
    exported = run(["governance", "export", str(tmp_path / "out"), "--kind", "scenarios", "--on", day], settings)
    assert exported.exit_code == 0, exported.output
    for name in ("scenarios", "cases"):
        written = (tmp_path / "out" / f"{name}-{day}.toml").read_text("utf-8")
        assert written == (tmp_path / "new" / f"{name}-{day}.toml").read_text("utf-8")
    assert run(["governance", "shadows"], settings).output == "0 candidates measured\n"
    numbered = tmp_path / "new" / f"cases-{day}.toml"
    lines = numbered.read_text("utf-8").split("\n")
    lines[6:6] = ["# 110101 19900307 4573"]
    numbered.write_text("\n".join(lines), encoding="utf-8")
    refused = run(order, settings)
    assert (refused.exit_code, f"cases-{day}.toml, line 7: holds the number" in refused.output) == (1, True)
    assert "4573" not in refused.output
    nobody = run(["governance", "show", "019a0000-0000-7000-8000-000000000d01"], settings)
    assert (nobody.exit_code, "no draft" in nobody.output) == (1, True)
