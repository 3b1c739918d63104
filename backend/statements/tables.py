"""Daily statements that were closed, and what a merchant's day was: rows and their named queries.

A row is the proof of a statement, not its text: the text is made of grants, their events, the hold ledger and the
verifications, and must give the same hash at every reading.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, CompoundSelect, ForeignKey, and_, case, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from backend.benefits.verification_tables import VerificationRow
from backend.grants.queries import leaves_grant
from backend.grants.tables import GrantEventRow, GrantRow, HoldTransferRow
from backend.merchants.tables import MerchantRow
from backend.people.tables import EnrolmentRow
from backend.storage.bulk import is_one_of
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

HELD, GRANTED, RESERVED = "held", "granted", "reserved"


class StatementRow(Row):
    """The statement of one merchant for one city day, closed once and for ever; `previous` is the hash before it."""

    __tablename__ = "merchant_statement"
    __table_args__ = (
        CheckConstraint("closing_fen = opening_fen + held_fen - released_fen", name="sum"),
        CheckConstraint("length(sha256) = 64 AND length(previous) = 64", name="hash"),
    )

    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    previous: Mapped[str]
    grants: Mapped[int]
    verifications: Mapped[int]
    opening_fen: Mapped[int]
    held_fen: Mapped[int]
    released_fen: Mapped[int]
    closing_fen: Mapped[int]
    final_fen: Mapped[int]
    closed_at: Mapped[datetime]


class Window(NamedTuple):
    """A merchant's city day: from `since` until `before`, which is excluded."""

    merchant: str
    day: date
    since: datetime
    before: datetime


class TouchedGrant(NamedTuple):
    """What a statement needs of a grant."""

    subject_id: UUID
    grant_id: UUID
    order_no: str
    scenario: str
    via: str
    state: str
    agreed_fen: int
    granted_at: datetime
    ended_at: datetime | None


class GrantEvent(NamedTuple):
    """What happened to a grant, and how it stood then."""

    grant_id: UUID
    state: str
    held_fen: int
    amount_fen: int | None
    happened_at: datetime


class Transfer(NamedTuple):
    """What moved in the hold ledger for a grant."""

    grant_id: UUID
    debit: str
    credit: str
    amount_fen: int
    transferred_at: datetime


class Moved(NamedTuple):
    """What the hold ledger says of some transfers together: newly held, and let go."""

    held_fen: int
    released_fen: int


def find_registered_at(session: Session, merchant: str) -> datetime | None:
    """Find when a merchant was registered; None for one that is not."""
    return session.scalar(select(MerchantRow.registered_at).where(MerchantRow.code == merchant))


def list_merchant_codes(session: Session) -> Sequence[str]:
    """List the codes of all merchants, in order."""
    return session.scalars(select(MerchantRow.code).order_by(MerchantRow.code)).all()


def find_closed(session: Session, merchant: str, day: date) -> StatementRow | None:
    """Find the closed statement of a day."""
    return session.get(StatementRow, (merchant, day), populate_existing=True)


def find_last_closed(session: Session, merchant: str) -> StatementRow | None:
    """Find the newest closed statement of a merchant."""
    newest = select(StatementRow).where(StatementRow.merchant == merchant).order_by(StatementRow.day.desc()).limit(1)
    return session.scalars(newest).first()


def list_closed(session: Session, merchant: str, *, before: date | None, limit: int) -> Sequence[StatementRow]:
    """List at most `limit` closed statements of a merchant, the newest first; only those before a day, if given."""
    wanted = select(StatementRow).where(StatementRow.merchant == merchant)
    if before is not None:
        wanted = wanted.where(StatementRow.day < before)
    return session.scalars(wanted.order_by(StatementRow.day.desc()).limit(limit)).all()


def add_closed(session: Session, values: dict[str, object]) -> None:
    """Add a closed statement, unless it is there already."""
    session.execute(insert_into(session, StatementRow).values(values).on_conflict_do_nothing())


def list_unsettled(session: Session, window: Window, *, limit: int) -> Sequence[UUID]:
    """List at most `limit` persons with a grant that time, or leaving, changed before a window ends, unnoted so far.

    What is noted later is noted with its own moment, and would change a day that is closed.
    """
    open_ones = (GrantRow.merchant == window.merchant, GrantRow.ended_at.is_(None))
    due = select(GrantRow.subject_id).where(*open_ones, GrantRow.due_at < window.before)
    left = (
        select(GrantRow.subject_id)
        .join(EnrolmentRow, leaves_grant())
        .where(*open_ones, GrantRow.state == RESERVED, EnrolmentRow.closed_at < window.before)
    )
    return session.scalars(union(due, left).limit(limit)).all()


def list_touched_grants(session: Session, window: Window, *, after: UUID | None, limit: int) -> list[TouchedGrant]:
    """List at most `limit` grants that began or changed in a window, in order of their ids; only those behind one."""
    wanted = select(*_pick(GrantRow, TouchedGrant)).where(GrantRow.grant_id.in_(_select_touched(window)))
    if after is not None:
        wanted = wanted.where(GrantRow.grant_id > after)
    return [TouchedGrant(*row) for row in session.execute(wanted.order_by(GrantRow.grant_id).limit(limit))]


