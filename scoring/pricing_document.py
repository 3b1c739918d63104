"""The part of a rule that says when it applies and how many points it gives, from its TOML table."""

from collections.abc import Mapping
from typing import cast

from scoring.catalogue import Indicator, Item
from scoring.documents import MOST_MONTHS, Table
from scoring.pricing import (
    ByTable,
    Choice,
    Condition,
    Curve,
    Each,
    Graded,
    Pricing,
    Segment,
    Span,
    Stair,
    Streak,
    TableRow,
    Validity,
)

KINDS = ("each", "table", "graded", "curve", "streak")
NO_VALIDITY = Validity(0, from_end=False)


def read_pricing(table: Table, kind: str, indicator: Indicator | None) -> Pricing:
    """Read the points of a rule by its kind; an unknown kind is a fault and reads as no points."""
    match kind:
        case "each":
            return _read_each(table, indicator)
        case "table":
            return _read_table(table, indicator)
        case "graded":
            return _read_graded(table, indicator)
        case "curve":
            return _read_curve(table, indicator)
        case "streak":
            table.one_of("period", ("calendar_year",))
            streak = Streak(table.points("points"), table.integer("at_most_periods"))
            if streak.points < 1 or streak.most < 1:
                table.fault("points", "and `at_most_periods` of a streak are 1 or more")
            return streak
    if kind:
        table.fault("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    return Each(0, NO_VALIDITY)


def read_when(table: Table, indicator: Indicator | None) -> tuple[Condition, ...]:
    """Read the conditions of a rule: an item is one of some choices, a flag, or a number within bounds."""
    if not table.has("when"):
        return ()
    when = table.table("when")
    conditions: list[Condition] = []
    for key in when.names:
        value = when.raw(key)
        if isinstance(value, dict):
            bounds = Table(cast("Mapping[str, object]", value), f"{when.path}.{key}", when.faults)
            conditions.append(_read_span(bounds, key, indicator))
            bounds.finish()
        else:
            conditions.append(_read_choice(when, key, value, indicator))
    return tuple(conditions)


def _read_choice(table: Table, field: str, value: object, indicator: Indicator | None) -> Choice:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, bool)) for each in values):
        table.fault(field, f"{value!r} is not a choice, a flag or a list of choices")
        values = []
    allowed = frozenset(cast("list[str | bool]", values))
    if indicator is not None:
        item = indicator.items.get(field)
        if item is None or item.type == "integer":
            table.fault(field, f"is not a choice or flag of {indicator.code}")
        else:
            _check_required(table, field, item)
            for each in allowed:
                if fault := item.find_fault(each):
                    table.fault(field, fault)
    return Choice(field, allowed)


def _read_span(table: Table, field: str, indicator: Indicator | None) -> Span:
    """Read bounds; `above` and `below` are exclusive, `at_least` and `at_most` inclusive."""
    least, most = table.optional_integer("at_least"), table.optional_integer("at_most")
    if table.has("above"):
        least = table.integer("above") + 1
    if table.has("below"):
        most = table.integer("below") - 1
    _check_integer(table, field, indicator)
    if least is None and most is None:
        table.fault("at_least", "or another bound is needed: at_least, above, at_most, below")
    if least is not None and most is not None and least > most:
        table.fault("at_most", f"no number lies between {least} and {most}")
    return Span(field, least, most)


def _check_integer(table: Table, field: str, indicator: Indicator | None) -> None:
    if indicator is None:
        return
    item = indicator.items.get(field)
    if item is None or item.type != "integer":
        table.fault("field", f"{field!r} is not a whole-number item of {indicator.code}")
    else:
        _check_required(table, field, item)


def _check_required(table: Table, field: str, item: Item) -> None:
    """A rule may rest only on what every row carries: a row without it would silently go unscored."""
    if not item.required:
        table.fault("field", f"{field} may be left out of a row; make it `required` in the catalogue")


