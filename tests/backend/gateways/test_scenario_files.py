"""Which edition of a city's scenarios is in force, and what is refused when files are read."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from backend.gateways.rulebook_files import CityRules, read_city
from backend.gateways.scenario_files import CATALOGUES, CityBenefits, read_benefits, read_folder
from scoring.documents import DocumentError

RULES = read_city("zhengzhou")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of Zhengzhou's scenarios, to be changed."""
    folder = tmp_path / "draft"
    shutil.copytree(str(CATALOGUES / "zhengzhou"), folder)
    return folder


def rewrite(folder: Path, old: str, new: str, *, name: str = "scenarios-2026-01-01.toml") -> None:
    text = (folder / "scenarios-2026-01-01.toml").read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_the_latest_edition_by_then_is_in_force(draft: Path) -> None:
    rewrite(draft, "effective_on = 2026-01-01", "effective_on = 2026-07-01", name="scenarios-2026-07-01.toml")
    benefits = read_folder(draft, RULES)
    expected = {"2025-12-31": None, "2026-01-01": 0, "2026-06-30": 0, "2026-07-01": 1, "2030-01-01": 1}
    for day, index in expected.items():
        edition = None if index is None else benefits.editions[index]
        assert benefits.catalogue_on(date.fromisoformat(day)) is edition


def test_a_city_without_scenarios_offers_none() -> None:
    benefits = read_benefits("wendeng", read_city("wendeng"))
    assert benefits == CityBenefits(city="wendeng")
    assert benefits.catalogue_on(date(2026, 1, 1)) is None


def test_an_edition_must_fit_every_rulebook_that_it_stands_beside(draft: Path) -> None:
    (first,) = RULES.editions
    levels = (first.levels[0]._replace(code="superb"), *first.levels[1:])
    later = CityRules(city="zhengzhou", editions=(first, replace(first, effective_on=date(2026, 7, 1), levels=levels)))
    with pytest.raises(DocumentError, match="are not those of the rulebook; give superb"):
        read_folder(draft, later)
    text = (draft / "scenarios-2026-01-01.toml").read_text("utf-8")
    follower = text.replace("effective_on = 2026-01-01", "effective_on = 2026-07-01").replace("outstanding", "superb")
    (draft / "scenarios-2026-07-01.toml").write_text(follower, "utf-8")
    assert len(read_folder(draft, later).editions) == 2


@pytest.mark.parametrize(
    ("new", "name", "words"),
    [
        ("effective_on = 2026-02-01", "scenarios-2026-01-01.toml", "2026-02-01 is not the day in the file's name"),
        ("effective_on = 2025-01-01", "scenarios-2025-01-01.toml", "begins too early: no rulebook was in force"),
        ("effective_on = 2026-01-01", "scenarios-soon.toml", "is not named scenarios-<day>.toml"),
    ],
)
def test_a_wrong_day_is_refused(draft: Path, new: str, name: str, words: str) -> None:
    rewrite(draft, "effective_on = 2026-01-01", new, name=name)
    with pytest.raises(DocumentError, match=words):
        read_folder(draft, RULES)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="has no scenarios-<day>"):
        read_folder(tmp_path, None)
