"""Merchants who ask about people that are not there: misses are counted; too many slow a merchant down, and are noted.

A no costs the merchant something, whoever it was about; so nobody can learn about many by asking often, and what was
tried can be seen. The figures are our own choice, wide enough for a busy counter at which most people get nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.benefits.probe_tables import count_miss, count_served, find_misses, list_slowed, note_slowed
from backend.web.problems import ProblemCode, Refusal

WINDOW = timedelta(minutes=10)


class Miss(StrEnum):
    """What counts: a no after a code, a code of ours that cannot be used, an ask that came to no benefit.

    A code that we never made counts for nothing: nobody guesses one of 160 bits, and whoever stands at an unattended
    gate could shut it for everybody.
    """

    NOT_GRANTED = "not_granted"
    CODE_UNUSABLE = "code_unusable"
    UNCONFIRMED_ASK = "unconfirmed_ask"


class Allowance(NamedTuple):
    """How many misses are free in a window, and how many more for each person who was given something in it."""

    free: int
    per_served: int


ALLOWANCES: Mapping[Miss, Allowance] = MappingProxyType(
    {
        Miss.NOT_GRANTED: Allowance(free=300, per_served=4),
        Miss.CODE_UNUSABLE: Allowance(free=30, per_served=1),
        Miss.UNCONFIRMED_ASK: Allowance(free=30, per_served=4),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeWindow:
    """Ten minutes in which a merchant was slowed down."""

    merchant: str
    miss: Miss
    misses: int
    starts_at: datetime
    slowed_at: datetime


def find_window(now: datetime) -> datetime:
    """Find when the window began in which a moment falls."""
    since_epoch = now - datetime(1970, 1, 1, tzinfo=UTC)
    return now - since_epoch % WINDOW


def count_as_miss(session: Session, merchant: str, miss: Miss, *, now: datetime) -> None:
    """Count a miss of a merchant."""
    count_miss(session, merchant, miss.value, find_window(now))


def forgive_ask(session: Session, merchant: str, *, asked_at: datetime) -> None:
    """Take an ask off the count: it came to a benefit, of which the merchant is told."""
    count_miss(session, merchant, Miss.UNCONFIRMED_ASK.value, find_window(asked_at), by=-1)


def find_slowing(
    session: Session,
    merchant: str,
    kinds: Collection[Miss],
    *,
    now: datetime,
    misses: Mapping[str, int] | None = None,
) -> Refusal | None:
    """Say whether a merchant must wait for the next window: `too_many_misses`, noted once a window; or None.

    `misses` are those of this window, where somebody has read them already.
    """
    starts_at = find_window(now)
    misses = find_misses(session, merchant, starts_at) if misses is None else misses
    many = [miss for miss in Miss if miss in kinds and misses.get(miss, 0) >= ALLOWANCES[miss].free]
    if not many:
        return None
    served = count_served(session, merchant, starts_at)
    for miss in many:
        allowance = ALLOWANCES[miss]
        if misses[miss] >= allowance.free + allowance.per_served * served:
            note_slowed(session, merchant, miss, starts_at, now=now)
            wait_s = max(1, int((starts_at + WINDOW - now).total_seconds()))
            return Refusal(ProblemCode.TOO_MANY_MISSES, headers={"Retry-After": str(wait_s)})
    return None


def list_probes(session: Session, *, limit: int) -> list[ProbeWindow]:
    """List at most `limit` windows in which merchants were slowed down, the newest first."""
    return [
        ProbeWindow(
            merchant=row.merchant,
            miss=Miss(row.miss),
            misses=row.misses,
            starts_at=row.starts_at,
            slowed_at=row.slowed_at or row.starts_at,
        )
        for row in list_slowed(session, limit=limit)
    ]
