"""Files handed in, and the column mappings they are read by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "file",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("clerk", sa.Text(), nullable=False),
        sa.Column("file_no", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("fault_code", sa.Text(), nullable=True),
        sa.Column("fault_values", JSON_OBJECT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("file_id", name="pk_file"),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_file_department_department"),
        sa.CheckConstraint("state IN ('waiting', 'reading', 'done', 'failed')", name=op.f("ck_file_state")),
        sa.CheckConstraint("(state IN ('done', 'failed')) = (ended_at IS NOT NULL)", name=op.f("ck_file_ended")),
        sa.CheckConstraint("(state = 'failed') = (fault_code IS NOT NULL)", name=op.f("ck_file_fault")),
        sa.CheckConstraint("rows_read >= 0 AND size >= 0", name=op.f("ck_file_counts")),
    )
    op.create_index("ix_file_ended_at", "file", ["ended_at"])
    op.create_index(
        "uq_file_number",
        "file",
        ["department", "file_no"],
        unique=True,
        sqlite_where=sa.text("NOT dry_run"),
        postgresql_where=sa.text("NOT dry_run"),
    )
    op.create_table(
        "file_piece",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("piece_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "piece_no", name="pk_file_piece"),
        sa.ForeignKeyConstraint(["file_id"], ["file.file_id"], name="fk_file_piece_file_id_file"),
    )
    op.create_table(
        "dry_receipt",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("law", sa.Text(), nullable=True),
        sa.Column("detail", JSON_OBJECT, nullable=True),
        sa.PrimaryKeyConstraint("file_id", "row_no", name="pk_dry_receipt"),
        sa.ForeignKeyConstraint(["file_id"], ["file.file_id"], name="fk_dry_receipt_file_id_file"),
    )
    op.create_table(
        "column_mapping",
        sa.Column("mapping_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", JSON_OBJECT, nullable=False),
        sa.Column("clerk", sa.Text(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mapping_id", name="pk_column_mapping"),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_column_mapping_department_department"),
        sa.UniqueConstraint("department", "name", "version", name="uq_column_mapping_department_name_version"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_column_mapping_version")),
    )


def downgrade() -> None:
    op.drop_table("column_mapping")
    op.drop_table("dry_receipt")
    op.drop_table("file_piece")
    op.drop_table("file")
