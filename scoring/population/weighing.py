"""What each record is worth alone: its rule, points and days, all records in one pass.

Every way in which a rule can price a record is a cell: conditions under which it applies, and what follows. Cells are
numbered in the order in which `Rulebook.match` tries them, and the first that applies is the record's.
"""

from collections.abc import Iterator
from datetime import date
from functools import reduce
from operator import and_
from typing import NamedTuple

import ibis
from ibis.expr.types import BooleanValue, DateValue, IntegerValue, Table

from scoring.population.columns import name_item
from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Graded, Span, Validity
from scoring.rulebook import Rule, Rulebook


class Cell(NamedTuple):
    """One way to price a record: `points`, or so many for each of the item `times`, or the item `stated` itself."""

    indicator: str
    conditions: tuple[Condition, ...]
    rule_no: int
    points: int
    times: str | None
    stated: str | None
    curve: Curve | None
    validity: Validity


def list_cells(rulebook: Rulebook) -> list[Cell]:
    """List the cells of a rulebook, those of one indicator in the order in which its rules are tried."""
    numbers = {rule.id: number for number, rule in enumerate(rulebook.rules)}
    return [
        cell
        for indicator, rules in rulebook.rules_by_indicator.items()
        for rule in rules
        for cell in _make_cells(indicator, rule, numbers[rule.id])
    ]


def _make_cells(indicator: str, rule: Rule, number: int) -> Iterator[Cell]:
    def make(
        validity: Validity,
        *more: Condition,
        points: int = 0,
        times: str | None = None,
        stated: str | None = None,
        curve: Curve | None = None,
    ) -> Cell:
        return Cell(indicator, (*rule.conditions, *more), number, points, times, stated, curve, validity)

    match rule.pricing:
        case Each(points=points, validity=validity, times=times):
            counted = () if times is None else (Span(times, None, None),)
            yield make(validity, *counted, points=points, times=times)
        case ByTable(rows=rows):
            for row in rows:
                yield make(row.validity, row.condition, points=row.points)
        case Graded(field=name, least=least, most=most, validity=validity):
            yield make(validity, Span(name, least, most), stated=name)
        case Curve(field=name, validity=validity) as curve:
            yield make(validity, Span(name, 0, None), curve=curve)


def weigh(known: Table, rulebook: Rulebook, as_of: date) -> Table:
    """Give the records that a rule prices, with rule, points alone, amount along a curve, and the day they lapse.

    Columns: subject, record_id, occurred_on, ended_on, act, suspended, rule_no, alone, amount (0 but along a curve),
    ends_on (null: not yet), from_end (it lasts from its end, not from its day), is_begun.
    """
    cells = list_cells(rulebook)
    if not cells:
        return _leave_nothing(known)
    numbered = known.mutate(cell=ibis.cases(*((_applies(known, cell), number) for number, cell in enumerate(cells))))
    found = numbered.filter(numbered.cell.notnull())
    number = found.cell
    alone = [(number == place, _price(found, cell)) for place, cell in enumerate(cells)]
    amounts = [(number == place, found[name_item(cell.curve.field)]) for place, cell in enumerate(cells) if cell.curve]
    return found.select(
        "subject",
        "record_id",
        "occurred_on",
        "ended_on",
        "act",
        "suspended",
        rule_no=ibis.cases(*((number == place, cell.rule_no) for place, cell in enumerate(cells))).cast("int16"),
        alone=ibis.cases(*alone).cast("int64"),
        amount=(ibis.cases(*amounts, else_=0) if amounts else ibis.literal(0)).cast("int64"),
        ends_on=ibis.cases(*((number == place, _find_end(found, cell.validity)) for place, cell in enumerate(cells))),
        from_end=number.isin([place for place, cell in enumerate(cells) if cell.validity.from_end]),
        is_begun=found.occurred_on <= as_of,
    )


def _leave_nothing(known: Table) -> Table:
    nothing = known.filter(ibis.literal(False))  # noqa: FBT003 - the value of a column
    return nothing.select(
        *("subject", "record_id", "occurred_on", "ended_on", "act", "suspended"),
        rule_no=ibis.literal(0, "int16"),
        alone=ibis.literal(0, "int64"),
        amount=ibis.literal(0, "int64"),
        ends_on=ibis.null("date"),
        from_end=ibis.literal(False),  # noqa: FBT003 - as above
        is_begun=ibis.literal(False),  # noqa: FBT003 - as above
    )


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


def _price(table: Table, cell: Cell) -> IntegerValue:
    if cell.curve is not None:
        return read_curve(cell.curve, table[name_item(cell.curve.field)])
    if cell.stated is not None:
        return table[name_item(cell.stated)]
    if cell.times is not None:
        return table[name_item(cell.times)] * cell.points
    return ibis.literal(cell.points, "int64")


def read_curve(curve: Curve, amount: IntegerValue) -> IntegerValue:
    """Give the points of a sum of 0 or more, as `Curve.points_at` does."""
    cases = [
        (amount >= ramp.start, ramp.reached + ((amount - ramp.start) // ramp.per) * ramp.points)
        for ramp in reversed(curve.ramps)
    ]
    return ibis.cases(*cases, else_=0).cast("int64")


def _find_end(table: Table, validity: Validity) -> DateValue:
    """Give the first day on which a record no longer counts, as `Validity.ends_on` does."""
    begin = table.ended_on if validity.from_end else table.occurred_on
    if validity.months is None:
        return begin if validity.from_end else table.occurred_on
    return (begin + ibis.interval(months=validity.months)).cast("date")
