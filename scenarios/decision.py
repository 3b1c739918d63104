"""Whether a person meets a scenario, what the levels above would add, and what may not stand side by side.

Nothing here knows whether somebody consented, paused, declined or has places left: that is decided where it is kept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from scenarios.catalogue import Condition, Scenario, ScenarioCatalogue, covers_region
from scoring.days import age_on


class Unmet(StrEnum):
    """A part of a scenario that is not met. Only the person may be told which; a merchant hears `not_granted`."""

    CLOSED = "closed"
    SUSPENDED = "suspended"
    LEVEL = "level"
    LIST = "list"
    AGE = "age"
    REGION = "region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a decision needs to know of a person; None and an empty set stand for what is not known and never help.

    `level` is a code of the city's levels, `points` the number on the city's scale, `lists` the codes of the lists on
    which the person stands. `incentives_suspended` says that a veto record is in force.
    """

    level: str | None = None
    points: int | None = None
    incentives_suspended: bool = False
    born_on: date | None = None
    lists: frozenset[str] = frozenset()


class Gain(NamedTuple):
    """A level above a person's own, and the scenarios that it would open beyond those of the level below it."""

    level: str
    scenarios: tuple[str, ...]


def decide(
    catalogue: ScenarioCatalogue, scenario: Scenario, person: Person, *, day: date, region: str | None = None
) -> tuple[Unmet, ...]:
    """Give the parts of a scenario that a person does not meet on a day, in the order of `Unmet`; empty when met.

    `region` (GB/T 2260) is where the benefit would be used; None leaves the place out of the question, as for a person
    who only looks. ValueError for a level that the catalogue does not have.
    """
    condition = scenario.condition
    met = {
        Unmet.CLOSED: scenario.is_open_on(day),
        Unmet.SUSPENDED: not person.incentives_suspended,
        Unmet.LEVEL: _reaches_level(condition, person, catalogue.levels) and _reaches_points(condition, person),
        Unmet.LIST: _fits_lists(condition, person.lists),
        Unmet.AGE: _fits_age(condition, person.born_on, day),
        Unmet.REGION: region is None or _fits_region(condition, region),
    }
    return tuple(part for part in Unmet if not met[part])


def list_met(catalogue: ScenarioCatalogue, person: Person, *, day: date, region: str | None = None) -> tuple[str, ...]:
    """List the codes of the scenarios that a person meets on a day, in order of their codes."""
    return tuple(
        code
        for code, scenario in sorted(catalogue.scenarios.items())
        if not decide(catalogue, scenario, person, day=day, region=region)
    )


def list_gains(
    catalogue: ScenarioCatalogue,
    person: Person,
    *,
    day: date,
    least_points: Mapping[str, int],
    region: str | None = None,
) -> tuple[Gain, ...]:
    """Say what each level above a person's own would add, the next one first, all else being as it is.

    `least_points` gives the number of points at which a level begins, for scenarios that ask for points.
    """
    gains = []
    held = set(list_met(catalogue, person, day=day, region=region))
    for level in _levels_above(catalogue, person):
        raised = replace(person, level=level, points=least_points.get(level, person.points))
        opened = list_met(catalogue, raised, day=day, region=region)
        gains.append(Gain(level, tuple(code for code in opened if code not in held)))
        held |= set(opened)
    return tuple(gains)


def find_clash(scenario: Scenario, open_codes: Iterable[str]) -> tuple[str, ...]:
    """Name the scenarios of a person's open grants beside which this one may not stand, in order; empty when none."""
    return tuple(sorted(scenario.excludes.intersection(open_codes)))


def list_standing(catalogue: ScenarioCatalogue, indicators: Collection[str]) -> frozenset[str]:
    """Give the lists on which somebody stands who has records of these indicators in force."""
    return frozenset(code for code, rests_on in catalogue.lists.items() if not rests_on.isdisjoint(indicators))


def _levels_above(catalogue: ScenarioCatalogue, person: Person) -> Iterator[str]:
    if person.level is None:
        return
    yield from reversed(catalogue.levels[: catalogue.levels.index(person.level)])


def _reaches_level(condition: Condition, person: Person, levels: tuple[str, ...]) -> bool:
    if condition.level is None:
        return True
    return person.level is not None and levels.index(person.level) <= levels.index(condition.level)


def _reaches_points(condition: Condition, person: Person) -> bool:
    if condition.least_points is None:
        return True
    return person.points is not None and person.points >= condition.least_points


def _fits_lists(condition: Condition, lists: frozenset[str]) -> bool:
    wanted = not condition.on_any_of or not lists.isdisjoint(condition.on_any_of)
    return wanted and lists.isdisjoint(condition.on_none_of)


def _fits_age(condition: Condition, born_on: date | None, day: date) -> bool:
    if condition.least_age is None and condition.greatest_age is None:
        return True
    if born_on is None:
        return False
    age = age_on(born_on, day)
    return (condition.least_age is None or age >= condition.least_age) and (
        condition.greatest_age is None or age <= condition.greatest_age
    )


def _fits_region(condition: Condition, region: str) -> bool:
    return not condition.regions or any(covers_region(whole, region) for whole in condition.regions)
