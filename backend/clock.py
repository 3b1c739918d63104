"""The one place where time enters the system.

Everything else is handed a moment (aware, UTC). A day is a calendar day in Asia/Shanghai, because the
regulations count in days of the city and not of a data centre.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from scoring.days import day_of


class Clock(Protocol):
    """Whatever can say what moment it is."""

    def now(self) -> datetime:
        """Give the present moment, aware and in UTC."""
        ...

    def machine_now(self) -> datetime:
        """Give the moment of this machine, for whatever is compared with the clock of another one.

        It differs from `now` only where time can be moved, which is in the sandbox.
        """
        ...


class SystemClock:
    """The clock of the machine, for production."""

    def now(self) -> datetime:
        """Give the present moment, aware and in UTC."""
        return datetime.now(UTC)

    def machine_now(self) -> datetime:
        """Give the same moment: this clock cannot be moved."""
        return self.now()


class FixedClock:
    """A clock that stands until it is moved, for tests, demos and replays."""

    def __init__(self, moment: datetime) -> None:
        """Stop the clock at `moment`; a moment without a zone is a ValueError."""
        self._moment = _in_utc(moment)

    def now(self) -> datetime:
        """Give the moment at which the clock stands, aware and in UTC."""
        return self._moment

    def machine_now(self) -> datetime:
        """Give the same moment: whoever holds this clock holds every clock."""
        return self._moment

    def move(self, step: timedelta) -> None:
        """Move the clock by `step`, which may be negative."""
        self._moment += step


def today(moment: datetime) -> date:
    """Give the calendar day in Asia/Shanghai on which `moment` (aware) falls; a naive one is a ValueError."""
    return day_of(_in_utc(moment))


def format_moment(moment: datetime) -> str:
    """Write a moment (aware) as RFC 3339 in UTC with `Z`; a naive one is a ValueError."""
    return _in_utc(moment).isoformat().replace("+00:00", "Z")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give an aware moment, such as one in UTC")
    return moment.astimezone(UTC)
