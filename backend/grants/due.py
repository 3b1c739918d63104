"""What happens to grants when nobody does anything: a reservation lapses, what is in use too long is overdue.

What its merchant leaves overdue for too long is let go at nothing: a merchant that says nothing bars nobody for ever.
What is broken has been reported, and no time ends it here.

Whoever reads a grant sees it as time has left it by now, and whoever changes anything of a person writes that down
first, so that nothing depends on a worker being alive. The sweep of the worker does it for those whom nobody touches.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.grants.changes import Change, apply_change, end
from backend.grants.grant import UNUSED, Actor, Grant, GrantState, PlaceKey, Turn, list_shared_places
from backend.grants.places import LedgerError, hold_account, hold_places
from backend.grants.queries import list_departures, list_due_persons, list_open_grants
from backend.storage.database import Database, StorageUnavailableError

SWEPT_AT_ONCE = 100


def see_grants(session: Session, grants: Sequence[Grant], *, now: datetime) -> list[Grant]:
    """Give grants as they stand at `now`; nothing is written, so whoever only reads need not hold anything."""
    left_at = _find_departures(session, grants)
    changes = [_pass_time(grant, left_at.get(grant.grant_id), now) for grant in grants]
    return [passed[-1].after if passed else grant for grant, passed in zip(grants, changes, strict=True)]


def settle_grants(
    session: Session, grants: Sequence[Grant], *, now: datetime, others: Iterable[PlaceKey] = ()
) -> list[Grant]:
    """Write down what time has done to grants of a person whose account this transaction holds; gives how they stand.

    `others` are places that the caller takes afterwards: they are held along, in order.
    """
    left_at = _find_departures(session, grants)
    changes = [_pass_time(grant, left_at.get(grant.grant_id), now) for grant in grants]
    ended = [passed[-1].after for passed in changes if passed and passed[-1].after.state in UNUSED]
    given_back = [key for grant in ended for key in list_shared_places(grant)]
    if given_back:
        hold_places(session, [*given_back, *others])
    return [_apply_all(session, grant, passed, now) for grant, passed in zip(grants, changes, strict=True)]


def settle_person(session: Session, subject_id: UUID, *, now: datetime, others: Iterable[PlaceKey] = ()) -> int:
    """Write down what time has done to all grants of a person whose account this transaction holds; gives how many."""
    before = list_open_grants(session, subject_id)
    after = settle_grants(session, before, now=now, others=others)
    return sum(1 for old, new in zip(before, after, strict=True) if old != new)


def sweep_due(database: Database, *, now: datetime, limit: int = SWEPT_AT_ONCE) -> int:
    """Write down what time has done where nobody looks, each person in a transaction of his own; gives how much it was.

    A person whom another transaction holds is left for the next sweep. One whose accounts do not agree keeps nobody
    else waiting: his fault is raised when all others are done. Raises StorageUnavailableError.
    """
    with database.reading() as session:
        persons = list_due_persons(session, now, limit=limit)
    changed, faults = 0, list[Exception]()
    for subject_id in persons:
        try:
            with suppress(StorageUnavailableError), database.transaction(patient=False) as session:
                hold_account(session, subject_id)
                changed += settle_person(session, subject_id, now=now)
        except (LedgerError, IntegrityError) as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return changed


def _find_departures(session: Session, grants: Sequence[Grant]) -> Mapping[UUID, datetime]:
    """Find since when the persons of reserved grants have left; nobody asks where none is reserved."""
    reserved = [grant.grant_id for grant in grants if grant.state == GrantState.RESERVED]
    return list_departures(session, reserved) if reserved else {}


def _apply_all(session: Session, grant: Grant, changes: Iterable[Change], now: datetime) -> Grant:
    for change in changes:
        grant = apply_change(session, grant, change, now=now)
    return grant


def _pass_time(grant: Grant, left_at: datetime | None, now: datetime) -> list[Change]:
    """Find what becomes of a grant by itself, one after the other: nobody may have looked for long."""
    changes = list[Change]()
    while (change := _find_next(grant, left_at, now)) is not None:
        changes.append(change)
        grant = change.after
    return changes


def _find_next(grant: Grant, left_at: datetime | None, now: datetime) -> Change | None:
    """Find what happens to a grant next, at the moment at which it did, whenever that is noticed."""
    if grant.state == GrantState.RESERVED and left_at is not None and not (grant.is_due(left_at)):
        after = end(grant, GrantState.CANCELLED, final_fen=None, now=left_at)
        return Change(turn=Turn.CANCEL, after=after, by=Actor.CITIZEN, at=left_at)
    if grant.due_at is None or grant.due_at > now:
        return None
    if grant.state == GrantState.RESERVED:
        after = end(grant, GrantState.EXPIRED, final_fen=None, now=grant.due_at)
        return Change(turn=Turn.EXPIRE, after=after, by=Actor.TIME, at=grant.due_at)
    if grant.state == GrantState.OVERDUE:
        after = end(grant, GrantState.SETTLED, final_fen=0, now=grant.due_at)
        return Change(turn=Turn.SETTLE, after=after, by=Actor.TIME, at=grant.due_at, amount_fen=0)
    after = replace(grant, state=GrantState.OVERDUE, due_at=grant.closes_at)
    return Change(turn=Turn.FALL_DUE, after=after, by=Actor.TIME, at=grant.due_at)
