"""Named queries of grants, their history and their holds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Result,
    ScalarSelect,
    Select,
    Table,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased

from backend.grants.grant import OPEN, Actor, Grant, GrantState, Turn
from backend.grants.tables import MERCHANT_WAITS, BenefitAccountRow, GrantEventRow, GrantRow, HoldTransferRow
from backend.people.tables import EnrolmentRow
from backend.storage.chains import table_of

_GRANT, _EVENT, _TRANSFER = table_of(GrantRow), table_of(GrantEventRow), table_of(HoldTransferRow)
_COLUMNS = [_GRANT.c[each.name] for each in fields(Grant)]
_LAST_AT = (
    select(func.max(_EVENT.c.happened_at))
    .where(_EVENT.c.subject_id == _GRANT.c.subject_id, _EVENT.c.grant_id == _GRANT.c.grant_id)
    .correlate(_GRANT)
    .scalar_subquery()
)
_CHANGING = ("state", "held_fen", "final_fen", "due_at", "started_at", "ends_at", "closes_at", "ended_at")


def find_grant(
    session: Session, grant_id: UUID, *, merchant: str | None = None, subject_id: UUID | None = None
) -> Grant | None:
    """Find a grant of a merchant, of a person, or (with neither) anybody's; None also for one of somebody else."""
    wanted = select(*_COLUMNS).where(_GRANT.c.grant_id == grant_id)
    if merchant is not None:
        wanted = wanted.where(_GRANT.c.merchant == merchant)
    if subject_id is not None:
        wanted = wanted.where(_GRANT.c.subject_id == subject_id)
    return _show(session.execute(wanted))


def hold_account_of_grant(
    session: Session, grant_id: UUID, *, merchant: str | None = None, subject_id: UUID | None = None
) -> UUID | None:
    """Hold the account of the person who has a grant until the transaction ends, and give the person.

    None where `find_grant` finds none: then nothing is held.
    """
    wanted = select(_GRANT.c.subject_id).where(_GRANT.c.grant_id == grant_id)
    if merchant is not None:
        wanted = wanted.where(_GRANT.c.merchant == merchant)
    if subject_id is not None:
        wanted = wanted.where(_GRANT.c.subject_id == subject_id)
    account = table_of(BenefitAccountRow)
    held = select(account.c.subject_id).where(account.c.subject_id == wanted.scalar_subquery()).with_for_update()
    return session.scalar(held)


def find_held_grant(session: Session, grant_id: UUID, *, now: datetime) -> tuple[Grant, datetime] | None:
    """Find a grant whose person's account this transaction holds, and the moment of a change that is made `now`.

    It is never before what has happened to the grant: of two calls, the one that began first may get the account last,
    and a history that goes back in time would tell of a midnight what neither of them saw.
    """
    row = session.execute(select(*_COLUMNS, _LAST_AT.label("last_at")).where(_GRANT.c.grant_id == grant_id)).mappings()
    found = row.one_or_none()
    if found is None:
        return None
    grant = Grant(**{column.name: found[column.name] for column in _COLUMNS})
    return grant, _follow(now, grant.granted_at, found["last_at"])


def list_moments(session: Session, grants: Iterable[Grant], *, now: datetime) -> dict[UUID, datetime]:
    """List for some grants of a person whose account is held the moment of a change `now`; see `find_held_grant`."""
    here = _GRANT.c.grant_id.in_([grant.grant_id for grant in grants])
    rows = session.execute(select(_GRANT.c.grant_id, _GRANT.c.granted_at, _LAST_AT).where(here))
    return {row[0]: _follow(now, row[1], row[2]) for row in rows}


def find_grant_by_order(session: Session, merchant: str, order_no: str) -> Grant | None:
    """Find the grant of a merchant's order."""
    wanted = select(*_COLUMNS).where(_GRANT.c.merchant == merchant, _GRANT.c.order_no == order_no)
    return _show(session.execute(wanted))


