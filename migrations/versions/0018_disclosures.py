"""What other cities asked and were told about our citizens, and what was used there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "answered_question",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", JSON_OBJECT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "question_id", name=op.f("pk_answered_question")),
    )
    op.create_index(op.f("ix_answered_question_answered_at"), "answered_question", ["answered_at"], unique=False)
    op.create_table(
        "question_count",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("asked >= 0", name=op.f("ck_question_count_asked")),
        sa.PrimaryKeyConstraint("partner", "person", "asked_on", name=op.f("pk_question_count")),
    )
    op.create_index(op.f("ix_question_count_asked_on"), "question_count", ["asked_on"], unique=False)
    op.create_table(
        "disclosure",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("treaty_id", sa.Text(), nullable=False),
        sa.Column("treaty_version", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scenarios", JSON_OBJECT, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("told", JSON_OBJECT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("checked_version", sa.BigInteger(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("corrected_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.CheckConstraint("via IN ('question', 'card')", name=op.f("ck_disclosure_via")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_disclosure_ended")),
        sa.CheckConstraint(
            "ended_because IN ('consent', 'standing', 'treaty')", name=op.f("ck_disclosure_ended_because")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_disclosure_subject_id_subject")),
        sa.PrimaryKeyConstraint("subject_id", "question_id", name=op.f("pk_disclosure")),
    )
    op.create_index(
        "ix_disclosure_live",
        "disclosure",
        ["until"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_disclosure_until", "disclosure", ["until"], unique=False)
    op.create_index("uq_disclosure_question", "disclosure", ["partner", "question_id"], unique=True)
    op.create_table(
        "used_away",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_used_away_subject_id_subject")),
        sa.PrimaryKeyConstraint("subject_id", "use_id", name=op.f("pk_used_away")),
    )
    op.create_index(op.f("ix_used_away_reported_at"), "used_away", ["reported_at"], unique=False)


def downgrade() -> None:
    op.drop_table("used_away")
    op.drop_table("disclosure")
    op.drop_table("question_count")
    op.drop_table("answered_question")
