"""Subjects, enrolments, consents and used tickets: rows and their named queries.

`subject_id` leads every key, so that a person's rows lie together and can be spread over servers. The index
of identity numbers is the exception: it is the directory by which a person is found in the first place.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row

_ADDING = 0x5375626A656374  # any number, the same for every process that adds subjects


class SubjectRow(Row):
    """Whoever records are about. What identifies the person is indexed by keyed hash and sealed, never plain.

    `facts_version` counts the entries of the subject's ledger; raising it is what locks the subject.
    """

    __tablename__ = "subject"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('natural_person', 'enterprise', 'sole_trader', 'social_organisation',"
            " 'public_institution', 'government_body')",
            name="kind",
        ),
        CheckConstraint("in_doubt = (doubt_code IS NOT NULL)", name="doubt"),
        CheckConstraint("facts_version >= 0", name="facts_version"),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    identity_index: Mapped[bytes] = mapped_column(unique=True)
    identity_key_id: Mapped[str] = mapped_column(index=True)
    identity_sealed: Mapped[bytes]
    name_index: Mapped[bytes | None]
    name_sealed: Mapped[bytes | None]
    name_verified: Mapped[bool]
    in_doubt: Mapped[bool]
    doubt_code: Mapped[str | None]
    facts_version: Mapped[int]
    created_at: Mapped[datetime]


class EnrolmentRow(Row):
    """One period in which a person takes part; at most one is open."""

    __tablename__ = "enrolment"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (closed_because IS NULL)", name="closed"),
        CheckConstraint("closed_because IN ('closed', 'consent_withdrawn')", name="closed_because"),
        Index(
            "uq_enrolment_open",
            "subject_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    enrolment_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]
    agreement_version: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str | None]


ONCE, OVER = text("purpose = 'benefit_once'"), text("withdrawn_at IS NOT NULL")  # in these words queries use an index


class ConsentRow(Row):
    """One consent: a purpose, a recipient, a scope and a window; separate per recipient (PIPL Art. 23)."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_once", "expires_at", sqlite_where=ONCE, postgresql_where=ONCE, postgresql_using="brin"),
        Index("ix_consent_withdrawn", "subject_id", "consent_id", sqlite_where=OVER, postgresql_where=OVER),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    recipient: Mapped[str]
    scope: Mapped[str]
    agreement_version: Mapped[str]
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class UsedTicketRow(Row):
    """A sign-in ticket that was used, remembered until nobody would accept it any more."""

    __tablename__ = "used_ticket"
    __table_args__ = (Index(None, "expires_at"),)

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubject:
    """What a subject row begins with; the sealed values and indexes come from the gateways."""

    subject_id: UUID
    kind: str
    identity_index: bytes
    identity_key_id: str
    identity_sealed: bytes = field(repr=False)
    name_index: bytes | None = None
    name_sealed: bytes | None = field(default=None, repr=False)
    name_verified: bool = False
    doubt_code: str | None = None


def find_subject(session: Session, subject_id: UUID) -> SubjectRow | None:
    """Find a subject by its id."""
    return session.get(SubjectRow, subject_id)


def find_subject_by_index(session: Session, digests: Sequence[bytes]) -> SubjectRow | None:
    """Find a subject by the keyed hashes of its identity number, one hash per key still in use."""
    return session.scalars(
        select(SubjectRow).where(SubjectRow.identity_index.in_(digests)).order_by(SubjectRow.subject_id).limit(1)
    ).first()


def find_strange_key(session: Session, known: Collection[str]) -> str | None:
    """Find the id of a key that some subject is indexed by and that is none of the known ones.

    Each gap between two known ids is looked into once, so that a register of millions costs no more than a small one.
    """
    edges: list[str | None] = [None, *sorted(known), None]
    for lower, upper in pairwise(edges):
        wanted = select(SubjectRow.identity_key_id).limit(1)
        if lower is not None:
            wanted = wanted.where(SubjectRow.identity_key_id > lower)
        if upper is not None:
            wanted = wanted.where(SubjectRow.identity_key_id < upper)
        strange = session.scalar(wanted)
        if strange is not None:
            return strange
    return None


