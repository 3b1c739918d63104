"""Who meets a scenario by SQL is who meets it by `decide`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import NamedTuple

import duckdb
import pytest

from backend.impact.benefits import BEFORE, Offer, find_limit, list_offers, say_eligible
from backend.impact.tallying import list_bits
from scenarios.catalogue import Condition, ScenarioCatalogue
from scenarios.decision import Person, decide
from tests.backend.impact.hand_city import AS_OF, NEW_OFFERS, OLD, OLD_OFFERS

BITS = list_bits(OLD)
PEOPLE = 400


class Somebody(NamedTuple):
    """What a row of the table has; nobody is born on a day of the year after that of the test."""

    points: int
    level: str
    is_suspended: bool
    age: int | None
    indicators: frozenset[str]


def make_people(random: Random) -> Iterator[Somebody]:
    for _ in range(PEOPLE):
        yield Somebody(
            random.randint(0, 200),
            random.choice(OLD_OFFERS.levels),
            random.random() < 0.1,
            None if random.random() < 0.1 else random.randint(18, 95),
            frozenset(code for code in BITS if random.random() < 0.3),
        )


def vary(random: Random) -> ScenarioCatalogue:
    """The offers of the small city with other conditions, some over, some for lists of what no rule counts."""
    lists = {**OLD_OFFERS.lists, "registered": frozenset({"REGISTRATION"}), "many": frozenset({"BLOOD", "FINE"})}
    scenarios = {}
    for code, scenario in OLD_OFFERS.scenarios.items():
        by_level = random.random() < 0.5
        condition = Condition(
            level=random.choice(OLD_OFFERS.levels) if by_level else None,
            least_points=None if by_level or random.random() < 0.3 else random.randint(60, 160),
            on_any_of=tuple(random.sample(sorted(lists), random.choice([0, 0, 1, 2]))),
            on_none_of=tuple(random.sample(sorted(lists), random.choice([0, 0, 1]))),
            least_age=random.choice([None, 18, 40]),
            greatest_age=random.choice([None, 60, 80]),
            regions=random.choice([(), ("410105",)]),
        )
        ends_on = random.choice([None, None, AS_OF, date(2027, 1, 1)])
        scenarios[code] = replace(scenario, condition=condition, ends_on=ends_on)
    return replace(OLD_OFFERS, lists=lists, scenarios=scenarios)


@pytest.mark.parametrize("seed", range(2))
def test_sql_says_what_decide_says(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - people that can be had again
    people, catalogue = list(make_people(random)), vary(random)
    connection = duckdb.connect()
    connection.execute(
        "create table people (number int, points_before bigint, level_before text, is_suspended_before bool,"
        " age int, in_force_before_0 bigint)"
    )
    rows = [
        (
            number,
            each.points,
            each.level,
            each.is_suspended,
            each.age,
            sum(1 << BITS[code][1] for code in each.indicators),
        )
        for number, each in enumerate(people)
    ]
    connection.executemany("insert into people values (?, ?, ?, ?, ?, ?)", rows)
    for scenario in catalogue.scenarios.values():
        test = say_eligible(catalogue, scenario, BEFORE, as_of=AS_OF, bits=BITS)
        found = connection.execute(f"select number from people where {test} order by 1").fetchall()  # noqa: S608
        meeting = [
            number
            for number, each in enumerate(people)
            if not decide(catalogue, scenario, describe(each, catalogue), day=AS_OF)
        ]
        assert [number for (number,) in found] == meeting, scenario.condition
    connection.close()


def describe(somebody: Somebody, catalogue: ScenarioCatalogue) -> Person:
    on = {code for code, indicators in catalogue.lists.items() if indicators & somebody.indicators}
    return Person(
        level=somebody.level,
        points=somebody.points,
        incentives_suspended=somebody.is_suspended,
        born_on=None if somebody.age is None else date(AS_OF.year - somebody.age, 1, 1),
        lists=frozenset(on),
    )


def test_amounts_are_those_of_waivers_and_lines_alone() -> None:
    limits = {code: find_limit(scenario) for code, scenario in NEW_OFFERS.scenarios.items()}
    assert limits == {**dict.fromkeys(NEW_OFFERS.scenarios), "deposit": 12_000, "bike": 5_000}
    assert find_limit(None) is None


def test_a_scenario_that_comes_or_goes_is_nobodys_before_or_after() -> None:
    going = replace(NEW_OFFERS, scenarios={code: each for code, each in NEW_OFFERS.scenarios.items() if code != "bike"})
    assert list_offers(OLD_OFFERS, going)[-1] == Offer("bike", OLD_OFFERS.scenarios["bike"], None)
    assert list_offers(None, going) == tuple(Offer(code, None, each) for code, each in going.scenarios.items())
    assert say_eligible(going, None, BEFORE, as_of=AS_OF, bits=BITS) == "false"


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "is_counted"),
    [(date(2030, 1, 1), None, True), (AS_OF, AS_OF, False), (AS_OF, date(2030, 1, 1), True)],
)
def test_what_is_not_open_yet_counts_and_what_is_over_does_not(
    starts_on: date, ends_on: date | None, *, is_counted: bool
) -> None:
    later = replace(OLD_OFFERS.scenarios["deposit"], starts_on=starts_on, ends_on=ends_on)
    said = say_eligible(OLD_OFFERS, later, "before", as_of=AS_OF, bits={})
    assert ("level_before in" in said) == is_counted
