"""Benefit cards with their places on status lists, daily statements, and what finds a day's rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
# Rows arrive in the order of these moments, so that a block range index finds a day and costs writers nothing.
BY_MOMENT = (("grant_event", "happened_at"), ("hold_transfer", "transferred_at"), ("verification", "asked_at"))


def upgrade() -> None:
    op.create_table(
        "benefit_card",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("terms", JSON_OBJECT, nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("list_no", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("facts_version", sa.BigInteger(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("list_no >= 0 AND place >= 0 AND place < 65536", name=op.f("ck_benefit_card_place")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_benefit_card_ended")),
        sa.CheckConstraint(
            "ended_because IN ('citizen', 'consent', 'paused', 'offer', 'standing')",
            name=op.f("ck_benefit_card_ended_because"),
        ),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_benefit_card_merchant_merchant")),
        sa.ForeignKeyConstraint(
            ["subject_id", "consent_id"],
            ["consent.subject_id", "consent.consent_id"],
            name=op.f("fk_benefit_card_subject_id_consent_id_consent"),
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "grant_id"],
            ["benefit_grant.subject_id", "benefit_grant.grant_id"],
            name=op.f("fk_benefit_card_subject_id_grant_id_benefit_grant"),
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_benefit_card_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", "card_id", name=op.f("pk_benefit_card")),
    )
    op.create_index("uq_benefit_card_place", "benefit_card", ["list_no", "place"], unique=True)
    op.create_index(op.f("ix_benefit_card_expires_at"), "benefit_card", ["expires_at"], unique=False)
    op.create_table(
        "merchant_statement",
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("grants", sa.BigInteger(), nullable=False),
        sa.Column("verifications", sa.BigInteger(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("final_fen", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "closing_fen = opening_fen + held_fen - released_fen", name=op.f("ck_merchant_statement_sum")
        ),
        sa.CheckConstraint("length(sha256) = 64 AND length(previous) = 64", name=op.f("ck_merchant_statement_hash")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_merchant_statement_merchant_merchant")),
        sa.PrimaryKeyConstraint("merchant", "day", name=op.f("pk_merchant_statement")),
    )
    for table, moment in BY_MOMENT:
        op.create_index(op.f(f"ix_{table}_{moment}"), table, [moment], unique=False, postgresql_using="brin")
    forbid_changes("merchant_statement")


def downgrade() -> None:
    for table, moment in BY_MOMENT:
        op.drop_index(op.f(f"ix_{table}_{moment}"), table_name=table)
    op.drop_table("merchant_statement")
    op.drop_table("benefit_card")


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
