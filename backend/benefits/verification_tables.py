"""One-time codes, verifications and declined offers: rows and their named queries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.tables import Row


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

    An ask (`via` 'ask') is `pending` until the citizen confirms it or `expires_at` passes. `subject_id` is NULL where
    nobody was found; what is told then is told in all other cases of `not_granted` too.
    """

    __tablename__ = "verification"
    __table_args__ = (
        CheckConstraint("via IN ('code', 'ask')", name="via"),
        CheckConstraint("answer IN ('pending', 'granted', 'not_granted', 'cannot_say')", name="answer"),
        CheckConstraint("(answer = 'granted') = (grant_id IS NOT NULL)", name="grant"),
        CheckConstraint("answer = 'granted' OR answer = 'pending' OR reason IS NOT NULL", name="reason"),
        Index("uq_verification_verification_id", "verification_id", unique=True),
        Index("ix_verification_subject_id", "subject_id", "asked_at"),
        Index(
            "ix_verification_pending",
            "expires_at",
            sqlite_where=text("answer = 'pending'"),
            postgresql_where=text("answer = 'pending'"),
        ),
    )

    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"), primary_key=True)
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
    answered_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    subject_id: Mapped[UUID | None] = mapped_column(ForeignKey("subject.subject_id"))
    grant_id: Mapped[UUID | None]


class DeclinedOfferRow(Row):
    """An offer that a person does not want to see; it has no consequence, and can be taken back."""

    __tablename__ = "declined_offer"

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    declined_at: Mapped[datetime]