def list_grants_of_merchant(
    session: Session,
    merchant: str,
    *,
    states: Collection[GrantState] = (),
    before: tuple[date, UUID] | None,
    limit: int,
    now: datetime,
) -> list[Grant]:
    """List at most `limit` grants of a merchant, the newest first; only those before a day and id, if given.

    With `states` only those that stand in one of them at `now`, whether what time has done is written down or not.
    """
    wanted = select(*_COLUMNS).where(_GRANT.c.merchant == merchant)
    if states:
        wanted = wanted.where(or_(*(_stands_in(state, merchant, now) for state in states)))
        if OPEN | {GrantState.BROKEN} >= set(states):
            wanted = wanted.where(text(MERCHANT_WAITS))
    if before is not None:
        wanted = wanted.where(tuple_(_GRANT.c.granted_on, _GRANT.c.grant_id) < before)
    return _show_all(session, wanted.order_by(_GRANT.c.granted_on.desc(), _GRANT.c.grant_id.desc()).limit(limit))


def list_grants_of_person(session: Session, subject_id: UUID, *, before: UUID | None, limit: int) -> list[Grant]:
    """List at most `limit` grants of a person, the newest first; only those before grant `before`, if given."""
    wanted = select(*_COLUMNS).where(_GRANT.c.subject_id == subject_id)
    if before is not None:
        wanted = wanted.where(_GRANT.c.grant_id < before)
    return _show_all(session, wanted.order_by(_GRANT.c.grant_id.desc()).limit(limit))


def has_open_grant(session: Session, subject_id: UUID, scenarios: Iterable[str]) -> bool:
    """Tell whether a person has a grant of one of the scenarios that has not ended."""
    here = (_GRANT.c.subject_id == subject_id, _GRANT.c.ended_at.is_(None), _GRANT.c.scenario.in_(sorted(scenarios)))
    return session.scalar(select(_GRANT.c.grant_id).where(*here).limit(1)) is not None


def list_open_grants(session: Session, subject_id: UUID) -> list[Grant]:
    """List the grants of a person that have not ended, oldest first."""
    here = (_GRANT.c.subject_id == subject_id, _GRANT.c.ended_at.is_(None))
    return _show_all(session, select(*_COLUMNS).where(*here).order_by(_GRANT.c.grant_id))


def list_due_persons(session: Session, now: datetime, *, limit: int) -> list[UUID]:
    """List at most `limit` persons who have a grant that changes by itself by now, those due longest first."""
    wanted = select(_GRANT.c.subject_id).where(_GRANT.c.due_at <= now).order_by(_GRANT.c.due_at).limit(limit)
    return list(dict.fromkeys(session.scalars(wanted)))


