"""What a record is worth under a rule: fixed, by a table, graded by the deciding document, along a curve, by streak."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date
from typing import NamedTuple, TypeAlias

from scoring.days import add_months
from scoring.records import Value


class Validity(NamedTuple):
    """How long a record counts. `months` from the day it happened, or from its end; or until its own end."""

    months: int | None
    from_end: bool

    def ends_on(self, occurred_on: date, ended_on: date | None) -> date | None:
        """Give the first day on which it no longer counts; None while a continuing act has no end."""
        months, from_end = self
        if not from_end:
            return add_months(occurred_on, months or 0)
        if ended_on is None:
            return None
        return ended_on if months is None else add_months(ended_on, months)


class Choice(NamedTuple):
    """A condition: the item is one of these values."""

    field: str
    allowed: frozenset[str | bool]

    def holds(self, fields: Mapping[str, Value]) -> bool:
        """Tell whether the fields meet the condition; an absent item never does."""
        return fields.get(self.field) in self.allowed


class Span(NamedTuple):
    """A condition: the whole number lies between two inclusive bounds; None means no bound."""

    field: str
    least: int | None
    most: int | None

    def holds(self, fields: Mapping[str, Value]) -> bool:
        """Tell whether the fields meet the condition; an absent item never does."""
        name, least, most = self
        value = fields.get(name)
        return isinstance(value, int) and (least is None or value >= least) and (most is None or value <= most)

    def contains(self, value: int) -> bool:
        """Tell whether a number lies within."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


Condition: TypeAlias = Choice | Span


# Points for one record and how long they last. A plain tuple: one is made for every record of every evaluation.
Price: TypeAlias = tuple[int, Validity]


@dataclass(frozen=True, slots=True)
class Each:
    """The same points for every record, or for every unit of the item `times`."""

    points: int
    validity: Validity
    times: str | None = None

    def price(self, fields: Mapping[str, Value]) -> Price | None:
        """Give points and validity; None when the counted item is absent."""
        if self.times is None:
            return self.points, self.validity
        count = fields.get(self.times)
        return (self.points * count, self.validity) if isinstance(count, int) else None


class TableRow(NamedTuple):
    """One row of a table rule: when the item meets the condition, so many points for so long."""

    condition: Condition
    points: int
    validity: Validity
    published: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ByTable:
    """Points by the value of one item. `unscored` are choices that deliberately have no row."""

    field: str
    rows: tuple[TableRow, ...]
    unscored: frozenset[str]

    def price(self, fields: Mapping[str, Value]) -> Price | None:
        """Give points and validity by the row that fits; None when none does."""
        for condition, points, validity, _ in self.rows:
            if condition.holds(fields):
                return points, validity
        return None


@dataclass(frozen=True, slots=True)
class Graded:
    """The deciding document itself says how many points, within inclusive bounds."""

    field: str
    least: int
    most: int
    validity: Validity

    def price(self, fields: Mapping[str, Value]) -> Price | None:
        """Give the points that the record states; None when they are absent or outside the bounds."""
        stated = fields.get(self.field)
        if not isinstance(stated, int) or not self.least <= stated <= self.most:
            return None
        return int(stated), self.validity


class Segment(NamedTuple):
    """A stretch of a curve: from the end of the one before up to `to` (None: open), `points` for each whole `per`."""

    to: int | None
    points: int
    per: int
    published: tuple[int, ...] = ()


class Stair(NamedTuple):
    """From this amount on, the curve stands at these points."""

    from_amount: int
    points: int
    published: tuple[int, ...] = ()


class Ramp(NamedTuple):
    """A stretch of a curve ready for use: it starts with so many points and adds `points` for each whole `per`."""

    start: int
    reached: int
    points: int
    per: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by the sum of an item over the records in force, all together or for each calendar year."""

    field: str
    by_year: bool
    segments: tuple[Segment, ...]
    stairs: tuple[Stair, ...]
    validity: Validity
    _ramps: tuple[Ramp, ...] = attribute(init=False, repr=False, compare=False)
    _starts: tuple[int, ...] = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ramps = tuple(Ramp(stair.from_amount, stair.points, 0, 1) for stair in self.stairs) or _draw(self.segments)
        object.__setattr__(self, "_ramps", ramps)
        object.__setattr__(self, "_starts", tuple(ramp.start for ramp in ramps))

    @property
    def ramps(self) -> tuple[Ramp, ...]:
        """Give the stretches in the order of their starts."""
        return self._ramps

    def points_at(self, amount: int) -> int:
        """Give the points of a sum of 0 or more: whole steps of each segment only, or the highest stair reached."""
        index = bisect_right(self._starts, amount)
        if not index:
            return 0
        start, reached, points, per = self._ramps[index - 1]
        return reached + (amount - start) // per * points

    def price(self, fields: Mapping[str, Value]) -> Price | None:
        """Give what the record would be worth alone; None when the item is absent or negative."""
        amount = fields.get(self.field)
        if not isinstance(amount, int) or amount < 0:
            return None
        return self.points_at(amount), self.validity


@dataclass(frozen=True, slots=True)
class Streak:
    """Points for each whole clean calendar year, counted back without a gap, up to a number of years."""

    points: int
    most: int

    def price(self, _fields: Mapping[str, Value]) -> None:
        """Give None: no record is worth anything under a streak."""


Pricing: TypeAlias = Each | ByTable | Graded | Curve | Streak


def _draw(segments: tuple[Segment, ...]) -> tuple[Ramp, ...]:
    """Put segments one after the other; a closed last one is followed by a level stretch."""
    ramps: list[Ramp] = []
    start = reached = 0
    for to, points, per, _ in segments:
        ramps.append(Ramp(start, reached, points, per))
        if to is None:
            return tuple(ramps)
        reached += (to - start) // per * points if per else 0  # the reader refuses 0, but only afterwards
        start = to
    return (*ramps, Ramp(start, reached, 0, 1))
