"""Deciding, over drawn people: a higher level never loses, order never matters, suspension loses everything."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.catalogue import ScenarioCatalogue, covers_region
from scenarios.decision import Person, Unmet, decide, find_clash, list_gains, list_met, list_standing
from tests.scenarios.small_offers import OFFERS
from tests.scoring.small_city import RULEBOOK

DAY = date(2026, 6, 1)
LEAST_POINTS = {level.code: level.at_least or 0 for level in RULEBOOK.levels}

days = st.dates(date(2025, 12, 1), date(2027, 1, 1))
regions = st.sampled_from([None, "410105", "410102", "410100"])


@st.composite
def draw_people(draw: st.DrawFn) -> Person:
    points = draw(st.none() | st.integers(RULEBOOK.floor, RULEBOOK.ceiling))
    return Person(
        level=None if points is None else RULEBOOK.level_of(points).code,
        points=points,
        incentives_suspended=draw(st.booleans()),
        born_on=draw(st.none() | st.dates(date(1925, 1, 1), date(2008, 1, 1))),
        lists=frozenset(draw(st.sets(st.sampled_from(sorted(OFFERS.lists))))),
    )


people = draw_people()


@given(people, st.integers(RULEBOOK.floor, RULEBOOK.ceiling), days, regions)
def test_a_better_score_never_loses_a_benefit(person: Person, points: int, day: date, region: str | None) -> None:
    better = max(points, person.points or 0)
    raised = replace(person, points=better, level=RULEBOOK.level_of(better).code)
    before = set(list_met(OFFERS, person, day=day, region=region))
    assert before <= set(list_met(OFFERS, raised, day=day, region=region))


@given(people, st.permutations(sorted(OFFERS.scenarios)), days, regions)
def test_the_order_of_scenarios_never_matters(person: Person, order: list[str], day: date, region: str | None) -> None:
    shuffled: ScenarioCatalogue = replace(OFFERS, scenarios={code: OFFERS.scenarios[code] for code in order})
    assert list_met(shuffled, person, day=day, region=region) == list_met(OFFERS, person, day=day, region=region)
    gains = [list_gains(each, person, day=day, region=region, least_points=LEAST_POINTS) for each in (shuffled, OFFERS)]
    assert gains[0] == gains[1]


@given(people, days, regions)
def test_what_is_met_and_what_the_levels_add_fit_together(person: Person, day: date, region: str | None) -> None:
    met = list_met(OFFERS, person, day=day, region=region)
    if person.incentives_suspended or day < OFFERS.effective_on:
        assert met == ()
    for code, scenario in OFFERS.scenarios.items():
        unmet = decide(OFFERS, scenario, person, day=day, region=region)
        assert (unmet == ()) == (code in met)
        assert list(unmet) == [part for part in Unmet if part in unmet]
        # The place can only take away: who looks without one is told no less.
        assert set(decide(OFFERS, scenario, person, day=day)) == set(unmet) - {Unmet.REGION}
    gains = list_gains(OFFERS, person, day=day, region=region, least_points=LEAST_POINTS)
    opened = [code for gain in gains for code in gain.scenarios]
    assert not set(opened) & set(met)
    assert len(opened) == len(set(opened))
    if gains:
        top = replace(person, level="top", points=max(LEAST_POINTS["top"], person.points or 0))
        assert set(opened) | set(met) == set(list_met(OFFERS, top, day=day, region=region))
        assert [gain.level for gain in gains] == list(
            reversed(OFFERS.levels[: OFFERS.levels.index(person.level or "")])
        )


@pytest.mark.parametrize(
    ("code", "person", "region", "unmet"),
    [
        ("deposit", Person(), None, (Unmet.LEVEL,)),
        ("deposit", Person(level="high"), None, ()),
        ("free", Person(points=140), "410105", ()),
        ("free", Person(points=139), "410102", (Unmet.LEVEL, Unmet.REGION)),
        ("price", Person(lists=frozenset({"volunteers"})), None, ()),
        ("price", Person(level="top"), None, (Unmet.LIST,)),
        ("lender", Person(level="top", lists=frozenset({"defaulters"})), None, (Unmet.LIST,)),
        ("first", Person(level="fair", born_on=DAY.replace(year=1966)), None, ()),
        ("first", Person(level="fair", born_on=DAY.replace(year=1966) + timedelta(days=1)), None, (Unmet.AGE,)),
        ("first", Person(level="fair", born_on=DAY.replace(year=1936) + timedelta(days=1)), None, ()),
        ("first", Person(level="fair", born_on=DAY.replace(year=1935)), None, (Unmet.AGE,)),
        ("first", Person(level="fair"), None, (Unmet.AGE,)),
    ],
)
def test_edges(code: str, person: Person, region: str | None, unmet: tuple[Unmet, ...]) -> None:
    assert decide(OFFERS, OFFERS.scenarios[code], person, day=DAY, region=region) == unmet


def test_a_scenario_is_open_from_its_first_day_to_the_day_before_its_end() -> None:
    scenario = replace(OFFERS.scenarios["deposit"], ends_on=DAY)
    person = Person(level="top")
    assert decide(OFFERS, scenario, person, day=DAY - timedelta(days=1)) == ()
    assert decide(OFFERS, scenario, person, day=DAY) == (Unmet.CLOSED,)


def test_a_level_that_the_edition_does_not_have_is_a_fault_and_no_answer() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        decide(OFFERS, OFFERS.scenarios["deposit"], Person(level="gold"), day=DAY)


def test_a_region_holds_what_lies_in_it() -> None:
    assert covers_region("410105", "410105")
    assert covers_region("410000", "410105")
    assert not covers_region("410100", "410205")
    assert not covers_region("410105", "410100")


def test_clashes_and_standing() -> None:
    assert find_clash(OFFERS.scenarios["line"], ["price", "deposit"]) == ("deposit",)
    assert find_clash(OFFERS.scenarios["price"], ["price", "deposit"]) == ()
    assert list_standing(OFFERS, {"HOURS", "FINE"}) == {"volunteers"}
