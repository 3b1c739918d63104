"""Who meets the conditions of each scenario, as SQL over the people of a part, and up to what amount it is open.

What `scenarios.decision.decide` weighs, but for the place (a benefit is used somewhere, nobody comes from there) and
for the age: the files know the year of birth alone, so everybody has the age reached in the year of the day.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from backend.impact.figures import BenefitChange
from backend.impact.telling import tell_people
from backend.population.quoting import quote_text
from scenarios.catalogue import Condition, Scenario, ScenarioCatalogue

# Names the columns of one of the two scores: points, level, is_suspended and the sets of indicators in force.
BEFORE, AFTER = "before", "after"
NOBODY = "false"


class Offer(NamedTuple):
    """A scenario by its code, before and after the change; None where the catalogue of the time does not have it."""

    code: str
    before: Scenario | None
    after: Scenario | None

    @property
    def shown(self) -> Scenario:
        """Give the scenario as it will be, or as it was where it goes."""
        found = self.after or self.before
        if found is None:
            raise ValueError(f"scenario {self.code} is in neither catalogue")
        return found


class Eligible(NamedTuple):
    """How many people meet a scenario before and after, only after, and only before."""

    before: int
    after: int
    gained: int
    lost: int


def list_offers(old: ScenarioCatalogue | None, new: ScenarioCatalogue | None) -> tuple[Offer, ...]:
    """List the scenarios of both catalogues, those of the old one first."""
    before = {} if old is None else old.scenarios
    after = {} if new is None else new.scenarios
    return tuple(Offer(code, before.get(code), after.get(code)) for code in dict.fromkeys([*before, *after]))


def say_eligible(
    catalogue: ScenarioCatalogue | None,
    scenario: Scenario | None,
    when: str,
    *,
    as_of: date,
    bits: Mapping[str, tuple[int, int]],
) -> str:
    """Say in SQL whether somebody meets a scenario by the score of `when`.

    `bits` gives each indicator its set and its bit in it; nobody is on a list for an indicator without one.
    """
    if catalogue is None or scenario is None or (scenario.ends_on is not None and scenario.ends_on <= as_of):
        return NOBODY  # what is not open yet counts: whoever is to have it loses it by a condition that is raised
    parts = [f"not is_suspended_{when}", *_say_condition(catalogue, scenario.condition, when, bits)]
    return " and ".join(parts)


def _say_condition(
    catalogue: ScenarioCatalogue, condition: Condition, when: str, bits: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    if condition.level is not None:
        levels = ", ".join(quote_text(level) for level in list_levels_from(catalogue, condition.level))
        yield f"level_{when} in ({levels})"
    if condition.least_points is not None:
        yield f"points_{when} >= {condition.least_points}"
    if condition.on_any_of:
        yield _say_listed(catalogue, condition.on_any_of, when, bits)
    if condition.on_none_of:
        yield f"not {_say_listed(catalogue, condition.on_none_of, when, bits)}"
    if condition.least_age is not None:
        yield f"coalesce(age >= {condition.least_age}, false)"
    if condition.greatest_age is not None:
        yield f"coalesce(age <= {condition.greatest_age}, false)"


def list_levels_from(catalogue: ScenarioCatalogue, level: str) -> tuple[str, ...]:
    """List a level and those above it."""
    return catalogue.levels[: catalogue.levels.index(level) + 1]


def _say_listed(
    catalogue: ScenarioCatalogue, lists: Sequence[str], when: str, bits: Mapping[str, tuple[int, int]]
) -> str:
    masks: dict[int, int] = {}
    for indicator in {indicator for code in lists for indicator in catalogue.lists[code]}:
        if indicator in bits:
            place, bit = bits[indicator]
            masks[place] = masks.get(place, 0) | 1 << bit
    tests = [f"(in_force_{when}_{place} & {mask}) <> 0" for place, mask in sorted(masks.items())]
    return f"({' or '.join(tests)})" if tests else f"({NOBODY})"


def describe_benefit(offer: Offer, people: Eligible, *, least: int) -> BenefitChange:
    """Put together what a change does to one scenario."""
    before, after, gained, lost = (tell_people(each, least=least) for each in people)
    limit_before, limit_after = find_limit(offer.before), find_limit(offer.after)
    shown = offer.shown
    return BenefitChange(
        code=offer.code,
        title=shown.title.zh,
        title_en=shown.title.en,
        kind=shown.benefit.kind,
        by_contract=shown.benefit.figure_by_contract,
        before=before,
        after=after,
        gained=gained,
        lost=lost,
        limit_before_fen=limit_before,
        limit_after_fen=limit_after,
        before_fen=_multiply(before, limit_before),
        after_fen=_multiply(after, limit_after),
        gained_fen=_multiply(gained, limit_after),
        lost_fen=_multiply(lost, limit_before),
    )


def find_limit(scenario: Scenario | None) -> int | None:
    """Give up to what amount in fen a deposit waiver or a credit line is open to a person; None where none is named."""
    if scenario is None or not scenario.benefit.is_held or scenario.benefit.figure_by_contract:
        return None
    return scenario.benefit.limit_fen


def _multiply(people: int | None, limit_fen: int | None) -> int | None:
    return None if people is None or limit_fen is None else people * limit_fen
