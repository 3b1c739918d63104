"""Samples drawn for inspection, their members, and what was found; nothing in them is ever changed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("sample", "sample_member", "sample_finding")


def upgrade() -> None:
    op.create_table(
        "sample",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_sample_period")),
        sa.CheckConstraint("size >= 1 AND population >= 1", name=op.f("ck_sample_size")),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_sample_department_department"),
        sa.PrimaryKeyConstraint("sample_id", name="pk_sample"),
    )
    op.create_table(
        "sample_member",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("member_no", sa.BigInteger(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.CheckConstraint("member_no >= 1", name=op.f("ck_sample_member_member_no")),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.sample_id"], name="fk_sample_member_sample_id_sample"),
        sa.PrimaryKeyConstraint("sample_id", "record_id", name="pk_sample_member"),
        sa.UniqueConstraint("sample_id", "member_no", name="uq_sample_member_sample_id_member_no"),
    )
    op.create_index("ix_sample_member_received_at", "sample_member", ["received_at"])
    op.create_table(
        "sample_finding",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("finding_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.CheckConstraint("finding IN ('agrees', 'differs', 'no_document')", name=op.f("ck_sample_finding_finding")),
        sa.CheckConstraint("finding_no >= 1", name=op.f("ck_sample_finding_finding_no")),
        sa.ForeignKeyConstraint(
            ["sample_id", "record_id"],
            ["sample_member.sample_id", "sample_member.record_id"],
            name="fk_sample_finding_sample_id_record_id_sample_member",
        ),
        sa.PrimaryKeyConstraint("sample_id", "record_id", "finding_no", name="pk_sample_finding"),
    )
    for table in TABLES:
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