def count_lines(session: Session, window: Window, *, earliest: datetime) -> tuple[int, int, int]:
    """Count the grants, their changes and the verifications that the statement of a window must tell."""
    grants = select(func.count()).select_from(_select_touched(window).subquery())
    changes = (
        select(func.count())
        .select_from(GrantEventRow)
        .join(GrantRow, _is_of_grant(GrantEventRow.subject_id, GrantEventRow.grant_id))
        .where(GrantRow.merchant == window.merchant, *_is_within(GrantEventRow.happened_at, window))
    )
    verifications = select(func.count()).select_from(VerificationRow).where(*_is_told(window, earliest))
    return session.scalar(grants) or 0, session.scalar(changes) or 0, session.scalar(verifications) or 0


def list_events_until(session: Session, grants: Sequence[TouchedGrant], before: datetime) -> list[GrantEvent]:
    """List what happened to some grants before a moment, grant by grant, the earlier first.

    The moments order them and the numbers only what happened in one moment: a day is cut out of them by moments.
    """
    which = is_one_of(session, [GrantEventRow.subject_id, GrantEventRow.grant_id], [grant[:2] for grant in grants])
    wanted = select(*_pick(GrantEventRow, GrantEvent)).where(which, GrantEventRow.happened_at < before)
    rows = session.execute(wanted.order_by(GrantEventRow.grant_id, GrantEventRow.happened_at, GrantEventRow.event_no))
    return [GrantEvent(*row) for row in rows]


def list_transfers_until(session: Session, grants: Sequence[TouchedGrant], before: datetime) -> list[Transfer]:
    """List what moved in the hold ledger for some grants before a moment."""
    keys = [grant[:2] for grant in grants]
    which = is_one_of(session, [HoldTransferRow.subject_id, HoldTransferRow.grant_id], keys)
    wanted = select(*_pick(HoldTransferRow, Transfer)).where(which, HoldTransferRow.transferred_at < before)
    return [Transfer(*row) for row in session.execute(wanted)]


def sum_transfers(session: Session, window: Window) -> Moved:
    """Sum what the hold ledger moved for a merchant in a window, whatever grants say."""
    amount = HoldTransferRow.amount_fen
    held = func.coalesce(func.sum(case((HoldTransferRow.credit == HELD, amount), else_=0)), 0)
    released = func.coalesce(func.sum(case((HoldTransferRow.debit == HELD, amount), else_=0)), 0)
    wanted = (
        select(held, released)
        .join(GrantRow, _is_of_grant(HoldTransferRow.subject_id, HoldTransferRow.grant_id))
        .where(GrantRow.merchant == window.merchant, *_is_within(HoldTransferRow.transferred_at, window))
    )
    found = session.execute(wanted).one()
    return Moved(int(found[0]), int(found[1]))


def list_answered(
    session: Session, window: Window, *, earliest: datetime, after: UUID | None, limit: int
) -> Sequence[VerificationRow]:
    """List at most `limit` verifications whose merchant got the answer in a window, in order of their ids, behind one.

    A question that is not granted is open for its merchant until it expires, whatever the person did meanwhile. None
    of them was asked before `earliest`, which is what finds them.
    """
    wanted = select(VerificationRow).where(*_is_told(window, earliest))
    if after is not None:
        wanted = wanted.where(VerificationRow.verification_id > after)
    return session.scalars(wanted.order_by(VerificationRow.verification_id).limit(limit)).all()


def _pick(row: type[Row], value: type[tuple[Any, ...]]) -> list[Any]:
    """Name the columns of a table that a value has: a row of plain values is made in half the time of an object."""
    return [getattr(row, name) for name in value.__annotations__]


def _select_touched(window: Window) -> CompoundSelect[UUID]:
    began = select(GrantRow.grant_id).where(GrantRow.merchant == window.merchant, GrantRow.granted_on == window.day)
    changed = (
        select(GrantRow.grant_id)
        .join(GrantEventRow, _is_of_grant(GrantEventRow.subject_id, GrantEventRow.grant_id))
        .where(GrantRow.merchant == window.merchant, *_is_within(GrantEventRow.happened_at, window))
    )
    return union(began, changed)


def _is_told(window: Window, earliest: datetime) -> tuple[ColumnElement[bool], ...]:
    until_then = func.coalesce(VerificationRow.expires_at, VerificationRow.answered_at)
    told_at = case((VerificationRow.answer == GRANTED, VerificationRow.answered_at), else_=until_then)
    return (
        VerificationRow.merchant == window.merchant,
        VerificationRow.asked_at >= earliest,
        VerificationRow.asked_at < window.before,
        told_at >= window.since,
        told_at < window.before,
    )


def _is_of_grant(subject_id: InstrumentedAttribute[UUID], grant_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return and_(GrantRow.subject_id == subject_id, GrantRow.grant_id == grant_id)


def _is_within(
    moment: InstrumentedAttribute[datetime], window: Window
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= window.since, moment < window.before
