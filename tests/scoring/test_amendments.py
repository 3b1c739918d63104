"""What differs between two editions, and whether it can move a score."""

import pytest

from scoring.amendments import AmendmentKind, Figure, list_amendments
from scoring.rulebook import Rulebook
from scoring.rulebook_document import read_rulebook
from scoring.rulebook_parts import Part, describe_part
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT

NEW_RULE = """
[[rules]]
id = "R-YEAR"
name = "年年"
name_en = "Every year"
dimension = "honour"
kind = "streak"
period = "calendar_year"
points = 1
at_most_periods = 3
basis = "小城办法第十四条"
origin = "own_choice"

[[exclusive]]
"""
ORIGINS = [("basis", "", None, "小城办法第十四条"), ("origin", "", None, "own_choice")]


FIGURES = [
    ("points = 10\nvalid", "points = 13\nvalid", "rule R-BLOOD", ["points: +10, +13"]),
    (
        "points = 10, valid = { months = 24 }",
        "points = 12, valid = { months = 36 }",
        "rule R-HONOUR",
        [
            "points of 市级: +10, +12",
            "validity of 市级: 24, 36",
        ],
    ),
    ("at_least = 4, points = 15", "at_least = 4, points = 9", "rule R-STARS", ["points of ≥4: +15, +9"]),
    ("at_most = 50000, points = -5", "at_most = 50000, points = -6", "rule R-FINE", ["points of ≤50000: -5, -6"]),
    ("{ to = 20, points = 1", "{ to = 20, points = 2", "rule R-HOURS", ["segment of 0-20: +1 / 1, +2 / 1"]),
    ('over = "in_force"', 'over = "calendar_year"', "rule R-HOURS", ["over: in_force, calendar_year"]),
    ("at_least = -50\n", "at_least = -40\n", "rule R-GRADED", ["graded: -50 … -10, -40 … -10"]),
    ('at_most = "low"', 'at_most = "fair"', "rule R-DEFAULTER", ["veto: low, fair"]),
    ('months = 12, from = "end"', 'until = "end"', "rule R-ARREARS", ["validity: 12 from_end, until_end"]),
    ("factor = 2", "factor = 3", "repeats repeats", ["factor: 2, 3"]),
    ("at_most = 20\nbasis", "at_most = 10\nbasis", "limit L-BLOOD", ["at_most: +20, +10"]),
    ("ceiling = 200", "ceiling = 180", "scale scale", ["ceiling: 200, 180"]),
    ("at_least = 80", "at_least = 85", "level fair", ["at_least: 80, 85"]),
]
WORDS = [
    ("repairable_after_months = 3", "", "rule R-FINE", ["repairable_after_months: 3, None"]),
    ('name = "极好"', 'name = "最好"', "level top", ["name: 极好, 最好"]),
    ("小城办法第四条", "同上", "rule R-BLOOD", ["basis: 小城办法第四条, 同上"]),
    ('name_en = "Deeds"\n', 'name_en = "Deed"\n', "dimension deeds", ["name_en: Deeds, Deed"]),
    (
        '[rulebook]\ncity = "smallville"\nversion = "1"',
        '[rulebook]\ncity = "smallville"\nversion = "2"',
        "edition edition",
        ["version: 1, 2"],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "part", "figures", "touches"),
    [*((*each, True) for each in FIGURES), *((*each, False) for each in WORDS)],
)
def test_a_change_is_told_with_its_figures(old: str, new: str, part: str, figures: list[str], *, touches: bool) -> None:
    (found,) = list_amendments(RULEBOOK, change(old, new))
    assert f"{found.part} {found.id}" == part
    assert [write(figure) for figure in found.figures] == figures
    assert (found.kind, found.touches_scores) == (AmendmentKind.CHANGED, touches)


def test_the_same_in_other_words_is_no_change() -> None:
    assert list_amendments(RULEBOOK, change("{ at_most = 50000,", "{ below = 50001,")) == ()


def change(old: str, new: str) -> Rulebook:
    assert RULEBOOK_TEXT.count(old) == 1
    return read_rulebook(RULEBOOK_TEXT.replace(old, new), "newer", CATALOGUE)


def write(figure: Figure) -> str:
    of = f" of {figure.of}" if figure.of else ""
    return f"{figure.name}{of}: {figure.before}, {figure.after}"


def test_what_came_has_only_an_after_and_what_went_only_a_before() -> None:
    newer = change("[[exclusive]]", NEW_RULE)
    (added,) = list_amendments(RULEBOOK, newer)
    assert (added.kind, added.id, added.name, added.touches_scores) == (AmendmentKind.ADDED, "R-YEAR", "年年", True)
    assert [("points", "", None, "+1"), ("at_most_years", "", None, "3"), *ORIGINS] == list(added.figures)[4:]
    (removed,) = list_amendments(newer, RULEBOOK)
    assert removed.kind is AmendmentKind.REMOVED
    assert [(each.before, each.after) for each in removed.figures] == [(each.after, None) for each in added.figures]


def test_everything_of_a_rulebook_is_described() -> None:
    """Each part has all that the small city has of it, in figures."""
    sizes = {part: len(describe_part(part, RULEBOOK)) for part in Part}
    assert sizes == {
        "edition": 1,
        "scale": 1,
        "level": 4,
        "dimension": 3,
        "repeats": 1,
        "rule": 9,
        "exclusive": 1,
        "limit": 3,
        "unscored": len(RULEBOOK.unscored),
        "indicator": 9,
    }
