"""Named queries of grants, their history and their holds."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Result, ScalarSelect, Select, Table, and_, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from backend.grants.grant import Actor, Grant, Turn
from backend.grants.tables import BenefitAccountRow, GrantEventRow, GrantRow, HoldTransferRow
from backend.people.tables import EnrolmentRow
from backend.storage.chains import table_of

_GRANT, _EVENT, _TRANSFER = table_of(GrantRow), table_of(GrantEventRow), table_of(HoldTransferRow)
_COLUMNS = [_GRANT.c[each.name] for each in fields(Grant)]
_CHANGING = ("state", "held_fen", "final_fen", "due_at", "started_at", "ends_at", "ended_at")


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


def find_grant_by_order(session: Session, merchant: str, order_no: str) -> Grant | None:
    """Find the grant of a merchant's order."""
    wanted = select(*_COLUMNS).where(_GRANT.c.merchant == merchant, _GRANT.c.order_no == order_no)
    return _show(session.execute(wanted))


def list_grants_of_merchant(
    session: Session, merchant: str, *, before: tuple[date, UUID] | None, limit: int
) -> list[Grant]:
    """List at most `limit` grants of a merchant, the newest first; only those before a day and id, if given."""
    wanted = select(*_COLUMNS).where(_GRANT.c.merchant == merchant)
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
    """List since when the persons of some grants have left: the first closing of an account since each was given."""
    closed = (EnrolmentRow.subject_id == _GRANT.c.subject_id, EnrolmentRow.closed_at >= _GRANT.c.granted_at)
    wanted = (
        select(_GRANT.c.grant_id, func.min(EnrolmentRow.closed_at))
        .join(EnrolmentRow, and_(*closed))
        .where(_GRANT.c.grant_id.in_(list(grant_ids)))
        .group_by(_GRANT.c.grant_id)
    )
    return {row[0]: row[1] for row in session.execute(wanted)}


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
