"""One-time codes, verifications and declined offers: rows and their named queries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, bindparam, delete, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from backend.access.tables import AccessEntryRow
from backend.storage.chains import Chain, Change, Link, table_of
from backend.storage.inserts import insert_into
from backend.storage.questions import Question, ask_within
from backend.storage.tables import Row
from backend.storage.types import Moment

PENDING, GRANTED, NOT_GRANTED, CANNOT_SAY = "pending", "granted", "not_granted", "cannot_say"
ASK, CODE, VISITOR = "ask", "code", "visitor"


class OneTimeCodeRow(Row):
    """A code that a citizen shows, by its digest; the directory by which the person is found, like identity numbers.

    Bound to a scenario, a merchant, both or none. Used at most once: `used_at` is set by one guarded update.
    """

    __tablename__ = "one_time_code"
    __table_args__ = (Index(None, "expires_at"), Index(None, "subject_id"))

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"))
    scenario: Mapped[str | None]
    merchant: Mapped[str | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]


class VerificationRow(Row):
    """One question of a merchant under its own key, and the answer: the same question gets the same answer for ever.

    An ask (`via` 'ask') is `pending` until a citizen who confirms gets the benefit, or until `expires_at` passes;
    `answered_at` is when the citizen confirmed, `declined_at` when he did not want to. `subject_id` is NULL where
    nobody was found, and in an ask until the person has answered it or its end is noted; what is told of nobody is told
    in all other cases of `not_granted` too. `told` holds the figures of the benefit as they were told, `because` why
    there is none: for the person alone.
    """

    __tablename__ = "verification"
    __table_args__ = (
        CheckConstraint("via IN ('code', 'ask', 'visitor')", name="via"),
        CheckConstraint("answer IN ('pending', 'granted', 'not_granted', 'cannot_say')", name="answer"),
        CheckConstraint("(answer = 'granted') = (grant_id IS NOT NULL)", name="grant"),
        CheckConstraint("answer = 'granted' OR answer = 'pending' OR reason IS NOT NULL", name="reason"),
        Index("uq_verification_verification_id", "verification_id", unique=True),
        Index("ix_verification_subject_id", "subject_id", "asked_at"),
        Index(None, "asked_at", postgresql_using="brin"),
        Index(
            "ix_verification_pending",
            "expires_at",
            sqlite_where=text("answer = 'pending'"),
            postgresql_where=text("answer = 'pending'"),
        ),
    )

    # No foreign key, as in a grant: all scans of a busy merchant would hold its one row at once.
    merchant: Mapped[str] = mapped_column(primary_key=True)
    order_no: Mapped[str] = mapped_column(primary_key=True)
    verification_id: Mapped[UUID]
    digest: Mapped[bytes]
    via: Mapped[str]
    scenario: Mapped[str]
    amount_fen: Mapped[int | None]
    clerk: Mapped[str | None]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    answer: Mapped[str]
    reason: Mapped[str | None]
    because: Mapped[str | None]
    catalogue_version: Mapped[str | None]
    told: Mapped[dict[str, Any] | None]
    answered_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    # No foreign key: to check it takes a look more about somebody who is known, which a merchant's clock can see.
    subject_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]


class DeclinedOfferRow(Row):
    """An offer that a person does not want to see; it has no consequence, and can be taken back."""

    __tablename__ = "declined_offer"

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    declined_at: Mapped[datetime]


def add_code(
    session: Session,
    digest: bytes,
    *,
    subject_id: UUID,
    scenario: str | None,
    merchant: str | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Add a code by its digest."""
    row = OneTimeCodeRow(
        digest=digest, subject_id=subject_id, scenario=scenario, merchant=merchant, made_at=now, expires_at=expires_at
    )
    session.add(row)
    session.flush()


_CODE = table_of(OneTimeCodeRow)
# The conditions under which the code `given` can be used `by` a merchant for what is `wanted`.
IS_USABLE = (
    _CODE.c.digest == bindparam("given", type_=_CODE.c.digest.type),
    _CODE.c.used_at.is_(None),
    _CODE.c.expires_at > bindparam("now", type_=Moment()),
    or_(_CODE.c.merchant.is_(None), _CODE.c.merchant == bindparam("by")),
    or_(_CODE.c.scenario.is_(None), _CODE.c.scenario == bindparam("wanted")),
)
USE_OF_CODE = Change(OneTimeCodeRow, {"used_at": "now", "used_by": "by"}, IS_USABLE)
_USE = Question(
    update(_CODE)
    .where(*IS_USABLE)
    .values(used_at=bindparam("now", type_=Moment()), used_by=bindparam("by"))
    .returning(_CODE.c.subject_id, _CODE.c.merchant)
)


