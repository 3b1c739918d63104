"""Grants and their holds, places taken, one-time codes, verifications and declined offers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "benefit_account",
    "benefit_grant",
    "grant_event",
    "hold_transfer",
    "quota_use",
    "citizen_quota_use",
    "one_time_code",
    "verification",
    "declined_offer",
    "probe_window",
)
APPEND_ONLY = ("grant_event", "hold_transfer")


def upgrade() -> None:
    op.create_table(
        "benefit_account",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("open_grants", sa.BigInteger(), nullable=False),
        sa.Column("overdue_grants", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("broken_fen", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", MOMENT, nullable=True),
        sa.CheckConstraint("held_fen >= 0 AND broken_fen >= 0", name=op.f("ck_benefit_account_amounts")),
        sa.CheckConstraint("open_grants >= 0 AND overdue_grants >= 0", name=op.f("ck_benefit_account_grants")),
        sa.CheckConstraint("overdue_grants <= open_grants", name=op.f("ck_benefit_account_overdue")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_benefit_account_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_benefit_account")),
    )
    op.create_table(
        "benefit_grant",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("catalogue_version", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("agreed_fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("final_fen", sa.BigInteger(), nullable=True),
        sa.Column("lasting_days", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'in_use', 'completed', 'cancelled', 'expired', 'overdue', 'settled', 'broken')",
            name=op.f("ck_benefit_grant_state"),
        ),
        sa.CheckConstraint(
            "state IN ('reserved', 'in_use', 'overdue') OR held_fen = 0",
            name=op.f("ck_benefit_grant_ended_holds_nothing"),
        ),
        sa.CheckConstraint(
            "(state IN ('reserved', 'in_use', 'overdue')) = (ended_at IS NULL)", name=op.f("ck_benefit_grant_ended")
        ),
        sa.CheckConstraint(
            "(state IN ('reserved', 'in_use')) = (due_at IS NOT NULL)", name=op.f("ck_benefit_grant_due")
        ),
        sa.CheckConstraint("via IN ('code', 'ask', 'application', 'card')", name=op.f("ck_benefit_grant_via")),
        sa.CheckConstraint(
            "final_fen IS NULL OR (final_fen >= 0 AND final_fen <= agreed_fen)", name=op.f("ck_benefit_grant_final")
        ),
        sa.CheckConstraint("held_fen >= 0 AND held_fen <= agreed_fen", name=op.f("ck_benefit_grant_held")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_benefit_grant_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", "grant_id", name=op.f("pk_benefit_grant")),
    )
    op.create_index(
        "ix_benefit_grant_due_at",
        "benefit_grant",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_benefit_grant_merchant_day", "benefit_grant", ["merchant", "granted_on", "grant_id"], unique=False
    )
    op.create_index(
        "ix_benefit_grant_merchant_waits",
        "benefit_grant",
        ["merchant", "granted_on", "grant_id"],
        unique=False,
        sqlite_where=sa.text("(ended_at IS NULL OR state = 'broken')"),
        postgresql_where=sa.text("(ended_at IS NULL OR state = 'broken')"),
    )
    op.create_index(
        "ix_benefit_grant_open",
        "benefit_grant",
        ["subject_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("uq_benefit_grant_grant_id", "benefit_grant", ["grant_id"], unique=True)
    op.create_index("uq_benefit_grant_order", "benefit_grant", ["merchant", "order_no"], unique=True)
    op.create_table(
        "grant_event",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("event_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.CheckConstraint("by IN ('merchant', 'citizen', 'operator', 'time')", name=op.f("ck_grant_event_by")),
        sa.CheckConstraint("event_no >= 1", name=op.f("ck_grant_event_event_no")),
        sa.ForeignKeyConstraint(
            ["subject_id", "grant_id"],
            ["benefit_grant.subject_id", "benefit_grant.grant_id"],
            name=op.f("fk_grant_event_subject_id_grant_id_benefit_grant"),
        ),
        sa.PrimaryKeyConstraint("subject_id", "grant_id", "event_no", name=op.f("pk_grant_event")),
    )
    op.create_table(
        "hold_transfer",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("transferred_at", MOMENT, nullable=False),
        sa.CheckConstraint("credit IN ('available', 'held', 'broken')", name=op.f("ck_hold_transfer_credit")),
        sa.CheckConstraint("debit IN ('available', 'held', 'broken')", name=op.f("ck_hold_transfer_debit")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_hold_transfer_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_hold_transfer_sides")),
        sa.ForeignKeyConstraint(
            ["subject_id", "grant_id"],
            ["benefit_grant.subject_id", "benefit_grant.grant_id"],
            name=op.f("fk_hold_transfer_subject_id_grant_id_benefit_grant"),
        ),
        sa.PrimaryKeyConstraint("subject_id", "grant_id", "transfer_no", name=op.f("pk_hold_transfer")),
    )
    op.create_table(
        "quota_use",
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_quota_use_used")),
        sa.PrimaryKeyConstraint("scenario", "owner", "period", name=op.f("pk_quota_use")),
    )
    op.create_table(
        "citizen_quota_use",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_citizen_quota_use_used")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_citizen_quota_use_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", "scenario", "period", name=op.f("pk_citizen_quota_use")),
    )
    op.create_table(
        "one_time_code",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=True),
        sa.Column("merchant", sa.Text(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_one_time_code_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time_code")),
    )
    op.create_index(op.f("ix_one_time_code_expires_at"), "one_time_code", ["expires_at"], unique=False)
    op.create_index(op.f("ix_one_time_code_subject_id"), "one_time_code", ["subject_id"], unique=False)
    op.create_table(
        "verification",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("catalogue_version", sa.Text(), nullable=True),
        sa.Column("told", JSON_OBJECT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("declined_at", MOMENT, nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(answer = 'granted') = (grant_id IS NOT NULL)", name=op.f("ck_verification_grant")),
        sa.CheckConstraint(
            "answer = 'granted' OR answer = 'pending' OR reason IS NOT NULL", name=op.f("ck_verification_reason")
        ),
        sa.CheckConstraint(
            "answer IN ('pending', 'granted', 'not_granted', 'cannot_say')", name=op.f("ck_verification_answer")
        ),
        sa.CheckConstraint("via IN ('code', 'ask')", name=op.f("ck_verification_via")),
        sa.PrimaryKeyConstraint("merchant", "order_no", name=op.f("pk_verification")),
    )
    op.create_index(
        "ix_verification_pending",
        "verification",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("answer = 'pending'"),
        postgresql_where=sa.text("answer = 'pending'"),
    )
    op.create_index("ix_verification_subject_id", "verification", ["subject_id", "asked_at"], unique=False)
    op.create_index("uq_verification_verification_id", "verification", ["verification_id"], unique=True)
    op.create_table(
        "declined_offer",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("declined_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_declined_offer_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", "scenario", name=op.f("pk_declined_offer")),
    )
    op.create_table(
        "probe_window",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("miss", sa.Text(), nullable=False),
        sa.Column("misses", sa.BigInteger(), nullable=False),
        sa.Column("slowed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "miss IN ('not_granted', 'code_unusable', 'unconfirmed_ask')", name=op.f("ck_probe_window_miss")
        ),
        sa.CheckConstraint("misses >= 0", name=op.f("ck_probe_window_misses")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_probe_window_merchant_merchant")),
        sa.PrimaryKeyConstraint("merchant", "starts_at", "miss", name=op.f("pk_probe_window")),
    )
    op.create_index(
        "ix_probe_window_slowed_at",
        "probe_window",
        ["slowed_at"],
        unique=False,
        sqlite_where=sa.text("slowed_at IS NOT NULL"),
        postgresql_where=sa.text("slowed_at IS NOT NULL"),
    )
    for table in APPEND_ONLY:
        forbid_changes(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: add a further row instead'); END"
        )
