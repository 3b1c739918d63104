"""Passes over all that was told and may be used still, in portions: how far a process has come, and when it rests.

Where a pass stands is known to its process alone, and nothing is lost with it: what another finds stands in the rows.
What changes before the place where a pass stands, the next one finds.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.disclosures.doubt_tables import Doubt, Place, find_beginning, find_end_of_portion, list_doubtful

PORTION = 1_000
# A pass begins so long after the one before as it takes to read its rows at this rate: what more there is to read
# takes longer, and the database has time for others.
ROWS_A_SECOND = 50_000


@dataclass(slots=True)
class Pass:
    """One pass after the other that looks for one kind of doubt; `found` are the people nobody has looked at yet.

    `rows` counts those that were read since it began, in portions that others follow: a short pass needs no rest.
    """

    doubt: Doubt
    after: Place | None = None
    began_at: datetime | None = None
    rows: int = 0
    found: deque[UUID] = field(default_factory=deque)

    @property
    def is_under_way(self) -> bool:
        """Whether there is more to read or to look at."""
        return self.after is not None or bool(self.found)

    def begin(self, now: datetime) -> bool:
        """Begin anew; False while it rests. A clock that was set back ends the rest."""
        rest = timedelta(seconds=self.rows / ROWS_A_SECOND)
        if self.began_at is not None and self.began_at <= now < self.began_at + rest:
            return False
        self.after, self.began_at, self.rows = find_beginning(now), now, 0
        return True

    def read_on(self, session: Session, now: datetime) -> None:
        """Read the next portion of a pass that has one, and find about whom there is a doubt."""
        if self.after is None:
            return
        found = list_doubtful(session, self.doubt, self.after, rows=PORTION, now=now, day=today(now))
        self.after = find_end_of_portion(session, self.after, rows=PORTION)
        self.found.extend(found)
        self.rows += 0 if self.after is None else PORTION


@dataclass(slots=True)
class Progress:
    """How far a process has come with both kinds of passes."""

    changed: Pass = field(default_factory=lambda: Pass(Doubt.CHANGED))
    new_day: Pass = field(default_factory=lambda: Pass(Doubt.NEW_DAY))

    @property
    def is_under_way(self) -> bool:
        """Whether any pass has something left."""
        return self.changed.is_under_way or self.new_day.is_under_way
