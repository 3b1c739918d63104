"""Pouring: the points of everybody's records into the pots, and the pots into the dimensions."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import ibis
import ibis.expr.datatypes as dt
from ibis.expr.types import IntegerValue, Table, Value

from scoring.population.pots import Pot, Pots
from scoring.population.weighing import NO_POT, find_end, list_sets, read_curve
from scoring.rulebook import Limit, Rulebook

# Two small pots share a sum: adding up is most of the work, and one sum of 64 bits costs what one of 32 does.
_LANE_BITS = 32
_LANE = 1 << _LANE_BITS
_NO_PAIR = -1


def pour(pieces: Sequence[Table], rulebook: Rulebook, pots: Pots) -> Table:
    """Pour what was taken; a row for each person.

    Columns: subject_no, a column for each pot, and of plain records the sets of indicators in force and changes_on, the
    first day on which one lapses.
    """
    rows = ibis.union(*pieces) if len(pieces) > 1 else pieces[0]
    # What other pots hold may be large, such as amounts of money: it leaves no room for a lane.
    rows = rows.mutate(pair=(rows.pot_no < pots.small).ifelse(rows.pot_no // 2, _NO_PAIR))
    rows = rows.mutate(
        laned=((rows.pair == _NO_PAIR).ifelse(0, rows.value) * (rows.pot_no % 2 == 1).ifelse(_LANE, 1)).cast("int64")
    )
    filled = {_name_pair(pair): _narrow((rows.pair == pair).ifelse(rows.laned, 0).sum()) for pair in _list_pairs(pots)}
    for pot in pots.pots:
        for number in pot.numbers if not pot.is_small else ():
            value = (rows.pot_no == number).ifelse(rows.value, 0)
            filled[name_pot(number)] = _narrow(value.max() if pot.keeps_highest else value.sum())
    sets = {name: rows[name].bit_or() for name in list_sets(rulebook)}
    poured = rows.group_by("subject_no").aggregate(changes_on=rows.changes_on.min(), **filled, **sets)
    return poured.mutate(**_unpair(poured, pots)).drop(*map(_name_pair, _list_pairs(pots)))


def _narrow(value: IntegerValue) -> IntegerValue:
    """Give a sum as 64 bits: DuckDB adds up to 128, and whatever is reckoned with them takes several times as long.

    A cast to the type that the value has by Ibis would be left out, so it is to one that is never null.
    """
    return value.cast(dt.Int64(nullable=False))


def _list_pairs(pots: Pots) -> range:
    return range((pots.small + 1) // 2)


def _name_pair(pair: int) -> str:
    return f"pair_{pair}"


def _unpair(poured: Table, pots: Pots) -> dict[str, IntegerValue]:
    """Give the small pots: of each pair the even one in the lower 32 bits, with a sign, the odd one above."""
    found = {}
    for number in range(pots.small):
        pair = poured[_name_pair(number // 2)]
        low = ((pair + _LANE // 2) & (_LANE - 1)) - _LANE // 2
        found[name_pot(number)] = (low if number % 2 == 0 else (pair - low) >> _LANE_BITS).cast("int64")
    return found


def take_plain(plain: Table, rulebook: Rulebook) -> Table:
    """Take what counts whatever else there is, with what nothing else tells of it (`choose_plain`).

    What has not begun changes the score on its own day, and gives nothing until then.
    """
    begun = plain.is_begun
    return _take(
        plain,
        find_pot(plain),
        begun.ifelse(plain.value, 0),
        rulebook,
        changes_on=begun.ifelse(find_end(plain, rulebook), plain.occurred_on),
        **{name: begun.ifelse(plain[name], 0) for name in list_sets(rulebook)},
    )


def find_pot(priced: Table) -> IntegerValue:
    """Give the number of the pot of each record, by the year where the pot has years."""
    year = (priced.pot_year > 0).ifelse(priced.occurred_on.year() - priced.pot_year, 0)
    return priced.pot + year


def take_simple(judged: Table, repeating: Table | None, rulebook: Rulebook) -> Iterator[Table]:
    """Take judged records that count, and once more the repeats, of rules that have pots."""
    inside = judged.filter(judged.counts, judged.pot != NO_POT)
    yield _take(inside, find_pot(inside), inside.value, rulebook)
    if repeating is not None and rulebook.repeats is not None:
        inside = repeating.filter(repeating.pot != NO_POT)
        yield _take(inside, find_pot(inside), inside.value * (rulebook.repeats.factor - 1), rulebook)


def take_bounded(bounded: Table, rulebook: Rulebook, pots: Pots) -> Table:
    """Take what is left of bounded lines; only limits of dimensions may still concern it."""
    found = {
        sign: [
            (bounded.rule_no == number, pots.find_free(rule.dimension, sign).number)
            for number, rule in enumerate(rulebook.rules)
        ]
        for sign in (1, -1)
    }
    number = (bounded.left < 0).ifelse(ibis.cases(*found[-1]), ibis.cases(*found[1]))
    return _take(bounded, number, bounded.left, rulebook)


def _take(table: Table, pot_no: IntegerValue, value: IntegerValue, rulebook: Rulebook, **plain: Value) -> Table:
    """Take rows for `pour`; what is not `plain` is judged, and its days and indicators are known from there."""
    nothing = {"changes_on": ibis.null("date")} | dict.fromkeys(list_sets(rulebook), ibis.literal(0))
    told = nothing | plain
    return table.select(
        "subject_no",
        pot_no=pot_no.cast("int16"),
        value=value.cast("int64"),
        changes_on=told.pop("changes_on"),
        **{name: value.cast("int64") for name, value in told.items()},
    )


def name_pot(number: int) -> str:
    """Name the column of a pot."""
    return f"pot_{number}"


class Sums(NamedTuple):
    """The plus and the minus points of a dimension."""

    plus: IntegerValue
    minus: IntegerValue


def add_up(filled: Mapping[str, IntegerValue], rulebook: Rulebook, pots: Pots) -> dict[str, Sums]:
    """Give the points of each dimension from what the pots hold, after all that bounds them."""
    groups: dict[str, list[Pot]] = {}
    parts: dict[tuple[str, int], list[IntegerValue]] = {}
    for pot in pots.pots:
        if pot.bounds.group is not None:
            groups.setdefault(pot.bounds.group.id, []).append(pot)
        else:
            parts.setdefault((pot.dimension, pot.sign), []).append(_read(pot, filled))
    for rivals in groups.values():
        highest = ibis.greatest(0, *(_read(pot, filled) for pot in rivals))
        parts[rivals[0].dimension, 1].append(highest)
    return {
        dimension.code: _limit(
            dimension.code, Sums(*(reduce(add, parts[dimension.code, sign]) for sign in (1, -1))), rulebook, pots
        )
        for dimension in rulebook.dimensions
    }


def _read(pot: Pot, filled: Mapping[str, IntegerValue]) -> IntegerValue:
    """Give the points of a pot: of each year along its curve and within its limit, all years together."""
    curve, limit = pot.bounds.curve, pot.bounds.limit
    found = []
    for number in pot.numbers:
        held = filled[name_pot(number)]
        points = held if curve is None else read_curve(curve, held)
        found.append(points if limit is None else _cut(points, limit))
    return reduce(add, found)


def _cut(points: IntegerValue, limit: Limit) -> IntegerValue:
    if limit.at_most is not None:
        return ibis.least(points, limit.at_most)
    return points if limit.at_least is None else ibis.greatest(points, limit.at_least)


def _limit(dimension: str, sums: Sums, rulebook: Rulebook, pots: Pots) -> Sums:
    inside = {rule.id for rule in rulebook.rules if rule.dimension == dimension}
    for limit in pots.sum_limits:
        if limit.rules & inside:
            plus, minus = sums
            sums = Sums(_cut(plus, limit), minus) if limit.at_most is not None else Sums(plus, _cut(minus, limit))
    return sums
