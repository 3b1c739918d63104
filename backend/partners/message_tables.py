"""Messages between cities, the chain that holds them, notices on their way, and nonces: rows and their queries."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row

_HELD = text("body IS NOT NULL")
_TELLING = ("corrected", "used")
REFUSED = "refused"  # what the fault of a notice begins with that its partner refused when it was sent last


class MessageRow(Row):
    """One signed message, as it was sent or taken, written in the transaction of its effect.

    `about` is the id of the question or notice; `headers` those that the signature covers, and the signature. `status`
    is that of an answer, NULL for what was asked. `body` goes, at `kept_until` or before; nothing else ever changes.
    `body_digest` is its SHA-256 in hexadecimal, `tells_of` the question whose answer or correction it holds.
    """

    __tablename__ = "exchange_message"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("kind IN ('question', 'answer', 'notice', 'confirmation')", name="kind"),
        CheckConstraint("(body IS NULL) = (erased_at IS NOT NULL)", name="erased"),
        Index("ix_exchange_message_logged", "partner", "logged_at", "message_id"),
        Index(None, "about"),
        Index("ix_exchange_message_kept_until", "kept_until", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_exchange_message_told", "partner", "tells_of", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    direction: Mapped[str]
    kind: Mapped[str]
    about: Mapped[UUID]
    url: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str | None]
    body_digest: Mapped[str]
    tells_of: Mapped[UUID | None]
    logged_at: Mapped[datetime]
    kept_until: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class MessageLinkRow(Row):
    """The place of a message in the chain of one partner; `digest` covers the link before and the whole message."""

    __tablename__ = "exchange_message_link"
    __table_args__ = (
        CheckConstraint("log_no >= 1", name="log_no"),
        Index("uq_exchange_message_link_message_id", "message_id", unique=True),
    )

    partner: Mapped[str] = mapped_column(primary_key=True)
    log_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("exchange_message.message_id"))
    previous: Mapped[bytes]
    digest: Mapped[bytes]
    linked_at: Mapped[datetime]


class SeenNonceRow(Row):
    """A nonce that a partner has used, kept for as long as its signature would be believed."""

    __tablename__ = "seen_nonce"
    __table_args__ = (Index(None, "expires_at"),)

    partner: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class NoticeRow(Row):
    """What a partner must still be told, or was: the outbox row, written in the transaction of its cause.

    It waits until the partner has confirmed it, for ever if need be; what it tells of a person is empty from then on.
    While a worker sends it, `due_at` is the end of its lease. `subject_id` is whom it is about, `about` the question,
    grant or treaty that it names.
    """

    __tablename__ = "exchange_notice"
    __table_args__ = (
        CheckConstraint("kind IN ('withdrawn', 'corrected', 'used', 'suspended', 'resumed')", name="kind"),
        CheckConstraint("(confirmed_at IS NULL) = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(
            "ix_exchange_notice_due",
            "partner",
            "due_at",
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        Index(None, "subject_id", "left_at"),
    )

    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    kind: Mapped[str]
    about: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    content: Mapped[dict[str, Any]]
    left_at: Mapped[datetime]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    attempted_at: Mapped[datetime | None]
    fault: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    confirmation: Mapped[dict[str, Any] | None]


class TakenNoticeRow(Row):
    """A notice of a partner that was taken, with what was confirmed: a repeat gets the same confirmation."""

    __tablename__ = "taken_notice"
    __table_args__ = (Index(None, "taken_at"),)

    partner: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    kind: Mapped[str]
    confirmation: Mapped[dict[str, Any]]
    taken_at: Mapped[datetime]


class Link(NamedTuple):
    """A place in the chain of a partner."""

    log_no: int
    digest: bytes


def purge_nonce_rows(session: Session, now: datetime, *, limit: int) -> int:
    """Remove nonces whose time is over, at most `limit` at once; gives how many."""
    keys = (SeenNonceRow.partner, SeenNonceRow.nonce)
    old = select(*keys).where(SeenNonceRow.expires_at <= now).limit(limit)
    gone = delete(SeenNonceRow).where(tuple_(*keys).in_(old)).returning(SeenNonceRow.partner)
    return len(session.scalars(gone).all())


def find_last_link(session: Session, partner: str, *, up_to: int | None = None) -> Link | None:
    """Find the last place in the chain of a partner, or that at a number."""
    row = MessageLinkRow
    found = select(row.log_no, row.digest).where(row.partner == partner)
    found = found if up_to is None else found.where(row.log_no == up_to)
    last = session.execute(found.order_by(row.log_no.desc()).limit(1)).one_or_none()
    return None if last is None else Link(last[0], last[1])


def find_last_linked_at(session: Session, partner: str) -> datetime | None:
    """Find when the message at the last place in the chain of a partner was logged."""
    last = (
        select(MessageRow.logged_at)
        .join(MessageLinkRow, MessageLinkRow.message_id == MessageRow.message_id)
        .where(MessageLinkRow.partner == partner)
        .order_by(MessageLinkRow.log_no.desc())
        .limit(1)
    )
    return session.scalars(last).one_or_none()


def list_chain(
    session: Session, partner: str, *, from_no: int, to_no: int, portion: int
) -> Iterator[tuple[MessageLinkRow, MessageRow]]:
    """List the chain of a partner from one number to another, inclusive, in portions."""
    rows = (
        select(MessageLinkRow, MessageRow)
        .join(MessageRow, MessageRow.message_id == MessageLinkRow.message_id)
        .where(MessageLinkRow.partner == partner)
        .order_by(MessageLinkRow.log_no)
    )
    for first in range(from_no, to_no + 1, portion):
        last = min(to_no, first + portion - 1)
        for found in session.execute(rows.where(MessageLinkRow.log_no.between(first, last))):
            yield found[0], found[1]
        session.expunge_all()


def find_last_heard(session: Session, partner: str, *, since: datetime) -> datetime | None:
    """Find when a partner answered or confirmed last, looking back to a moment."""
    heard = (
        MessageRow.partner == partner,
        MessageRow.logged_at >= since,
        MessageRow.direction == "in",
        MessageRow.kind.in_(["answer", "confirmation"]),
    )
    last = select(MessageRow.logged_at).where(*heard).order_by(MessageRow.logged_at.desc()).limit(1)
    return session.scalars(last).one_or_none()


def take_due_notices(
    session: Session, partner: str, *, limit: int, is_trial: bool, now: datetime
) -> Sequence[NoticeRow]:
    """Hold at most `limit` notices to a partner that are due, the longest due first; not those others hold.

    On trial the one that was tried least comes first, so that none waits behind those at which the partner fails.
    """
    tried = (NoticeRow.attempts,) if is_trial else ()
    due = (
        select(NoticeRow)
        .where(NoticeRow.partner == partner, _is_due(now))
        .order_by(*tried, NoticeRow.due_at, NoticeRow.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(due).all()


def confirm_notice(session: Session, notice_id: UUID, confirmation: dict[str, Any], now: datetime) -> bool:
    """Note that a partner has confirmed a notice, whoever sent it; False when that is noted already.

    What it told of a person was needed for sending alone, and goes.
    """
    content = case((NoticeRow.kind.in_(_TELLING), literal({}, NoticeRow.content.type)), else_=NoticeRow.content)
    values = {"confirmed_at": now, "confirmation": confirmation, "due_at": None, "lease": None, "fault": None}
    values["content"] = content
    waiting = (NoticeRow.notice_id == notice_id, NoticeRow.confirmed_at.is_(None))
    changed = update(NoticeRow).where(*waiting).values(**values).returning(NoticeRow.notice_id)
    return session.scalars(changed).one_or_none() is not None


def postpone_notice(session: Session, notice_id: UUID, lease: UUID, *, fault: str, due_at: datetime) -> bool:
    """Put off a notice that is still under this lease; False when it is not."""
    mine = (NoticeRow.notice_id == notice_id, NoticeRow.lease == lease)
    changed = update(NoticeRow).where(*mine).values(lease=None, fault=fault, due_at=due_at)
    return session.scalars(changed.returning(NoticeRow.notice_id)).one_or_none() is not None


def unlease_notices(session: Session, leases: Mapping[UUID, UUID], now: datetime) -> int:
    """Make due what is still under its lease, given by notice, and take the attempt back; gives how many.

    A lease is one notice's alone, so that notices and leases need not be named in pairs.
    """
    mine = (NoticeRow.notice_id.in_(leases.keys()), NoticeRow.lease.in_(leases.values()))
    changed = update(NoticeRow).where(*mine).values(lease=None, due_at=now, attempts=NoticeRow.attempts - 1)
    return len(session.scalars(changed.returning(NoticeRow.notice_id)).all())


def hasten_waiting(session: Session, partner: str, now: datetime) -> int:
    """Make due what waits for a partner, was not refused and is held by nobody; gives how many."""
    waiting = (
        NoticeRow.partner == partner,
        NoticeRow.confirmed_at.is_(None),
        NoticeRow.lease.is_(None),
        NoticeRow.due_at > now,
        ~_was_refused(),
    )
    changed = update(NoticeRow).where(*waiting).values(due_at=now).returning(NoticeRow.notice_id)
    return len(session.scalars(changed, execution_options={"synchronize_session": False}).all())


def list_due_partners(session: Session, now: datetime) -> Sequence[str]:
    """List the partners that some notice is due for, in order of their codes."""
    return session.scalars(select(NoticeRow.partner).where(_is_due(now)).distinct().order_by(NoticeRow.partner)).all()


def count_waiting(session: Session) -> Sequence[tuple[str, int, int, datetime]]:
    """Count for each partner, by their codes, what waits and what of it was refused last; and since when it does."""
    refused = func.sum(case((_was_refused(), 1), else_=0))
    waiting = select(NoticeRow.partner, func.count(), refused, func.min(NoticeRow.left_at))
    waiting = waiting.where(NoticeRow.confirmed_at.is_(None)).group_by(NoticeRow.partner).order_by(NoticeRow.partner)
    return [(found[0], found[1], int(found[2]), found[3]) for found in session.execute(waiting)]


def _was_refused() -> ColumnElement[bool]:
    return func.coalesce(NoticeRow.fault, "").startswith(REFUSED, autoescape=True)


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Tell of a notice whether its time has come, or was set by a clock that was ahead and has been set back since."""
    row = NoticeRow
    was_ahead = or_(row.attempted_at > now, and_(row.attempted_at.is_(None), row.left_at > now))
    return and_(row.confirmed_at.is_(None), or_(row.due_at <= now, was_ahead))
