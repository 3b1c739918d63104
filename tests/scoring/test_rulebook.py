"""The straight way from an indicator to a price finds what asking its rules one after the other would find."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.records import Value
from scoring.rulebook import Found, Rulebook
from scoring.rulebook_document import read_rulebook
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT

STEPS = read_rulebook(
    RULEBOOK_TEXT.replace(
        "segments = [{ to = 20, points = 1, per = 1 }, { to = 80, points = 1, per = 2 }, { points = 1, per = 4 }]",
        "steps = [{ from = 20, points = 5 }, { from = 80, points = 9 }]",
    ),
    "steps",
    CATALOGUE,
)
SPLIT = read_rulebook(
    RULEBOOK_TEXT.replace(
        "[[exclusive]]",
        """[[rules]]
id = "R-SCHOOL"
name = "校级表彰"
name_en = "School commendation"
dimension = "honour"
indicator = "HONOUR"
kind = "each"
points = 2
valid = { months = 6 }
when = { grade = "school" }
basis = "小城办法第一条"
origin = "own_choice"

[[exclusive]]""",
    ).replace('unscored = ["school"]\n', ""),
    "split",
    CATALOGUE,
)
fields = st.dictionaries(
    st.sampled_from(["grade", "hours", "stars", "amount_fen", "months", "stated_points"]),
    st.sampled_from(["nation", "city", "school", "else"]) | st.integers(-60, 100_000) | st.integers(-2, 6),
)


def ask_in_turn(rulebook: Rulebook, indicator: str, items: Mapping[str, Value]) -> Found | None:
    for rule in rulebook.rules:
        if rule.indicator == indicator and (price := rule.price(items)) is not None:
            return rule, *price
    return None


@pytest.mark.parametrize("rulebook", [RULEBOOK, STEPS, SPLIT], ids=["segments", "steps", "split"])
@given(items=fields)
def test_matching_finds_what_the_rules_say_one_after_the_other(rulebook: Rulebook, items: dict[str, Value]) -> None:
    for indicator in CATALOGUE.indicators:
        assert rulebook.match(indicator, items) == ask_in_turn(rulebook, indicator, items)


def test_an_indicator_without_rules_matches_nothing() -> None:
    assert RULEBOOK.match("REGISTRATION", {}) is None
    assert RULEBOOK.match("NOWHERE", {}) is None
