"""`shangding impact` over the city that is worked out by hand."""

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console

from backend.cli.impact_tables import show_impact
from backend.demo.invented_city import CitySize, invent_city
from backend.gateways.rulebook_files import RULEBOOKS
from backend.impact.document import read_json
from backend.impact.measuring import measure_impact
from tests.backend.cli.prompt import run
from tests.backend.impact.hand_city import NEW, NEW_OFFERS_TEXT, NEW_TEXT, OLD, OLD_OFFERS_TEXT, OLD_TEXT, write_city
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
        *("--no-samples", "--json", tmp_path / "impact.json", "--html", tmp_path / "impact.html"),
    )
    assert result.exit_code == 0, result.output
    for told in (
        *("smallville 1 → 2，2026-06-01，40 人", "人数按 10 人取整，不足 20 人以＊表示", "fewer than 20 as ＊"),
        *("修改规则 R-BLOOD 献血：分值 +10 → +15", "Means are not told of so few people.", "The samples were left out"),
        *("分值调低的规则，其持有者仍可能有人上升", "People can rise under a rule whose points were cut"),
        *(
            "满分、最低分及冻结等 ceiling, floor, freezing etc.",
            "down ratio",
            "yuan gained",
        ),
    ):
        assert told in result.output
    found = read_json(json.loads((tmp_path / "impact.json").read_text("utf-8")))
    assert (found.totals.people, found.totals.mean_before_hundredths, found.totals.falls) == (40, None, None)
    assert (found.with_samples, found.samples) == (False, ())
    assert found.as_of == date(2026, 6, 1)  # the city day of the files
    assert "规则修改影响报告" in (tmp_path / "impact.html").read_text("utf-8")


def test_a_city_with_small_cells_has_samples_all_the_same(tmp_path: Path) -> None:
    """Few stand at the lowest level, and few move: neither hides the many who stay where they are and gain or lose."""
    size = CitySize(day=date(2026, 11, 22), people=3_000, records=20_000, indicators=60, parts=1)
    files = invent_city(tmp_path / "city", OLD, size)
    found = measure_impact(files, OLD, NEW, old_benefits=None, new_benefits=None, as_of=size.day)
    assert None in {each.people for each in found.moves}
    assert [each.kind for each in found.samples] == ["gain", "gain", "loss", "loss"]
    for each in found.samples:
        pairs = [(line.before or 0, line.after or 0) for line in each.lines]
        assert tuple(map(sum, zip(*pairs, strict=True))) == (each.points_before, each.points_after)
    with Console(width=200, record=True, file=StringIO()) as console:
        show_impact(console, found)
    shown = console.export_text()
    assert shown.count("献血 +10 → +15") == 2 <= shown.count("罚款 -5 → -10")
    assert "只供决定规则修改的人查阅" in shown
    assert "知道某人有哪些记录的人仍可能认出此人" in shown.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old", "new", "old"], "give one rulebook, the new one, or two"),
        (["2026-02-30"], "smallville is refused"),
        (["old", "new", "--on", "9999-12-31"], "when the first of the two takes effect, to 2036-06-01"),
        (["old", "new", "--on", "0001-01-01"], "give a day from 2020-01-01"),
        (["old", "new", "--json", "nowhere/impact.json"], "nowhere/impact.json cannot be written"),
        ([str(RULEBOOKS / "zhengzhou" / "cases-2026-01-01.toml")] * 2, "is not named rulebook-<day>.toml"),
        ([str(RULEBOOKS / "zhengzhou")] * 2 + ["--old-scenarios", "none"], "smallville is refused"),
    ],
)
def test_what_cannot_be_measured_is_said(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(shelf)
    result = measure(shelf, *arguments)
    assert result.exit_code != 0
    assert told in f"{result.output}{result.exception}"
