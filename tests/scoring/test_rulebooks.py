"""The shipped rulebooks: they load, their cases hold and cover them, and no figure can move unnoticed."""

import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scoring.cases import find_exercised, list_parts, list_published, read_cases, run_case
from scoring.catalogue import FORBIDDEN_CLASSES, Catalogue
from scoring.catalogue_document import read_catalogue
from scoring.checking import find_gaps
from scoring.documents import DocumentError
from scoring.rulebook import Grounds, Rulebook
from scoring.rulebook_document import build_rulebook, read_rulebook

ROOT = Path(__file__).parents[2] / "scoring" / "rulebooks"
EDITIONS = sorted(path.relative_to(ROOT) for path in ROOT.glob("*/rulebook-*.toml"))
OF_EACH = pytest.mark.parametrize("edition", EDITIONS, ids=str)

# Data lines of the published Wendeng table, and those that no forbidden class excludes; the others are in
# excluded.toml.
WENDENG_ROWS = 433
WENDENG_CARRIED = 155


def read(edition: Path, kind: str) -> str:
    return (ROOT / edition.parent / edition.name.replace("rulebook", kind)).read_text("utf-8")


def load(edition: Path) -> tuple[Catalogue, Rulebook]:
    catalogue = read_catalogue(read(edition, "catalogue"), "catalogue")
    return catalogue, read_rulebook(read(edition, "rulebook"), "rulebook", catalogue)


def test_all_cities_are_there() -> None:
    assert [str(edition.parent) for edition in EDITIONS] == ["hangzhou", "nanjing", "wendeng", "zhengzhou"]


@OF_EACH
def test_cases_hold_and_exercise_every_part(edition: Path) -> None:
    _, rulebook = load(edition)
    verdicts = [run_case(case, rulebook) for case in read_cases(read(edition, "cases"), "cases", rulebook)]
    assert [(verdict.case.name, verdict.faults) for verdict in verdicts if verdict.faults] == []
    assert list_parts(rulebook) - find_exercised(verdicts) == set()


@OF_EACH
def test_there_are_no_gaps_but_those_declared(edition: Path) -> None:
    _, rulebook = load(edition)
    assert find_gaps(rulebook) == []


def list_grounds(rulebook: Rulebook) -> list[tuple[str, Grounds]]:
    """Every rule, limit and group with why its figure stands."""
    grounds = [(rule.id, rule.grounds) for rule in rulebook.rules]
    grounds += [(limit.id, limit.grounds) for limit in rulebook.limits]
    return grounds + [(group.id, group.grounds) for group in rulebook.exclusives]


@OF_EACH
def test_every_figure_says_where_it_comes_from(edition: Path) -> None:
    _, rulebook = load(edition)
    for part, grounds in list_grounds(rulebook):
        assert grounds.basis, part
        assert grounds.origin == "published" or grounds.origin_note, part


def test_zhengzhou_claims_no_figure_as_published() -> None:
    edition = next(edition for edition in EDITIONS if "zhengzhou" in str(edition))
    _, rulebook = load(edition)
    assert {rule.grounds.origin for rule in rulebook.rules} <= {"law", "analogue", "own_choice"}
    notes = {part: grounds.origin_note for part, grounds in list_grounds(rulebook)}
    assert [part for part, note in notes.items() if not note.endswith("非郑州公布值")] == []


def _spoil_points(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give copies of a rulebook with one point figure moved by one, each with the place of the change."""
    places: list[tuple[Any, ...]] = []
    for number, rule in enumerate(document["rules"]):
        if rule.get("points"):
            places.append(("rules", number, "points"))
        for part in ("rows", "segments", "steps"):
            places += [("rules", number, part, row, "points") for row in range(len(rule.get(part, [])))]
    places += [("limits", number, key) for number, limit in enumerate(document.get("limits", []))
               for key in ("at_most", "at_least") if key in limit]  # fmt: skip
    places += [("scale", "base")]
    for place in places:
        for step in (1, -1):
            spoilt = deepcopy(document)
            parent = spoilt
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] += step
            yield f"{place} {step:+d}", spoilt


@OF_EACH
def test_moving_any_point_figure_by_one_breaks_a_case(edition: Path) -> None:
    catalogue, rulebook = load(edition)
    cases = read_cases(read(edition, "cases"), "cases", rulebook)
    survivors = []
    for place, spoilt in _spoil_points(tomllib.loads(read(edition, "rulebook"))):
        try:
            changed = build_rulebook(spoilt, "spoilt", catalogue)
        except DocumentError:
            continue  # refused before any case could run
        if not any(run_case(case, changed).faults for case in cases):
            survivors.append(place)
    assert survivors == []


def test_every_row_of_the_wendeng_table_that_no_class_excludes_is_carried() -> None:
    edition = next(edition for edition in EDITIONS if "wendeng" in str(edition))
    _, rulebook = load(edition)
    excluded = tomllib.loads((ROOT / "wendeng" / "excluded.toml").read_text("utf-8"))["excluded"]
    left_out = {row["published"] for row in excluded}
    carried = set(list_published(rulebook))
    assert carried | left_out == set(range(1, WENDENG_ROWS + 1))
    assert carried & left_out == set()
    assert len(carried) == WENDENG_CARRIED


def test_the_catalogue_refuses_every_excluded_row_of_the_wendeng_table() -> None:
    text = read(next(edition for edition in EDITIONS if "wendeng" in str(edition)), "catalogue")
    excluded = tomllib.loads((ROOT / "wendeng" / "excluded.toml").read_text("utf-8"))["excluded"]
    added = "".join(
        f"""
[[indicators]]
code = "WD-X-{row["published"]}"
name = "{row["name"]}"
name_en = "excluded"
format = "structured"
providers = ["court"]
subjects = ["natural_person"]
nature = "adverse"
sharing = "government"
coverage = "district"
update_cycle = "monthly"
class = "{row["class"]}"
basis = "—"
"""
        for row in excluded
    )
    with pytest.raises(DocumentError) as caught:
        read_catalogue(text + added, "catalogue")
    for row in excluded:
        words = (
            f"[WD-X-{row['published']}].class: {row['class']} may not be collected: {FORBIDDEN_CLASSES[row['class']]}"
        )
        assert words in str(caught.value)