def list_departures(session: Session, grant_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """List since when the persons of some grants have left; no grant is left before the last that happened to it."""
    closed_at = func.min(EnrolmentRow.closed_at)
    wanted = (
        select(_GRANT.c.grant_id, closed_at, _GRANT.c.granted_at, _LAST_AT)
        .join(EnrolmentRow, leaves_grant())
        .where(_GRANT.c.grant_id.in_(list(grant_ids)))
        .group_by(_GRANT.c.subject_id, _GRANT.c.grant_id, _GRANT.c.granted_at)
    )
    return {row[0]: _follow(*row[1:]) for row in session.execute(wanted)}


def leaves_grant() -> ColumnElement[bool]:
    """Tell of an enrolment whether its end left a grant: one closed since it was given, or the last before it.

    A closing that began before a grant was given, and ended after it, has the earlier moment of the two.
    """
    later = aliased(EnrolmentRow)
    is_followed = exists().where(
        later.subject_id == EnrolmentRow.subject_id,
        later.enrolment_no > EnrolmentRow.enrolment_no,
        later.opened_at <= _GRANT.c.granted_at,
    )
    return and_(
        EnrolmentRow.subject_id == _GRANT.c.subject_id,
        EnrolmentRow.closed_at.is_not(None),
        or_(EnrolmentRow.closed_at >= _GRANT.c.granted_at, ~is_followed),
    )


def put_grant(session: Session, before: Grant, after: Grant) -> bool:
    """Write how a grant stands now; False when it does not stand any more as it was before."""
    changes = {name: getattr(after, name) for name in _CHANGING}
    as_before = (_GRANT.c.state == before.state, _GRANT.c.held_fen == before.held_fen)
    here = (_GRANT.c.subject_id == before.subject_id, _GRANT.c.grant_id == before.grant_id)
    changed = update(_GRANT).where(*here, *as_before).values(changes).returning(_GRANT.c.grant_id)
    return session.execute(changed).one_or_none() is not None


def add_event(
    session: Session,
    grant: Grant,
    turn: Turn,
    *,
    by: Actor,
    clerk: str | None,
    amount_fen: int | None,
    at: datetime,
) -> None:
    """Add to the history of a grant what has happened to it, and how it stands then."""
    values = {
        **_name_place(grant),
        "event_no": _next_number(_EVENT, _EVENT.c.event_no, grant),
        "event": turn.value,
        "state": str(grant.state),
        "held_fen": grant.held_fen,
        "amount_fen": amount_fen,
        "by": by.value,
        "clerk": clerk,
        "happened_at": at,
    }
    session.execute(insert(_EVENT).values(values))


def add_transfer(session: Session, grant: Grant, debit: str, credit: str, amount_fen: int, *, at: datetime) -> None:
    """Add a transfer between two accounts of a person's limit."""
    values = {
        **_name_place(grant),
        "transfer_no": _next_number(_TRANSFER, _TRANSFER.c.transfer_no, grant),
        "debit": debit,
        "credit": credit,
        "amount_fen": amount_fen,
        "transferred_at": at,
    }
    session.execute(insert(_TRANSFER).values(values))


def list_events(session: Session, subject_id: UUID, grant_ids: Iterable[UUID]) -> Sequence[GrantEventRow]:
    """List what has happened to some grants of a person, each in order."""
    here = (GrantEventRow.subject_id == subject_id, GrantEventRow.grant_id.in_(list(grant_ids)))
    return session.scalars(
        select(GrantEventRow).where(*here).order_by(GrantEventRow.grant_id, GrantEventRow.event_no)
    ).all()


def _stands_in(state: GrantState, merchant: str, now: datetime) -> ColumnElement[bool]:
    """Tell of a grant whether it stands in a state at `now`, as `due.see_grants` sees it."""
    states = (state, GrantState.RESERVED, GrantState.IN_USE, GrantState.OVERDUE)
    written, reserved, used, overdue = (_GRANT.c.state == each for each in states)
    is_left = _GRANT.c.grant_id.in_(
        select(_GRANT.c.grant_id)
        .join(EnrolmentRow, leaves_grant())
        .where(_GRANT.c.merchant == merchant, text(MERCHANT_WAITS), reserved, EnrolmentRow.closed_at < _GRANT.c.due_at)
        .correlate(None)
    )
    is_due, lasts, is_closed = _GRANT.c.due_at <= now, _GRANT.c.due_at > now, _GRANT.c.closes_at <= now
    seen = {
        GrantState.RESERVED: and_(written, lasts, ~is_left),
        GrantState.IN_USE: and_(written, lasts),
        GrantState.OVERDUE: or_(and_(written, lasts), and_(used, is_due, _GRANT.c.closes_at > now)),
        GrantState.SETTLED: or_(written, and_(or_(used, overdue), is_closed)),
        GrantState.EXPIRED: or_(written, and_(reserved, is_due, ~is_left)),
        GrantState.CANCELLED: or_(written, and_(reserved, is_left)),
    }
    return seen.get(state, written)


def _follow(at: datetime, granted_at: datetime, last_at: datetime | None) -> datetime:
    return max(at, granted_at, last_at or granted_at)


def _name_place(grant: Grant) -> dict[str, object]:
    return {"subject_id": grant.subject_id, "grant_id": grant.grant_id}


def _next_number(table: Table, number: Column[int], grant: Grant) -> ScalarSelect[int]:
    """Count on; nobody else does, as the person's account is held."""
    here = (table.c.subject_id == grant.subject_id, table.c.grant_id == grant.grant_id)
    return select(func.coalesce(func.max(number), 0) + 1).where(*here).scalar_subquery()


def _show_all(session: Session, wanted: Select[Any]) -> list[Grant]:
    return [Grant(**row) for row in session.execute(wanted).mappings()]


def _show(found: Result[Any]) -> Grant | None:
    row = found.mappings().one_or_none()
    return None if row is None else Grant(**row)
