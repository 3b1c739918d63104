"""Webhooks: endpoints, and deliveries of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
VERDICTS = "verdict IN ('unprobed', 'verifies', 'does_not_verify', 'does_not_answer')"
STATES = "state IN ('waiting', 'delivered', 'given_up', 'ended')"


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("answers", JSON_OBJECT, nullable=True),
        sa.Column("probed_at", MOMENT, nullable=True),
        sa.Column("passed_at", MOMENT, nullable=True),
        sa.Column("probe_due_at", MOMENT, nullable=True),
        sa.Column("probe_lease", sa.Uuid(), nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.CheckConstraint(VERDICTS, name=op.f("ck_webhook_endpoint_verdict")),
        sa.CheckConstraint("verdict <> 'verifies' OR passed_at IS NOT NULL", name=op.f("ck_webhook_endpoint_passed")),
        sa.CheckConstraint("paused_at IS NULL OR failing_since IS NOT NULL", name=op.f("ck_webhook_endpoint_paused")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_webhook_endpoint_merchant_merchant")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(op.f("ix_webhook_endpoint_merchant"), "webhook_endpoint", ["merchant"])
    op.create_table(
        "webhook_delivery",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("payload", JSON_OBJECT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("until_at", MOMENT, nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("attempted_at", MOMENT, nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_webhook_delivery_state")),
        sa.CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name=op.f("ck_webhook_delivery_due")),
        sa.CheckConstraint("state = 'waiting' OR lease IS NULL", name=op.f("ck_webhook_delivery_lease")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_delivery_attempts")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.endpoint_id"],
            name=op.f("fk_webhook_delivery_endpoint_id_webhook_endpoint"),
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "event_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_webhook_delivery_merchant_event_id"), "webhook_delivery", ["merchant", "event_id"])
    op.create_index(op.f("ix_webhook_delivery_occurred_at"), "webhook_delivery", ["occurred_at"])


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_endpoint")
