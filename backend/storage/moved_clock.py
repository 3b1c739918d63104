"""A clock that can be moved forward, for the sandbox: how far is kept in the database, so that all processes agree.

Its row is also the mark of a sandbox: a database with it is never served as a real one, nor the other way round.
"""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.clock import Clock
from backend.storage.database import Database
from backend.storage.questions import Question
from backend.storage.tables import Row

FARTHEST = timedelta(days=3660)


class MovedClockRow(Row):
    """How far the clock of a sandbox is ahead of that of the machine; one row, in a sandbox only."""

    __tablename__ = "moved_clock"
    __table_args__ = (CheckConstraint("number = 1", name="number"), CheckConstraint("ahead_s >= 0", name="ahead_s"))

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ahead_s: Mapped[int]


_AHEAD = Question(select(MovedClockRow.ahead_s))


class MovedClock:
    """The clock of the machine, ahead by what the database says; raises StorageUnavailableError like every question."""

    def __init__(self, machine: Clock, database: Database) -> None:
        self._machine = machine
        self._database = database

    def now(self) -> datetime:
        """Give the moment of the sandbox, aware and in UTC; a database without the mark is a LookupError."""
        row = self._database.ask(_AHEAD, {})
        if row is None:
            raise LookupError("the database is no sandbox: it has no moved clock; `shangding sandbox` makes one")
        return self._machine.now() + timedelta(seconds=row[0])

    def machine_now(self) -> datetime:
        """Give the moment of the machine."""
        return self._machine.now()


def mark_as_sandbox(session: Session) -> None:
    """Make an empty database that of a sandbox, its clock not moved yet."""
    session.add(MovedClockRow(number=1, ahead_s=0))
    session.flush()


def is_sandbox(session: Session) -> bool:
    """Tell whether a database is that of a sandbox."""
    return session.scalar(select(MovedClockRow.number)) is not None


def move_clock(session: Session, ahead: timedelta) -> bool:
    """Set how far the clock is ahead of the machine's (whole seconds); it never goes back.

    False when it would, or when it would be more than ten years ahead. Setting it once more changes nothing.
    """
    seconds = int(ahead.total_seconds())
    if seconds > FARTHEST.total_seconds():
        return False
    moved = session.scalars(
        update(MovedClockRow)
        .where(MovedClockRow.ahead_s <= seconds)
        .values(ahead_s=seconds)
        .returning(MovedClockRow.ahead_s)
    ).all()
    return bool(moved)
