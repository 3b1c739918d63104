"""The shipped editions: their cases hold and cover them, no threshold moves unnoticed, no guess passes as a fact."""

import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scenarios.cases import find_exercised, list_parts, read_cases, run_case
from scenarios.catalogue import BenefitKind
from scenarios.scenario_document import build_scenarios, read_scenarios
from scenarios.services import FAMILIES, SERVICES
from scoring.catalogue_document import read_catalogue
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook
from scoring.rulebook_document import read_rulebook
from tests.scenarios.small_offers import OFFERS

ROOT = Path(__file__).parents[2]
EDITIONS = sorted((ROOT / "scenarios" / "catalogues").glob("*/scenarios-*.toml"))
ZHENGZHOU = next(path for path in EDITIONS if path.parent.name == "zhengzhou")
OF_EACH = pytest.mark.parametrize("path", EDITIONS, ids=lambda path: path.parent.name)
THRESHOLDS = ("least_points", "least_age", "greatest_age")
FIGURES = ("limit_fen", "charged_percent", "free_minutes")


def read_rules(path: Path) -> Rulebook | None:
    folder = ROOT / "scoring" / "rulebooks" / path.parent.name
    if not folder.is_dir():
        return None
    day = path.stem.removeprefix("scenarios-")
    catalogue = read_catalogue((folder / f"catalogue-{day}.toml").read_text("utf-8"), "catalogue")
    return read_rulebook((folder / f"rulebook-{day}.toml").read_text("utf-8"), "rulebook", catalogue)


def read_cases_of(path: Path) -> str:
    return (path.parent / path.name.replace("scenarios", "cases")).read_text("utf-8")


def spoil(document: dict[str, Any], levels: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give copies with one threshold, level, list, region or figure moved, each with the place of the change."""
    for number, scenario in enumerate(document["scenarios"]):
        condition, benefit = scenario["condition"], scenario["benefit"]
        changes: list[tuple[str, str, object]] = []
        for part, keys in (("condition", THRESHOLDS), ("benefit", FIGURES)):
            given = scenario[part]
            changes += [(part, key, given[key] + step) for key in keys if key in given for step in (1, -1)]
        if "level" in condition:
            changes += [("condition", "level", level) for level in levels if level != condition["level"]]
        if "regions" in condition:
            changes.append(("condition", "regions", []))
        changes += [("condition", key, []) for key in ("on_any_of", "on_none_of") if key in condition]
        if "figure_by_contract" in benefit:
            changes.append(("benefit", "limit_fen" if "lasting_days" in benefit else "charged_percent", 1))
        for part, key, value in changes:
            spoilt = deepcopy(document)
            spoilt["scenarios"][number][part][key] = value
            if part == "benefit":
                spoilt["scenarios"][number][part].pop("figure_by_contract", None)
                spoilt["scenarios"][number]["source"] = "own"
            yield f"{scenario['code']}.{key} = {value}", spoilt


@OF_EACH
def test_cases_hold_cover_every_part_and_notice_every_moved_threshold(path: Path) -> None:
    document, rules = tomllib.loads(path.read_text("utf-8")), read_rules(path)
    edition = build_scenarios(document, path.name, rules)
    cases = read_cases(read_cases_of(path), "cases", edition)
    assert [verdict for verdict in (run_case(case, edition) for case in cases) if verdict.faults] == []
    assert list_parts(edition) - find_exercised(cases) == set()
    survivors = []
    for place, spoilt in spoil(document, list(edition.levels)):
        try:
            changed = build_scenarios(spoilt, "spoilt", rules)
        except DocumentError:
            continue  # refused before any case could run
        if not any(run_case(case, changed).faults for case in cases):
            survivors.append(place)
    assert survivors == []


def test_zhengzhou_offers_every_kind_and_claims_no_figure_as_its_own() -> None:
    edition = build_scenarios(tomllib.loads(ZHENGZHOU.read_text("utf-8")), "zhengzhou", read_rules(ZHENGZHOU))
    assert {scenario.benefit.kind for scenario in edition.scenarios.values()} == set(BenefitKind)
    for scenario in edition.scenarios.values():
        figures = [getattr(scenario.benefit, name) for name in FIGURES]
        assert scenario.source != "published" or figures == [None, None, None], scenario.code
        assert {"published": "公布", "own": "自定"}.get(scenario.source, "") in scenario.note, scenario.code
    assert edition.scenarios["library_card"].benefit.limit_fen == 10_000
    assert edition.scenarios["rental_deposit"].benefit.figure_by_contract


CASES = """
[cases]
city = "smallville"
catalogue = "1"
[[case]]
name = "一"
scenario = "deposit"
day = 2026-03-01
person = { level = "high" }
granted = true
given = { limit_fen = 10_000 }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('catalogue = "1"', 'catalogue = "2"', "is not the edition given, smallville 1"),
        ('"deposit"', '"gift"', "'gift' is no scenario of the edition"),
        ("granted = true", "", "give one of them"),
        ("granted = true", "granted = false", "give one of them"),
        ("granted = true", 'unmet = ["luck"]', "luck is not one of closed"),
        ('level = "high"', 'lists = ["friends"]', "friends is not one of volunteers"),
        (
            "granted = true",
            'granted = true\nbeside = ["depozit"]',
            "beside: 'depozit' is no scenario of the edition; did",
        ),
        ("limit_fen", "limit_yuan", "is not a key of this table"),
    ],
)
def test_a_faulty_case_is_refused(old: str, new: str, words: str) -> None:
    assert old in CASES
    with pytest.raises(DocumentError) as caught:
        read_cases(CASES.replace(old, new), "spoilt", OFFERS)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"high"', '"fair"', "gives unmet level, expected granted"),
        ("granted = true", 'unmet = ["age"]', "gives granted, expected unmet age"),
        ("10_000", "9_999", "has the figures {'limit_fen': 10000}, expected {'limit_fen': 9999}"),
        ("granted = true", 'granted = true\nbeside = ["line"]', "clashes with line, expected none"),
    ],
)
def test_a_case_that_does_not_hold_says_where(old: str, new: str, words: str) -> None:
    (case,) = read_cases(CASES.replace(old, new), "wrong", OFFERS)
    assert run_case(case, OFFERS).faults == (words,)


def test_the_examples_of_the_format_page_are_sound() -> None:
    page = (ROOT / "docs" / "scenario-format.md").read_text("utf-8")
    edition_text, frame_text, cases_text = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    edition = read_scenarios(edition_text, "page", read_rules(ZHENGZHOU))
    cases = read_cases(cases_text, "page", edition)
    assert [run_case(case, edition).faults for case in cases] == [(), ()]
    free = tomllib.loads(edition_text) | tomllib.loads(frame_text)
    free["lists"][0]["indicators"] = ["NJ-1"]
    assert build_scenarios(free, "page", None).scenarios.keys() == edition.scenarios.keys()
    named = [word for row in re.findall(r"^\| ([a-z_, ]+) \|", page, re.MULTILINE) for word in row.split(", ")]
    assert sorted(SERVICES) == sorted(word for word in named if word in SERVICES)
    assert all(family in page for family in FAMILIES)
