"""The moved clock and the fixed people of a sandbox; empty everywhere else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "moved_clock",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ahead_s", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_moved_clock_number")),
        sa.CheckConstraint("ahead_s >= 0", name=op.f("ck_moved_clock_ahead_s")),
        sa.PrimaryKeyConstraint("number", name="pk_moved_clock"),
    )
    op.create_table(
        "sandbox_person",
        sa.Column("person_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("identity_number", sa.Text(), nullable=False),
        sa.Column("purpose", JSON_OBJECT, nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_sandbox_person_subject_id_subject"),
        sa.PrimaryKeyConstraint("person_no", name="pk_sandbox_person"),
    )


def downgrade() -> None:
    op.drop_table("sandbox_person")
    op.drop_table("moved_clock")
