"""What each record is worth alone: every content is priced once, and each record looks its content up."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce
from operator import and_
from typing import Any

import ibis
from ibis.expr.types import BooleanValue, DateValue, IntegerValue, Table, Value

from scoring.days import check_day
from scoring.population.cells import Cell, list_cells
from scoring.population.columns import name_item
from scoring.population.pots import Pot, find_alive_from, make_pots
from scoring.pricing import Choice, Condition, Curve, Validity
from scoring.rulebook import Rulebook

NO_POT = -1
NO_CAP = -2  # of a rule without a veto; a veto that caps nothing has -1
BITS = 62  # of a set, so that it stays a positive whole number of 64 bits


def name_in_force(rulebook: Rulebook) -> tuple[tuple[str, int, int], ...]:
    """Give each indicator that a rule counts, in order, with its set (the column `in_force_N`) and the bit in it."""
    return tuple((code, *divmod(number, BITS)) for number, code in enumerate(sorted(rulebook.rules_by_indicator)))


def list_sets(rulebook: Rulebook) -> tuple[str, ...]:
    """List the columns of the sets of indicators in force."""
    return tuple(f"in_force_{number}" for number in sorted({place for _, place, _ in name_in_force(rulebook)}))


def list_validities(rulebook: Rulebook) -> tuple[Validity, ...]:
    """List the ways in which records lapse, in an order of their own."""
    return tuple(sorted({cell.validity for cell in list_cells(rulebook)}, key=lambda each: (each[1], each[0] or 0)))


def list_vetoes(rulebook: Rulebook) -> dict[int, int]:
    """Give the rank at which each rule with a veto caps the level, by the rule's number; -1 where it caps nothing."""
    return {number: rule.veto.severity for number, rule in enumerate(rulebook.rules) if rule.veto is not None}


def price_contents(contents: Table, rulebook: Rulebook, as_of: date) -> Table:
    """Give the contents that a rule prices, with what follows for every record that has one.

    Columns: content_no, rule_no, alone (points), amount (along a curve; else 0), value (what its pot takes),
    validity_no, from_end (it lasts from its end), alive_from (the first day, of its end or of its happening, from which
    it still counts), is_adverse, veto (the severity of its veto, or NO_CAP), pot (or NO_POT: intertwined), pot_year
    (the first year of its pot, or 0), and the sets that hold its indicator. ValueError where `evaluate` raises it.
    """
    check_day(as_of)
    cells = list_cells(rulebook)
    pots = make_pots(rulebook, cells, as_of)
    validities, vetoes = list_validities(rulebook), list_vetoes(rulebook)
    applies = [(_applies(contents, cell), number) for number, cell in enumerate(cells)]
    numbered = contents.mutate(cell=(ibis.cases(*applies) if applies else ibis.null()).cast("int32"))
    found = numbered.filter(numbered.cell.notnull())
    found = found.mutate(
        alone=_price(found, cells),
        amount=_take(found, cells, lambda cell: cell.curve.field if cell.curve else None),
    )

    def choose(value_of: Callable[[Cell], Any], default: object, kind: str) -> Value:
        return _choose(found.cell, [value_of(cell) for cell in cells], default).cast(kind)

    def choose_pot(value_of: Callable[[Pot | None], int]) -> Value:
        plus = choose(lambda cell: value_of(pots.by_rule.get((cell.rule_no, 1))), 0, "int16")
        minus = choose(lambda cell: value_of(pots.by_rule.get((cell.rule_no, -1))), 0, "int16")
        return (found.alone < 0).ifelse(minus, plus)

    def choose_set(number: int) -> Value:
        return choose(lambda cell: _find_bit(rulebook, cell, number), 0, "int64")

    return found.select(
        "content_no",
        "alone",
        "amount",
        value=choose(lambda cell: cell.curve is not None, default=False, kind="boolean").ifelse(
            found.amount, found.alone
        ),
        rule_no=choose(lambda cell: cell.rule_no, 0, "int16"),
        validity_no=choose(lambda cell: validities.index(cell.validity), 0, "int8"),
        from_end=choose(lambda cell: cell.validity.from_end, default=False, kind="boolean"),
        alive_from=choose(lambda cell: find_alive_from(cell.validity, as_of), as_of, "date"),
        is_adverse=(found.alone < 0) | choose(lambda cell: cell.rule_no in vetoes, default=False, kind="boolean"),
        veto=choose(lambda cell: vetoes.get(cell.rule_no, NO_CAP), NO_CAP, "int8"),
        pot=choose_pot(lambda pot: NO_POT if pot is None else pot.number),
        pot_year=choose_pot(lambda pot: pot.years[0] if pot and pot.years else 0),
        **{name: choose_set(number) for number, name in enumerate(list_sets(rulebook))},
    )


