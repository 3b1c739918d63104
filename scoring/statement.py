"""The explained score: lines that add up to it, and the records that are shown but not counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from scoring.records import Record
from scoring.rulebook import Exclusive, Grounds, Level, Limit, Rule, Rulebook


class LineKind(StrEnum):
    """Where a line's points come from."""

    BASE = "base"
    RECORD = "record"
    REPEAT = "repeat"
    STREAK = "streak"
    EXCLUSIVE = "exclusive"
    LIMIT = "limit"
    FREEZE = "freeze"
    CLAMP = "clamp"


class Reason(StrEnum):
    """Why a record is shown but not counted."""

    SUSPENDED = "suspended"
    SAME_ACT = "same_act"
    LAPSED = "lapsed"
    NOT_YET = "not_yet"
    UNSCORED = "unscored"


class Line(NamedTuple):
    """One line. `lapses_on` is the first day without it, None when no day is known; `years` counts clean ones."""

    kind: LineKind
    points: int
    dimension: str
    rule: Rule | None = None
    record: Record | None = None
    lapses_on: date | None = None
    bound: Limit | Exclusive | None = None
    years: int = 0

    @property
    def cause_id(self) -> str:
        """Give the id of the rule, limit or group behind the line; the kind for base, freeze and clamp."""
        if self.rule is not None:
            return self.rule.id
        return self.bound.id if self.bound is not None else self.kind.value

    @property
    def key(self) -> tuple[LineKind, str, str, str]:
        """Identify the line among the lines of any score of the same person."""
        return self.kind, self.cause_id, self.record.record_id if self.record else "", self.dimension

    @property
    def grounds(self) -> Grounds | None:
        """Give the legal basis of the line; None for base, freeze and clamp, which rest on the rulebook itself."""
        if self.rule is not None:
            return self.rule.grounds
        return self.bound.grounds if self.bound is not None else None


class Uncounted(NamedTuple):
    """A record that is known but adds nothing, and why. `rule` is None when no rule counts its kind."""

    record: Record
    reason: Reason
    rule: Rule | None
    points: int
    lapses_on: date | None


@dataclass(frozen=True, slots=True)
class Score:
    """A score of one day as known at one moment. `changes_on`: first day on which anything of it may change by itself.

    The lines' points sum to `points`, always; `dimensions` maps every dimension to the sum of its lines.
    """

    points: int
    level: Level
    lines: tuple[Line, ...]
    uncounted: tuple[Uncounted, ...]
    dimensions: Mapping[str, int]
    vetoes: tuple[Line, ...]
    changes_on: date | None
    as_of: date
    known_at: datetime
    rulebook: Rulebook

    @property
    def incentives_suspended(self) -> bool:
        """Tell whether a veto is in force: no benefits are given while it is."""
        return bool(self.vetoes)
