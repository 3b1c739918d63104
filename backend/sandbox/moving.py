"""Moving the clock of a sandbox forward: whatever time does, it has done when the call returns."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from backend.benefits.ask_expiry import expire_asks
from backend.benefits.card_ending import sweep_cards
from backend.benefits.judging import Tools
from backend.clock import Clock
from backend.grants.due import sweep_due
from backend.storage.database import Database
from backend.storage.moved_clock import FARTHEST, move_clock
from backend.web.problems import ProblemCode, Refusal

# A call that is sent again comes when the moment it names is just over.
REPEATED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxClock:
    """What time it is in the sandbox, and on the machine."""

    now: datetime
    machine_now: datetime


def read_clock(clock: Clock) -> SandboxClock:
    """Read both clocks."""
    return SandboxClock(now=clock.now(), machine_now=clock.machine_now())


def move_to(database: Database, moment: datetime, *, clock: Clock, tools: Tools) -> SandboxClock | Refusal:
    """Move the clock forward to a moment, and let asks, grants and cards end whose time is over by then.

    A moment that is just over leaves the clock as it is. Refusal: `clock_refused` for one that is longer over, or more
    than ten years ahead of the machine. Raises StorageUnavailableError.
    """
    now = clock.now()
    told = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    refusal = Refusal(ProblemCode.CLOCK_REFUSED, {"now": told, "most_days": FARTHEST.days})
    if moment < now - REPEATED_WITHIN:
        return refusal
    if moment > now:
        ahead = timedelta(seconds=ceil((moment - clock.machine_now()).total_seconds()))
        with database.transaction() as session:
            if not move_clock(session, ahead):
                return refusal
    let_time_pass(database, tools=tools, now=clock.now())
    return read_clock(clock)


def let_time_pass(database: Database, *, tools: Tools, now: datetime) -> None:
    """Do all that is due by now, as the sweeps of the worker would within a while."""
    while expire_asks(database, now=now) or sweep_due(database, now=now):
        continue
    sweep_cards(database, tools=tools, now=now)
