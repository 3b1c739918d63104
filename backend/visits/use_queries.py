"""What visitors use here by the word of their home cities, and what of it was reported there: named queries."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import EntitlementSourceRow, VisitorEntitlementRow
from backend.grants.grant import GrantState
from backend.grants.tables import GrantEventRow, GrantRow
from backend.people.tables import EnrolmentRow
from backend.storage.inserts import insert_into
from backend.visits.tables import VisitorUseRow

# Nothing happens any more to a grant that ended so; a broken one may still be settled.
_FINAL = (GrantState.COMPLETED, GrantState.CANCELLED, GrantState.EXPIRED, GrantState.SETTLED)


class Use(NamedTuple):
    """A grant by the word of a home city: which grant, of whom, and which answer of which city."""

    subject_id: UUID
    grant_id: UUID
    partner: str
    question_id: UUID


class Turned(NamedTuple):
    """What has happened to a grant: the number of the event, how it stood then, and when."""

    event_no: int
    state: str
    happened_at: datetime


def list_users(session: Session, *, limit: int) -> list[UUID]:
    """List at most `limit` persons of whom `add_uses` would note something."""
    return list(
        session.scalars(_select_uses().with_only_columns(GrantRow.subject_id).distinct().order_by(None).limit(limit))
    )


def add_uses(session: Session, subject_id: UUID, *, now: datetime) -> None:
    """Note the grants of a person that rest on an entitlement and were not noted yet.

    One rests on it that was given for its scenario before its end, to somebody who did not take part here then; of
    several the last before the grant. A clock that was set back can make a grant older than what it rests on. Whoever
    deletes entitlements has to call this before.
    """
    found = session.execute(_select_uses().where(GrantRow.subject_id == subject_id))
    uses = {use.grant_id: use for use in (Use(*row) for row in found)}
    rows = [{**use._asdict(), "told_state": None, "event_no": 0, "step": 0, "found_at": now} for use in uses.values()]
    if rows:
        session.execute(insert_into(session, VisitorUseRow).on_conflict_do_nothing(), rows)


def _select_uses() -> Select[UUID, UUID, str, UUID]:
    row, source, grant = VisitorEntitlementRow, EntitlementSourceRow, GrantRow
    took_part = exists().where(
        EnrolmentRow.subject_id == grant.subject_id,
        EnrolmentRow.opened_at <= grant.granted_at,
        or_(EnrolmentRow.closed_at.is_(None), EnrolmentRow.closed_at > grant.granted_at),
    )
    is_noted = exists().where(VisitorUseRow.subject_id == grant.subject_id, VisitorUseRow.grant_id == grant.grant_id)
    rests_on = and_(
        grant.subject_id == row.subject_id,
        grant.scenario == row.scenario,
        grant.granted_at < row.until,
    )
    return (
        select(grant.subject_id, grant.grant_id, source.city, row.question_id)
        .join(row, rests_on)
        .join(source, and_(source.treaty_id == row.treaty_id, source.version == row.version))
        .where(~took_part, ~is_noted)
        .order_by(grant.subject_id, grant.grant_id, grant.granted_at >= row.given_at, row.given_at)
    )


def list_untold(session: Session, *, limit: int) -> list[tuple[UUID, UUID]]:
    """List at most `limit` uses, each with its person, of which the home city has not been told everything."""
    use, event = VisitorUseRow, GrantEventRow
    has_more = exists().where(
        event.subject_id == use.subject_id, event.grant_id == use.grant_id, event.event_no > use.event_no
    )
    is_open = and_(use.told_state.not_in(_FINAL), has_more)
    wanted = select(use.subject_id, use.grant_id).where(or_(use.told_state.is_(None), is_open)).limit(limit)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def lock_use(session: Session, subject_id: UUID, grant_id: UUID) -> VisitorUseRow | None:
    """Find a use and hold it until the transaction ends, as it is then."""
    row = VisitorUseRow
    wanted = select(row).where(row.subject_id == subject_id, row.grant_id == grant_id).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def list_turns(session: Session, subject_id: UUID, grant_id: UUID, *, after: int) -> list[Turned]:
    """List what has happened to a grant behind an event, in order."""
    row = GrantEventRow
    wanted = select(row.event_no, row.state, row.happened_at).where(
        row.subject_id == subject_id, row.grant_id == grant_id, row.event_no > after
    )
    return [Turned(*found) for found in session.execute(wanted.order_by(row.event_no))]


def put_told(session: Session, use: VisitorUseRow, *, state: str, event_no: int, step: int) -> None:
    """Write up to where a home city was told about a use that is held."""
    row = VisitorUseRow
    here = (row.subject_id == use.subject_id, row.grant_id == use.grant_id)
    changes = {"told_state": state, "event_no": event_no, "step": step}
    session.execute(update(row).where(*here).values(changes).execution_options(synchronize_session=False))
