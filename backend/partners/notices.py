"""What partners must still be told: each notice waits in an outbox until its partner has confirmed it, for ever.

A worker holds a notice by a lease of a minute; whoever dies leaves a lease that runs out, and the notice is sent again:
a partner tells repeats by the notice's id. Waits double from one second to thirty and stay there, so that whatever was
held up is under way half a minute after the partner is back; and after one success everything is tried at once. One
that the partner refuses though it is there is tried again, too, and for ever, but it waits longer and longer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.partners.message_adding import await_turn
from backend.partners.message_tables import (
    REFUSED,
    NoticeRow,
    TakenNoticeRow,
    confirm_notice,
    count_waiting,
    hasten_waiting,
    list_due_partners,
    postpone_notice,
    take_due_notices,
    unlease_notices,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

LEASED_FOR = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=30)
_MOST_DOUBLINGS = 5
# What stops something is tried each hour, whoever refuses it; what only reports waits for somebody who mends it.
FIRST_REFUSED_WAIT = timedelta(minutes=1)
LONGEST_REFUSED_WAIT, LONGEST_REFUSED_REPORT = timedelta(hours=1), timedelta(days=1)


class NoticeKind(StrEnum):
    """What a notice says."""

    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    USED = "used"
    SUSPENDED = "suspended"
    RESUMED = "resumed"


class HeldNotice(NamedTuple):
    """A notice that a worker holds: what to send, and the lease that proves the hold."""

    notice_id: UUID
    partner: str
    kind: NoticeKind
    about: UUID | None
    subject_id: UUID | None
    content: Mapping[str, Any]
    left_at: datetime
    attempts: int
    lease: UUID


class Waiting(NamedTuple):
    """How many notices wait for a partner, how many of them it has refused, and since when the oldest of all does."""

    partner: str
    notices: int
    refused: int
    oldest_at: datetime


def leave_notice(
    session: Session,
    *,
    partner: str,
    kind: NoticeKind,
    about: UUID | None,
    subject_id: UUID | None,
    content: Mapping[str, Any],
    now: datetime,
) -> UUID:
    """Leave a notice for a partner in the transaction of its cause; it is due at once. Gives its id."""
    row = NoticeRow(
        notice_id=new_id(now),
        partner=partner,
        kind=kind.value,
        about=about,
        subject_id=subject_id,
        content=dict(content),
        left_at=now,
        attempts=0,
        due_at=now,
    )
    session.add(row)
    session.flush()
    return row.notice_id


def take_notices(
    session: Session, partner: str, *, limit: int, is_trial: bool = False, now: datetime
) -> list[HeldNotice]:
    """Lease at most `limit` notices that are due for a partner, for a minute; this counts as an attempt.

    On trial, where the partner has just taken nothing, the one that was tried least comes first.
    """
    taken = []
    for row in take_due_notices(session, partner, limit=limit, is_trial=is_trial, now=now):
        lease = new_id(now)
        row.attempts, row.due_at, row.lease, row.attempted_at = row.attempts + 1, now + LEASED_FOR, lease, now
        taken.append(_hold(row, lease))
    session.flush()
    return taken


def settle_notice(
    session: Session,
    held: HeldNotice,
    *,
    confirmation: Mapping[str, Any] | None = None,
    fault: str | None = None,
    now: datetime,
) -> bool:
    """Note how sending went: what the partner confirmed, or the fault after which it is tried again.

    A fault that begins with `REFUSED` is the partner's word on this one notice, which then waits on its own. A
    confirmation is a fact and counts even when the lease has run out. False when another worker was first. Neither or
    both of the two is a ValueError.
    """
    if (confirmation is None) == (fault is None):
        raise ValueError("give either what was confirmed or the fault")
    if confirmation is not None:
        return confirm_notice(session, held.notice_id, dict(confirmation), now)
    is_refused = str(fault).startswith(REFUSED)
    wait = find_refused_wait(held.kind, now - held.left_at) if is_refused else find_wait(held.attempts)
    return postpone_notice(session, held.notice_id, held.lease, fault=str(fault), due_at=now + wait)


def release_notices(session: Session, held: Iterable[HeldNotice], *, now: datetime) -> None:
    """Give back notices that were not sent after all: they are due, and it was no attempt."""
    unlease_notices(session, {each.notice_id: each.lease for each in held}, now)


def find_wait(attempts: int) -> timedelta:
    """Find how long to wait after so many attempts (1 or more): 1, 2, 4, 8, 16 seconds, then always 30."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, _MOST_DOUBLINGS)), LONGEST_WAIT)


def find_refused_wait(kind: NoticeKind, age: timedelta) -> timedelta:
    """Find how long a notice waits that is refused at an age: as long again, from a minute to an hour.

    A report of a use may come to wait a day.
    """
    longest = LONGEST_REFUSED_REPORT if kind is NoticeKind.USED else LONGEST_REFUSED_WAIT
    return min(max(age, FIRST_REFUSED_WAIT), longest)


def hasten_notices(session: Session, partner: str, now: datetime) -> int:
    """Make everything due that waits for a partner, who has just shown that it is there; gives how many.

    What it has refused goes on waiting: that it was away did not keep it from taking that.
    """
    return hasten_waiting(session, partner, now)


def list_partners_with_notices(session: Session, now: datetime) -> list[str]:
    """List the partners that a notice is due for, in order of their codes; ended ones too, as they still must know."""
    return list(list_due_partners(session, now))


def list_waiting(session: Session) -> list[Waiting]:
    """List the partners that something waits for, with how much and since when."""
    return [Waiting(*each) for each in count_waiting(session)]


def take_in(session: Session, partner: str, notice_id: UUID, digest: bytes) -> dict[str, Any] | Refusal | None:
    """Look whether a partner's notice was taken before, and give what was confirmed; None: go on, it is the first.

    `digest` is the SHA-256 of its body. Of two at once the second waits here until the first has ended. Refusal:
    `notice_reused`.
    """
    await_turn(session, partner, notice_id)
    row = session.get(TakenNoticeRow, (partner, notice_id))
    if row is None:
        return None
    return row.confirmation if row.digest == digest else Refusal(ProblemCode.NOTICE_REUSED)


def keep_taken(
    session: Session,
    partner: str,
    notice_id: UUID,
    *,
    digest: bytes,
    kind: str,
    confirmation: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep what is confirmed of a notice, in the transaction of its effect, in which `take_in` gave None before."""
    session.add(
        TakenNoticeRow(
            partner=partner,
            notice_id=notice_id,
            digest=digest,
            kind=kind,
            confirmation=dict(confirmation),
            taken_at=now,
        )
    )
    session.flush()


def _hold(row: NoticeRow, lease: UUID) -> HeldNotice:
    return HeldNotice(
        notice_id=row.notice_id,
        partner=row.partner,
        kind=NoticeKind(row.kind),
        about=row.about,
        subject_id=row.subject_id,
        content=row.content,
        left_at=row.left_at,
        attempts=row.attempts,
        lease=lease,
    )
