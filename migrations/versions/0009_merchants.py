"""Merchants and their contracts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = ("merchant", "contract", "suspension")


def upgrade() -> None:
    op.create_table(
        "merchant",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_merchant")),
    )
    op.create_table(
        "contract",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("figures", JSON_OBJECT, nullable=False),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_contract_ended")),
        sa.CheckConstraint("ends_on IS NULL OR starts_on < ends_on", name=op.f("ck_contract_window")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_contract_merchant_merchant")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_merchant_scenario"), "contract", ["merchant", "scenario"], unique=False)
    op.create_index(op.f("ix_contract_scenario"), "contract", ["scenario"], unique=False)
    op.create_table(
        "suspension",
        sa.Column("suspension_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("suspended_at", MOMENT, nullable=False),
        sa.Column("suspended_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_suspension_lifted")),
        sa.CheckConstraint("what IN ('merchant', 'scenario')", name=op.f("ck_suspension_what")),
        sa.PrimaryKeyConstraint("suspension_id", name=op.f("pk_suspension")),
    )
    op.create_index(
        "uq_suspension_live",
        "suspension",
        ["what", "code"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
