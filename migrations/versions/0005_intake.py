"""Quarantine, what is derived from a record, and what quality figures need to know of a receipt.

SQLite cannot change a check, so it gets `receipt` and `batch` as new tables; the triggers of `receipt` go with the old
one and are made again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OUTCOME, REASON, COUNTS = "ck_receipt_outcome", "ck_receipt_refusal_has_code", "ck_batch_counts"
IS_DERIVED, IS_OPEN = sa.text("derived_from IS NOT NULL"), sa.text("state = 'open'")


def upgrade() -> None:
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("quarantined", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
        batch.drop_constraint(op.f(COUNTS), type_="check")
        counted = "accepted >= 0 AND duplicate >= 0 AND refused >= 0 AND quarantined >= 0"
        batch.create_check_constraint(op.f(COUNTS), counted)
    with op.batch_alter_table("receipt") as receipt:
        receipt.add_column(sa.Column("indicator", sa.Text(), nullable=True))
        receipt.add_column(sa.Column("occurred_on", sa.Date(), nullable=True))
        receipt.add_column(sa.Column("items_given", sa.BigInteger(), nullable=True))
        receipt.drop_constraint(op.f(OUTCOME), type_="check")
        receipt.drop_constraint(op.f(REASON), type_="check")
        receipt.create_check_constraint(op.f(OUTCOME), "outcome IN ('accepted', 'duplicate', 'refused', 'quarantined')")
        receipt.create_check_constraint(op.f(REASON), "outcome NOT IN ('refused', 'quarantined') OR code IS NOT NULL")
        receipt.create_check_constraint(op.f("ck_receipt_items_given"), "items_given >= 0")
    forbid_changes_again("receipt")
    op.add_column("ledger_entry", sa.Column("derived_from", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_ledger_entry_derived_from",
        "ledger_entry",
        ["derived_from"],
        sqlite_where=IS_DERIVED,
        postgresql_where=IS_DERIVED,
    )
    create_quarantined_row()


def downgrade() -> None:
    op.drop_table("quarantined_row")
    op.drop_index("ix_ledger_entry_derived_from", "ledger_entry")
    op.drop_column("ledger_entry", "derived_from")
    with op.batch_alter_table("receipt") as receipt:
        receipt.drop_constraint(op.f("ck_receipt_items_given"), type_="check")
        receipt.drop_constraint(op.f(REASON), type_="check")
        receipt.drop_constraint(op.f(OUTCOME), type_="check")
        receipt.create_check_constraint(op.f(REASON), "outcome <> 'refused' OR code IS NOT NULL")
        receipt.create_check_constraint(op.f(OUTCOME), "outcome IN ('accepted', 'duplicate', 'refused')")
        receipt.drop_column("items_given")
        receipt.drop_column("occurred_on")
        receipt.drop_column("indicator")
    forbid_changes_again("receipt")
    with op.batch_alter_table("batch") as batch:
        batch.drop_constraint(op.f(COUNTS), type_="check")
        batch.create_check_constraint(op.f(COUNTS), "accepted >= 0 AND duplicate >= 0 AND refused >= 0")
        batch.drop_column("quarantined")


def create_quarantined_row() -> None:
    op.create_table(
        "quarantined_row",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("quarantine_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("derived_from", sa.Uuid(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("part IN ('row', 'representative')", name=op.f("ck_quarantined_row_part")),
        sa.CheckConstraint("state IN ('open', 'released', 'refused')", name=op.f("ck_quarantined_row_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_quarantined_row_decided_at")),
        sa.CheckConstraint("(state = 'open') = (decided_by IS NULL)", name=op.f("ck_quarantined_row_decided_by")),
        sa.CheckConstraint(
            "(state = 'released') = (record_id IS NOT NULL)", name=op.f("ck_quarantined_row_released_is_record")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "row_no"],
            ["receipt.batch_id", "receipt.row_no"],
            name="fk_quarantined_row_batch_id_row_no_receipt",
        ),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_quarantined_row_department_department"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_quarantined_row_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "quarantine_id", name="pk_quarantined_row"),
    )
    op.create_index("ix_quarantined_row_quarantine_id", "quarantined_row", ["quarantine_id"])
    op.create_index("ix_quarantined_row_batch_id", "quarantined_row", ["batch_id"])
    op.create_index(
        "ix_quarantined_row_open", "quarantined_row", ["quarantine_id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )
    op.create_index(
        "uq_quarantined_row_open",
        "quarantined_row",
        ["subject_id", "department", "indicator", "source_key"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_index(
        "ix_quarantined_row_derived_from",
        "quarantined_row",
        ["derived_from"],
        sqlite_where=IS_DERIVED,
        postgresql_where=IS_DERIVED,
    )


def forbid_changes_again(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: add a further row instead'); END"
        )