def use_code(
    session: Session, digest: bytes, *, merchant: str, scenario: str, now: datetime
) -> tuple[UUID, str | None] | None:
    """Use a code for a merchant and a scenario; gives whose it is and the merchant it names.

    None when it is unknown, used (also by a call at the same time), expired, or bound to something else.
    """
    values = {"given": digest, "by": merchant, "wanted": scenario, "now": now}
    found = ask_within(session, _USE, values)
    return None if found is None else (found[0], found[1])


def find_code_owner(session: Session, digest: bytes) -> UUID | None:
    """Find whose a code is, whatever became of it."""
    return session.scalar(select(OneTimeCodeRow.subject_id).where(OneTimeCodeRow.digest == digest))


def purge_codes(session: Session, before: datetime, *, limit: int) -> int:
    """Forget codes that ended before a moment, at most `limit` at once; gives how many."""
    old = select(OneTimeCodeRow.digest).where(OneTimeCodeRow.expires_at < before).limit(limit)
    statement = delete(OneTimeCodeRow).where(OneTimeCodeRow.digest.in_(old)).returning(OneTimeCodeRow.digest)
    return len(session.scalars(statement.execution_options(synchronize_session=False)).all())


_VERIFICATION, _LOOK = table_of(VerificationRow), table_of(AccessEntryRow)
_ANSWER = Link(
    VerificationRow,
    {column.name: column.name for column in _VERIFICATION.c},
    lambda insert: insert.on_conflict_do_nothing(),
)
_UNSEEN = Chain([_ANSWER])
_SEEN = Chain([_ANSWER, Link(AccessEntryRow, {column.name: f"look_{column.name}" for column in _LOOK.c})])
_NOTHING_YET = dict.fromkeys(column.name for column in _VERIFICATION.c)


def add_verification(session: Session, values: Mapping[str, Any], look: Mapping[str, Any] | None = None) -> bool:
    """Add a verification, and with it the access entry of whoever was looked at, if anybody is known.

    False when there is one under this key of the merchant, also of a call that just ended; then nothing is added.
    """
    given = {**_NOTHING_YET, **values}
    if look is None:
        return _UNSEEN.run(session, given) == 1
    seen = {f"look_{name}": value for name, value in look.items()}
    return _SEEN.run(session, given | seen) > 0


# What a merchant reads again is read without what it is never told: a value takes a moment that a NULL does not.
_TOLD = tuple(
    defer(column, raiseload=True)
    for column in (VerificationRow.subject_id, VerificationRow.because, VerificationRow.declined_at)
)


def find_verification(session: Session, merchant: str, order_no: str) -> VerificationRow | None:
    """Find a verification by the merchant's own key; what it is never told stays unread."""
    return session.get(VerificationRow, (merchant, order_no), options=_TOLD)


def find_verification_by_id(session: Session, merchant: str, verification_id: UUID) -> VerificationRow | None:
    """Find a verification of a merchant by its id; what it is never told stays unread."""
    wanted = (VerificationRow.verification_id == verification_id, VerificationRow.merchant == merchant)
    return session.scalars(select(VerificationRow).where(*wanted).options(*_TOLD)).one_or_none()


def decline_offer(session: Session, subject_id: UUID, scenario: str, *, now: datetime) -> None:
    """Note that a person does not want an offer; once more changes nothing."""
    values = {"subject_id": subject_id, "scenario": scenario, "declined_at": now}
    session.execute(insert_into(session, DeclinedOfferRow).values(values).on_conflict_do_nothing())


def undecline_offer(session: Session, subject_id: UUID, scenario: str) -> None:
    """Forget that a person did not want an offer."""
    wanted = (DeclinedOfferRow.subject_id == subject_id, DeclinedOfferRow.scenario == scenario)
    session.execute(delete(DeclinedOfferRow).where(*wanted))


def list_declined(session: Session, subject_id: UUID) -> frozenset[str]:
    """List the scenarios that a person does not want."""
    return frozenset(
        session.scalars(select(DeclinedOfferRow.scenario).where(DeclinedOfferRow.subject_id == subject_id))
    )