def take_turn_to_add(session: Session) -> None:
    """Wait until nobody else adds subjects, and be the one who does until the transaction ends.

    The unique index of identity numbers keeps two from adding one person only while both hash with one key.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(select(func.pg_advisory_xact_lock(_ADDING)))


def add_subject_unless_known(session: Session, subject: NewSubject, *, now: datetime) -> SubjectRow:
    """Add the subject, or give the row another call added with the same identity index meanwhile."""
    values = asdict(subject) | {
        "in_doubt": subject.doubt_code is not None,
        "facts_version": 0,
        "created_at": now,
    }
    session.execute(
        insert_into(session, SubjectRow).values(values).on_conflict_do_nothing(index_elements=["identity_index"])
    )
    return session.scalars(select(SubjectRow).where(SubjectRow.identity_index == subject.identity_index)).one()


def lock_subject(session: Session, subject_id: UUID) -> SubjectRow | None:
    """Find a subject and hold it until the transaction ends, so that what follows happens one at a time."""
    return _hold_subject(session, subject_id, is_shared=False)


def share_subject(session: Session, subject_id: UUID) -> SubjectRow | None:
    """Find a subject and keep it as it is until the transaction ends, together with others who do so."""
    return _hold_subject(session, subject_id, is_shared=True)


def _hold_subject(session: Session, subject_id: UUID, *, is_shared: bool) -> SubjectRow | None:
    held = select(SubjectRow).where(SubjectRow.subject_id == subject_id).with_for_update(read=is_shared)
    return session.scalars(held.execution_options(populate_existing=True)).one_or_none()


def lock_subjects(session: Session, subject_ids: Iterable[UUID]) -> None:
    """Hold several subjects until the transaction ends, in the one order in which everybody holds more than one."""
    for subject_id in sorted(set(subject_ids)):
        lock_subject(session, subject_id)


def put_name(row: SubjectRow, *, index: bytes, sealed: bytes, verified: bool) -> None:
    """Write the name on file of a subject that this transaction holds."""
    row.name_index, row.name_sealed, row.name_verified = index, sealed, verified


def put_in_doubt(row: SubjectRow, code: str) -> None:
    """Put a subject that this transaction holds in doubt; the code of an earlier doubt stays."""
    row.in_doubt, row.doubt_code = True, row.doubt_code or code


def clear_doubt(row: SubjectRow) -> None:
    """Take a subject that this transaction holds out of doubt; the name on file stays."""
    row.in_doubt, row.doubt_code = False, None


def list_in_doubt(session: Session, limit: int) -> Sequence[SubjectRow]:
    """List at most `limit` subjects in doubt, those known longest first."""
    statement = select(SubjectRow).where(SubjectRow.in_doubt).order_by(SubjectRow.subject_id).limit(limit)
    return session.scalars(statement).all()


def raise_facts_version(session: Session, subject_id: UUID) -> int:
    """Raise the facts version by one and give it; holds the subject. An unknown subject is a LookupError."""
    version: int | None = session.scalar(
        update(SubjectRow)
        .where(SubjectRow.subject_id == subject_id)
        .values(facts_version=SubjectRow.facts_version + 1)
        .returning(SubjectRow.facts_version)
    )
    if version is None:
        raise LookupError(f"there is no subject {subject_id}; add it before its first ledger entry")
    return version


def find_latest_enrolment(session: Session, subject_id: UUID) -> EnrolmentRow | None:
    """Find the newest enrolment of a person, open or closed."""
    mine = select(EnrolmentRow).where(EnrolmentRow.subject_id == subject_id)
    return session.scalars(mine.order_by(EnrolmentRow.enrolment_no.desc()).limit(1)).first()


def open_enrolment(session: Session, subject_id: UUID, *, agreement_version: str, now: datetime) -> EnrolmentRow | None:
    """Open the next enrolment of a person whom this transaction holds; None when one is open already."""
    latest = find_latest_enrolment(session, subject_id)
    if latest is not None and latest.closed_at is None:
        return None
    row = EnrolmentRow(
        subject_id=subject_id,
        enrolment_no=1 if latest is None else latest.enrolment_no + 1,
        opened_at=now,
        agreement_version=agreement_version,
    )
    session.add(row)
    session.flush()
    return row


def close_enrolment(session: Session, subject_id: UUID, *, because: str, now: datetime) -> bool:
    """Close the open enrolment (`closed` or `consent_withdrawn`); False when none is open."""
    closed = session.scalars(
        update(EnrolmentRow)
        .where(EnrolmentRow.subject_id == subject_id, EnrolmentRow.closed_at.is_(None))
        .values(closed_at=now, closed_because=because)
        .returning(EnrolmentRow.enrolment_no)
    ).all()
    return bool(closed)


def add_consent(session: Session, consent: ConsentRow) -> None:
    """Add a consent that was just given."""
    session.add(consent)
    session.flush()


def list_consents(session: Session, subject_id: UUID) -> Sequence[ConsentRow]:
    """List all consents of a person, oldest first."""
    mine = select(ConsentRow).where(ConsentRow.subject_id == subject_id)
    return session.scalars(mine.order_by(ConsentRow.consent_id)).all()


def withdraw_consents(session: Session, subject_id: UUID, *, now: datetime) -> int:
    """Withdraw all consents of a person; gives how many were still standing."""
    withdrawn = session.scalars(
        update(ConsentRow)
        .where(ConsentRow.subject_id == subject_id, ConsentRow.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(ConsentRow.consent_id)
    ).all()
    return len(withdrawn)


def use_ticket(session: Session, jti: str, *, expires_at: datetime) -> bool:
    """Mark a ticket as used; False when it was used before, also by a call that runs at the same time."""
    statement = insert_into(session, UsedTicketRow).values(jti=jti, expires_at=expires_at)
    used = session.scalars(statement.on_conflict_do_nothing(index_elements=["jti"]).returning(UsedTicketRow.jti)).all()
    return bool(used)


def purge_tickets(session: Session, now: datetime, *, limit: int) -> int:
    """Forget used tickets that nobody would accept any more, at most `limit` at once; gives how many."""
    old = select(UsedTicketRow.jti).where(UsedTicketRow.expires_at <= now).limit(limit)
    statement = delete(UsedTicketRow).where(UsedTicketRow.jti.in_(old)).returning(UsedTicketRow.jti)
    return len(session.scalars(statement).all())
