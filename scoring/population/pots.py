"""Pots: what can be added up before anything bounds it, because the order of its records does not matter.

A limit on one rule leaves the same sum whichever of its records it cuts, a group leaves its highest unit, a curve gives
what the sum of its amounts gives. So nearly all rules need one sum a person, and no line. Where bounds overlap, it does
matter what was cut before: such rules are intertwined, and their lines are drawn and bounded one after the other.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from scoring.days import ONE_DAY, add_months
from scoring.population.cells import Cell
from scoring.pricing import Curve, Streak, Validity
from scoring.rulebook import Exclusive, Limit, Rule, Rulebook

# So much, with a repeat's factor, a person's records may add half a million times before 32 bits are full.
MOST_OF_SMALL = 1000


class Bounds(NamedTuple):
    """What bounds a pot by itself: a limit, the curve along which its amounts are read, the group it competes in."""

    limit: Limit | None = None
    curve: Curve | None = None
    group: Exclusive | None = None

    @property
    def by_year(self) -> bool:
        """Tell whether each calendar year is bounded for itself."""
        return (self.limit is not None and self.limit.by_year) or (self.curve is not None and self.curve.by_year)


class Pot(NamedTuple):
    """The plus (`sign` 1) or minus (-1) points of some rules; along a curve the amounts.

    `number` is that of the pot in the first of its `years`, each further year has the next; none: all years together.
    What is added to a `is_small` one is a figure of the rulebook, never more than `MOST_OF_SMALL`.
    """

    number: int
    dimension: str
    sign: int
    years: tuple[int, ...]
    bounds: Bounds
    is_small: bool

    @property
    def keeps_highest(self) -> bool:
        """Tell whether it keeps the highest points of a record instead of the sum."""
        return self.bounds.group is not None and self.bounds.curve is None

    @property
    def numbers(self) -> range:
        """Give the numbers of its years, one where it takes all years together."""
        return range(self.number, self.number + max(1, len(self.years)))


class Pots(NamedTuple):
    """All pots of a rulebook on a day, and the one of each rule and sign; rules without one are intertwined.

    Of the limits of dimensions `sum_limits` are those that need to know no more than the sums.
    """

    pots: tuple[Pot, ...]
    by_rule: dict[tuple[int, int], Pot]
    intertwined: frozenset[str]
    sum_limits: tuple[Limit, ...]

    @property
    def small(self) -> int:
        """Give how many numbers the small pots take: the first ones."""
        return max((pot.numbers.stop for pot in self.pots if pot.is_small), default=0)

    def find_free(self, dimension: str, sign: int) -> Pot:
        """Give the pot of what nothing but a limit of its dimension bounds."""
        return next(pot for pot in self.pots if (pot.dimension, pot.sign, pot.bounds) == (dimension, sign, Bounds()))


def find_alive_from(validity: Validity, as_of: date) -> date:
    """Give the first day such that what counts from it has not lapsed on `as_of`; see `Validity.ends_on`."""
    months = validity.months or 0
    day = add_months(as_of, -months) - timedelta(days=3)  # no later: a short month takes at most three days away
    while add_months(day, months) <= as_of:
        day += ONE_DAY
    return day


def make_pots(rulebook: Rulebook, cells: Sequence[Cell], as_of: date) -> Pots:
    """Put every rule that is not intertwined with another into its pots, one for plus and one for minus."""
    sum_limits = tuple(limit for limit in rulebook.dimension_limits if _needs_sums_only(limit, rulebook))
    intertwined = _find_intertwined(rulebook, cells, sum_limits)
    members: dict[tuple[str, int, Bounds], list[int]] = {
        (dimension.code, sign, Bounds()): [] for dimension in rulebook.dimensions for sign in (1, -1)
    }
    for number, rule in enumerate(rulebook.rules):
        if rule.id not in intertwined:
            for sign in (1, -1):
                members.setdefault((rule.dimension, sign, _find_bounds(rulebook, rule, sign)), []).append(number)
    pots: list[Pot] = []
    by_rule: dict[tuple[int, int], Pot] = {}
    # What is left of intertwined lines is poured into small pots as well, and need not be small.
    small = {key: not intertwined and _is_small(key[2], cells, numbers) for key, numbers in members.items()}
    for key in sorted(members, key=lambda key: not small[key]):
        (dimension, sign, bounds), numbers = key, members[key]
        years = _list_years(cells, numbers, as_of) if bounds.by_year else ()
        pot = Pot(pots[-1].numbers.stop if pots else 0, dimension, sign, years, bounds, small[key])
        pots.append(pot)
        by_rule |= {(number, sign): pot for number in numbers}
    return Pots(tuple(pots), by_rule, intertwined, sum_limits)


def _is_small(bounds: Bounds, cells: Sequence[Cell], rules: Sequence[int]) -> bool:
    found = [cell for cell in cells if cell.rule_no in rules]
    is_figure = all(cell.times is None and cell.stated is None and abs(cell.points) <= MOST_OF_SMALL for cell in found)
    return is_figure and bounds.curve is None and bounds.group is None


def _find_bounds(rulebook: Rulebook, rule: Rule, sign: int) -> Bounds:
    limits = (limit for limit in rulebook.rule_limits if rule.id in limit.rules and _sign_of(limit) == sign)
    if sign < 0:
        return Bounds(next(limits, None))
    groups = (group for group in rulebook.exclusives if rule.id in group.rules)
    curve = rule.pricing if isinstance(rule.pricing, Curve) else None
    return Bounds(next(limits, None), curve, next(groups, None))


def _sign_of(limit: Limit) -> int:
    return 1 if limit.at_most is not None else -1


def _list_years(cells: Sequence[Cell], rules: Sequence[int], as_of: date) -> tuple[int, ...]:
    """List the years of which a record of these rules can still count."""
    firsts = [find_alive_from(cell.validity, as_of) for cell in cells if cell.rule_no in rules]
    return tuple(range(min(firsts, default=as_of).year, as_of.year + 1))


def _needs_sums_only(limit: Limit, rulebook: Rulebook) -> bool:
    """Tell whether a limit of a dimension bounds all of one dimension at once, beside others that do as well."""
    touching = [each for each in rulebook.dimension_limits if each.rules & limit.rules]
    return all(not each.by_year and _covers_a_dimension(each, rulebook) for each in touching)


def _covers_a_dimension(limit: Limit, rulebook: Rulebook) -> bool:
    inside = {rule.dimension for rule in rulebook.rules if rule.id in limit.rules}
    return len(inside) == 1 and limit.rules >= {rule.id for rule in rulebook.rules if rule.dimension in inside}


def _find_intertwined(rulebook: Rulebook, cells: Sequence[Cell], sum_limits: tuple[Limit, ...]) -> frozenset[str]:
    """Find the rules of which the order of records matters, and all that share a bound with one of them."""
    line_limits = [limit for limit in rulebook.dimension_limits if limit not in sum_limits]
    found = {rule.id for number, rule in enumerate(rulebook.rules) if not _is_plain(rulebook, cells, number)}
    found |= {rule_id for limit in line_limits for rule_id in limit.rules}
    bounds = [bound.rules for bound in rulebook.rule_limits] + [bound.rules for bound in rulebook.exclusives]
    while more := {rule_id for rules in bounds if rules & found for rule_id in rules} - found:
        found |= more
    return frozenset(found)


def _is_plain(rulebook: Rulebook, cells: Sequence[Cell], number: int) -> bool:
    """Tell whether sums say all about a rule."""
    rule = rulebook.rules[number]
    limits = [limit for limit in rulebook.rule_limits if rule.id in limit.rules]
    groups = [group for group in rulebook.exclusives if rule.id in group.rules]
    curve = rule.pricing if isinstance(rule.pricing, Curve) else None
    if len(limits) > 1 or len(groups) > 1 or (isinstance(rule.pricing, Streak) and (limits or groups)):
        return False
    dimensions = {each.dimension for each in rulebook.rules if any(each.id in bound.rules for bound in limits + groups)}
    if len(dimensions) > 1 or (groups and limits and curve is None):
        return False
    if curve and any(limit.rules != {rule.id} or limit.by_year != curve.by_year for limit in limits):
        return False
    by_year = any(limit.by_year for limit in limits) or (curve is not None and curve.by_year)
    return not (by_year and any(cell.validity.from_end for cell in cells if cell.rule_no == number))