def read_validity(table: Table, default: Validity | None = None) -> Validity:
    """Read `valid`: months from the day it happened, months from its end, or until its own end."""
    if not table.has("valid") and default is not None:
        return default
    valid = table.table("valid")
    if not table.has("valid"):
        table.fault("valid", 'is missing; write { months = 12 }, { months = 12, from = "end" } or { until = "end" }')
        return NO_VALIDITY
    if valid.has("until"):
        valid.one_of("until", ("end",))
        validity = Validity(None, from_end=True)
    else:
        months = valid.integer("months")
        if months < 1:
            valid.fault("months", "is 1 or more: a record that lapses at once never counts")
        if months > MOST_MONTHS:
            valid.fault("months", f"{months} is longer than a life; give up to {MOST_MONTHS}, a hundred years")
        validity = Validity(months, from_end=valid.one_of("from", ("day", "end"), "day") == "end")
    valid.finish()
    return validity


def _read_each(table: Table, indicator: Indicator | None) -> Each:
    times = table.text("times", "") or None
    if times:
        _check_integer(table, times, indicator)
        item = indicator.items.get(times) if indicator else None
        if item is not None and (item.at_least is None or item.at_least < 1):
            table.fault("times", f"counts {times}, which needs `at_least` of 1 or more in the catalogue")
    points = table.points("points")
    if points == 0 and not table.has("veto"):
        table.fault("points", "is 0; a rule gives points or carries a veto")
    return Each(points, read_validity(table), times)


def _read_table(table: Table, indicator: Indicator | None) -> ByTable:
    field = table.text("field")
    default = read_validity(table) if table.has("valid") else None
    rows = []
    for row in table.tables("rows"):
        if row.has("is"):
            condition: Condition = _read_choice(row, field, row.raw("is"), indicator)
        else:
            condition = _read_span(row, field, indicator)
        points = row.points("points")
        rows.append(TableRow(condition, points, read_validity(row, default), row.integers("published")))
        if points == 0 and not table.has("veto"):
            row.fault("points", "is 0; leave the row out and name the choice in `unscored`")
        row.finish()
    if not rows:
        table.fault("rows", "is empty; a table rule needs rows")
    unscored = table.texts("unscored")
    for choice in unscored:
        item = indicator.items.get(field) if indicator else None
        if item is not None and choice not in item.choices:
            table.fault("unscored", f"{choice!r} is not a choice of {field}")
    return ByTable(field, tuple(rows), frozenset(unscored))


def _read_graded(table: Table, indicator: Indicator | None) -> Graded:
    field = table.text("field")
    _check_integer(table, field, indicator)
    graded = Graded(field, table.points("at_least"), table.points("at_most"), read_validity(table))
    if graded.least > graded.most or graded.least * graded.most <= 0:
        table.fault("at_least", "and `at_most` are a range of one sign, such as -50 to -10")
    item = indicator.items.get(field) if indicator else None
    if item is not None and (item.find_fault(graded.least) or item.find_fault(graded.most)):
        table.fault("at_least", f"and `at_most` reach beyond the bounds that the catalogue gives {field}")
    return graded


def _read_curve(table: Table, indicator: Indicator | None) -> Curve:
    field = table.text("field")
    _check_integer(table, field, indicator)
    segments = []
    for part in table.tables("segments"):
        to, points, per = part.optional_integer("to"), part.points("points"), part.integer("per")
        segments.append(Segment(to, points, per, part.integers("published")))
        part.finish()
    stairs = []
    for part in table.tables("steps"):
        stairs.append(Stair(part.integer("from"), part.points("points"), part.integers("published")))
        part.finish()
    _check_curve(table, segments, stairs)
    by_year = table.one_of("over", ("in_force", "calendar_year")) == "calendar_year"
    return Curve(field, by_year, tuple(segments), tuple(stairs), read_validity(table))


def _check_curve(table: Table, segments: list[Segment], stairs: list[Stair]) -> None:
    if bool(segments) == bool(stairs):
        table.fault("segments", "or `steps`, one of the two, draws the curve")
    ends = [segment.to for segment in segments]
    closed = [end for end in ends if end is not None]
    if None in ends[:-1] or closed != sorted(set(closed)):
        table.fault("segments", "each ends above the one before; only the last may be open")
    if any(segment.points < 1 or segment.per < 1 for segment in segments):
        table.fault("segments", "a curve rises: `points` and `per` are 1 or more")
    starts = [(stair.from_amount, stair.points) for stair in stairs]
    if starts != sorted(set(starts)) or len({points for _, points in starts}) != len(starts):
        table.fault("steps", "each starts above the one before and gives more points")
