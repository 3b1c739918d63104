"""Cells: every way in which a rule can price a record, as conditions under which it applies and what follows.

They are numbered in the order in which `Rulebook.match` tries them, and the first that applies is the record's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from scoring.pricing import ByTable, Condition, Curve, Each, Graded, Span, Validity
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