def weigh(known: Table, priced: Table, rulebook: Rulebook) -> Table:
    """Give the records that a rule prices, with what `price_contents` says of each and the day on which it lapses.

    `ends_on` is null while a continuing act has no end.
    """
    joined = known.inner_join(priced, "content_no").drop("content_no")
    return joined.mutate(ends_on=find_end(joined, rulebook))


def find_end(weighed: Table, rulebook: Rulebook) -> DateValue:
    """Give the first day on which a record no longer counts, as `Validity.ends_on` does."""
    validities = list_validities(rulebook)
    ends = [
        (weighed.validity_no == number, add_validity(weighed.ended_on if each.from_end else weighed.occurred_on, each))
        for number, each in enumerate(validities)
    ]
    return ibis.cases(*ends) if ends else ibis.null("date")


def add_validity(day: DateValue, validity: Validity) -> DateValue:
    """Give the day on which what counts from a day lapses."""
    return day if not validity.months else (day + ibis.interval(months=validity.months)).cast("date")


def read_curve(curve: Curve, amount: IntegerValue) -> IntegerValue:
    """Give the points of a sum of 0 or more, as `Curve.points_at` does."""
    cases = [(amount == 0, ibis.literal(curve.points_at(0), "int64"))]  # so it is with most people
    cases += [
        (amount >= ramp.start, ramp.reached + ((amount - ramp.start) // ramp.per) * ramp.points)
        for ramp in reversed(curve.ramps)
    ]
    return ibis.cases(*cases, else_=0).cast("int64")


def _choose(number: IntegerValue, values: Sequence[Any], default: object) -> Value:
    """Give the value at the place `number`; one branch for all places of one value."""
    places: dict[Any, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    places.pop(default, None)
    branches = [(number.isin(found), value) for value, found in places.items()]
    return ibis.cases(*branches, else_=default) if branches else ibis.literal(default)


def _take(table: Table, cells: Sequence[Cell], name_of: Callable[[Cell], str | None]) -> IntegerValue:
    """Give the item that the cell of each row names, or 0."""
    names: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        name = name_of(cell)
        if name is not None:
            names.setdefault(name, []).append(place)
    branches = [(table.cell.isin(places), table[name_item(name)]) for name, places in names.items()]
    return (ibis.cases(*branches, else_=0) if branches else ibis.literal(0)).cast("int64")


def _price(found: Table, cells: Sequence[Cell]) -> IntegerValue:
    """Give what a record is worth alone."""
    fixed = _choose(found.cell, [cell.points if cell.times is None else 0 for cell in cells], 0).cast("int64")
    each = _choose(found.cell, [cell.points if cell.times is not None else 0 for cell in cells], 0).cast("int64")
    times = _take(found, cells, lambda cell: cell.times)
    stated = _take(found, cells, lambda cell: cell.stated)
    curves = [
        (found.cell == place, read_curve(cell.curve, found[name_item(cell.curve.field)]))
        for place, cell in enumerate(cells)
        if cell.curve
    ]
    climbed = ibis.cases(*curves, else_=0) if curves else ibis.literal(0)
    return (fixed + each * times + stated + climbed).cast("int64")


def _find_bit(rulebook: Rulebook, cell: Cell, number: int) -> int:
    """Give the set with this number when it holds only the indicator of a cell."""
    place, bit = next((place, bit) for code, place, bit in name_in_force(rulebook) if code == cell.indicator)
    return 1 << bit if place == number else 0


def _applies(table: Table, cell: Cell) -> BooleanValue:
    conditions = (_holds(table, condition) for condition in cell.conditions)
    return reduce(and_, conditions, table.indicator == cell.indicator)


def _holds(table: Table, condition: Condition) -> BooleanValue:
    column = table[name_item(condition.field)]
    if isinstance(condition, Choice):
        return column.isin(sorted(condition.allowed, key=str))
    bounds = [column.notnull()]
    if condition.least is not None:
        bounds.append(column >= condition.least)
    if condition.most is not None:
        bounds.append(column <= condition.most)
    return reduce(and_, bounds)
