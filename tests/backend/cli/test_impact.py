"""`shangding impact` over the city that is worked out by hand."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from backend.gateways.rulebook_files import RULEBOOKS
from backend.impact.document import read_json
from tests.backend.cli.prompt import run
from tests.backend.impact.hand_city import NEW_OFFERS_TEXT, NEW_TEXT, OLD_OFFERS_TEXT, OLD_TEXT, write_city
from tests.scoring.small_city import CATALOGUE_TEXT

WIDE = {"COLUMNS": "200"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the city, and beside them its old and its new documents."""
    shelf = tmp_path_factory.mktemp("shelf")
    write_city(shelf / "city")
    for name, text, offers, day in (
        ("old", OLD_TEXT, OLD_OFFERS_TEXT, "2020-01-01"),
        ("new", NEW_TEXT, NEW_OFFERS_TEXT, "2026-07-01"),
    ):
        folder = shelf / name
        folder.mkdir()
        (folder / f"rulebook-{day}.toml").write_text(text, "utf-8")
        (folder / f"catalogue-{day}.toml").write_text(CATALOGUE_TEXT, "utf-8")
        (folder / f"scenarios-{day}.toml").write_text(offers, "utf-8")
    return shelf


def measure(shelf: Path, *arguments: str | Path) -> Result:
    return run(["impact", "--files", str(shelf / "city"), *map(str, arguments)], WIDE)


def test_it_shows_tables_and_writes_what_is_asked_for(shelf: Path, tmp_path: Path) -> None:
    old, new = shelf / "old", shelf / "new"
    result = measure(
        shelf,
        *(old, new / "rulebook-2026-07-01.toml"),
        *("--old-scenarios", old, "--new-scenarios", new / "scenarios-2026-07-01.toml"),
        *("--json", tmp_path / "impact.json", "--html", tmp_path / "impact.html"),
    )
    assert result.exit_code == 0, result.output
    for told in ("smallville 1 → 2，2026-06-01，38 人", "修改规则 R-BLOOD 献血：分值 +10 → +15", "108.29 → 108.16"):
        assert told in result.output
    found = read_json(json.loads((tmp_path / "impact.json").read_text("utf-8")))
    assert (found.totals.people, found.totals.points_before, found.totals.falls) == (38, 4115, None)
    assert found.as_of == date(2026, 6, 1)  # the city day of the files
    assert "规则修改影响报告" in (tmp_path / "impact.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old", "new", "old"], "give one rulebook, the new one, or two"),
        (["2026-02-30"], "smallville is refused"),
        ([str(RULEBOOKS / "zhengzhou" / "cases-2026-01-01.toml")] * 2, "is not named rulebook-<day>.toml"),
        ([str(RULEBOOKS / "zhengzhou")] * 2 + ["--old-scenarios", "none"], "smallville is refused"),
    ],
)
def test_what_cannot_be_measured_is_said(shelf: Path, arguments: list[str], told: str) -> None:
    result = measure(shelf, *arguments)
    assert result.exit_code != 0
    assert told in f"{result.output}{result.exception}"
