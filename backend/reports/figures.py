"""What a figure of quality is: parts of wholes, and nothing where there is no whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from backend.gateways.working_days import WorkingCalendar
from scoring.catalogue import Deadline

PERMILLE = 1000


class Share(NamedTuple):
    """How many of how many."""

    part: int
    whole: int

    @property
    def permille(self) -> int | None:
        """The part in thousandths of the whole, rounded down so that 1000 means all; None of nothing."""
        return self.part * PERMILLE // self.whole if self.whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """How many were in time by a deadline; `pending` may still be, `not_judged` lie beyond the published calendar."""

    deadline: Deadline
    in_time: Share
    pending: int
    not_judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Working days from the day of the fact to that of the receipt, over `rows`; of `not_known` rows nobody can say.

    Of two rows in the middle the median is the sooner one. Both figures are None where there is no row.
    """

    rows: int
    median_working_days: int | None
    worst_working_days: int | None
    not_known: int


@dataclass(slots=True)
class DeadlineTally:
    """Rows while they are held against a deadline."""

    deadline: Deadline
    in_time: int = 0
    late: int = 0
    pending: int = 0
    not_judged: int = 0

    def add(self, verdict: bool | None, rows: int) -> None:  # noqa: FBT001 - it is what `is_in_time` says
        """Add rows that were in time, or late, or of which it is not known."""
        if verdict is None:
            self.not_judged += rows
        elif verdict:
            self.in_time += rows
        else:
            self.late += rows

    def close(self) -> Punctuality:
        """Give the figure: only what was judged is in its whole."""
        in_time = Share(self.in_time, self.in_time + self.late)
        return Punctuality(deadline=self.deadline, in_time=in_time, pending=self.pending, not_judged=self.not_judged)


@dataclass(slots=True)
class DelayTally:
    """Rows by their delay in working days; None stands for those beyond the published calendar."""

    rows: Counter[int | None] = field(default_factory=Counter)

    def add(self, calendar: WorkingCalendar, occurred_on: date | None, received_on: date, rows: int) -> None:
        """Add rows of one day that were received on another."""
        known = None if occurred_on is None else calendar.count(occurred_on, received_on)
        self.rows[known] += rows

    def close(self) -> Delay:
        """Give the figure."""
        known = {delay: rows for delay, rows in self.rows.items() if delay is not None}
        return Delay(
            rows=sum(known.values()),
            median_working_days=_find_median(known),
            worst_working_days=max(known, default=None),
            not_known=self.rows[None],
        )


def _find_median(rows_by_delay: Mapping[int, int]) -> int | None:
    middle, seen = (sum(rows_by_delay.values()) + 1) // 2, 0
    for delay in sorted(rows_by_delay):
        seen += rows_by_delay[delay]
        if seen >= middle:
            return delay
    return None
