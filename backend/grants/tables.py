"""Grants, the holds that open ones occupy, and the places they take: rows and their named queries.

`subject_id` leads every key of a person's rows. Places of scenarios and merchants (`quota_use`) live apart.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.tables import Row

# The grants that a merchant still has to do something about; a query uses the index by saying so in these words.
MERCHANT_WAITS = "(ended_at IS NULL OR state = 'broken')"
# The grants that were overdue until time let them go; as above.
CLOSED_BY_TIME = "(state = 'settled' AND ended_at = closes_at)"


class BenefitAccountRow(Row):
    """What one person has in use: guarded counters, balanced against grants and transfers by the nightly proof.

    `open_grants` counts grants reserved, in use or overdue; `overdue_grants` those overdue.
    """

    __tablename__ = "benefit_account"
    __table_args__ = (
        CheckConstraint("open_grants >= 0 AND overdue_grants >= 0", name="grants"),
        CheckConstraint("overdue_grants <= open_grants", name="overdue"),
        CheckConstraint("held_fen >= 0 AND broken_fen >= 0", name="amounts"),
        Index(
            "ix_benefit_account_paused",
            "subject_id",
            "paused_until",
            sqlite_where=text("paused_until IS NOT NULL"),
            postgresql_where=text("paused_until IS NOT NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    open_grants: Mapped[int]
    overdue_grants: Mapped[int]
    held_fen: Mapped[int]
    broken_fen: Mapped[int]
    paused_until: Mapped[datetime | None]


class GrantRow(Row):
    """A benefit in use. `held_fen` is what it holds now, `agreed_fen` what it began with, `final_fen` how it ended.

    `granted_on` is the city day whose places it took. `order_no` is the merchant's own key: one grant for each.
    """

    __tablename__ = "benefit_grant"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reserved', 'in_use', 'completed', 'cancelled', 'expired', 'overdue', 'settled', 'broken')",
            name="state",
        ),
        CheckConstraint("held_fen >= 0 AND held_fen <= agreed_fen", name="held"),
        CheckConstraint("final_fen IS NULL OR (final_fen >= 0 AND final_fen <= agreed_fen)", name="final"),
        CheckConstraint("state IN ('reserved', 'in_use', 'overdue') OR held_fen = 0", name="ended_holds_nothing"),
        CheckConstraint("(state IN ('reserved', 'in_use', 'overdue')) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("state NOT IN ('in_use', 'overdue') OR closes_at IS NOT NULL", name="closes"),
        CheckConstraint("via IN ('code', 'ask', 'application', 'card', 'visitor')", name="via"),
        Index("uq_benefit_grant_grant_id", "grant_id", unique=True),
        Index("uq_benefit_grant_order", "merchant", "order_no", unique=True),
        Index(
            "ix_benefit_grant_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_benefit_grant_open",
            "subject_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_benefit_grant_merchant_day", "merchant", "granted_on", "grant_id"),
        Index(
            "ix_benefit_grant_merchant_waits",
            "merchant",
            "granted_on",
            "grant_id",
            sqlite_where=text(MERCHANT_WAITS),
            postgresql_where=text(MERCHANT_WAITS),
        ),
        Index(
            "ix_benefit_grant_closed_by_time",
            "merchant",
            "ended_at",
            sqlite_where=text(CLOSED_BY_TIME),
            postgresql_where=text(CLOSED_BY_TIME),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    # No foreign key: all grants of a busy merchant would hold its one row at once, and no merchant is ever deleted.
    merchant: Mapped[str]
    order_no: Mapped[str]
    scenario: Mapped[str]
    catalogue_version: Mapped[str]
    via: Mapped[str]
    state: Mapped[str]
    agreed_fen: Mapped[int]
    held_fen: Mapped[int]
    final_fen: Mapped[int | None]
    lasting_days: Mapped[int]
    overdue_days: Mapped[int] = mapped_column(server_default=text("90"))
    # The quotas of which it took a place, whatever the catalogue says later; see grants.Quota.
    places: Mapped[str]
    granted_on: Mapped[date]
    granted_at: Mapped[datetime]
    clerk: Mapped[str | None]
    # When it changes by itself: a reserved one lapses, one in use becomes overdue, an overdue one is let go.
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    # When it is let go at the latest, once it has begun: `overdue_days` after `ends_at`.
    closes_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class GrantEventRow(Row):
    """One change of a grant after it was given; append-only. `by` is `merchant`, `citizen`, `operator` or `time`."""

    __tablename__ = "grant_event"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "grant_id"], ["benefit_grant.subject_id", "benefit_grant.grant_id"]),
        CheckConstraint("by IN ('merchant', 'citizen', 'operator', 'time')", name="by"),
        CheckConstraint("event_no >= 1", name="event_no"),
        Index(None, "happened_at", postgresql_using="brin"),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    state: Mapped[str]
    held_fen: Mapped[int]
    amount_fen: Mapped[int | None]
    by: Mapped[str]
    clerk: Mapped[str | None]
    happened_at: Mapped[datetime]


class HoldTransferRow(Row):
    """One transfer between two accounts of a person's limit: both sides in one row, never changed."""

    __tablename__ = "hold_transfer"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "grant_id"], ["benefit_grant.subject_id", "benefit_grant.grant_id"]),
        CheckConstraint("debit IN ('available', 'held', 'broken')", name="debit"),
        CheckConstraint("credit IN ('available', 'held', 'broken')", name="credit"),
        CheckConstraint("debit <> credit", name="sides"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index(None, "transferred_at", postgresql_using="brin"),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    debit: Mapped[str]
    credit: Mapped[str]
    amount_fen: Mapped[int]
    transferred_at: Mapped[datetime]


class QuotaUseRow(Row):
    """Places taken of a scenario: over all (`owner` '') or at one merchant; on a day or for ever (`period` '')."""

    __tablename__ = "quota_use"
    __table_args__ = (CheckConstraint("used >= 0", name="used"),)

    scenario: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]


class CitizenQuotaUseRow(Row):
    """Places that one person has taken of a scenario, on a day or for ever (`period` '')."""

    __tablename__ = "citizen_quota_use"
    __table_args__ = (CheckConstraint("used >= 0", name="used"),)

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]
