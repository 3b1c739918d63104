"""What home cities say about visitors, and what visitors may have for it."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAYS_OF_GRANTS, WAYS_OF_QUESTIONS = ("code", "ask", "application", "card"), ("code", "ask")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "entitlement_source",
        sa.Column("treaty_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("treaty_id", "version", name=op.f("pk_entitlement_source")),
    )
    op.create_table(
        "withdrawn_question",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "question_id", name=op.f("pk_withdrawn_question")),
    )
    op.create_index(op.f("ix_withdrawn_question_withdrawn_at"), "withdrawn_question", ["withdrawn_at"], unique=False)
    op.create_table(
        "home_question",
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
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("corrected_at", MOMENT, nullable=True),
        sa.Column("content", JSON_OBJECT, nullable=True),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'answered', 'failed')", name=op.f("ck_home_question_state")),
        sa.CheckConstraint(
            "content IS NULL OR (ended_at IS NULL AND until IS NOT NULL)", name=op.f("ck_home_question_content")
        ),
        sa.CheckConstraint("via IN ('question', 'card')", name=op.f("ck_home_question_via")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_home_question_ended")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_home_question_subject_id_subject")
        ),
        sa.PrimaryKeyConstraint("subject_id", "question_id", name=op.f("pk_home_question")),
    )
    op.create_index(
        "ix_home_question_kept",
        "home_question",
        ["until"],
        unique=False,
        sqlite_where=sa.text("content IS NOT NULL"),
        postgresql_where=sa.text("content IS NOT NULL"),
    )
    op.create_index("uq_home_question_question_id", "home_question", ["question_id"], unique=True)
    op.create_table(
        "visitor_entitlement",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("treaty_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_visitor_entitlement_subject_id_subject")
        ),
        sa.ForeignKeyConstraint(
            ["treaty_id", "version"],
            ["entitlement_source.treaty_id", "entitlement_source.version"],
            name=op.f("fk_visitor_entitlement_treaty_id_version_entitlement_source"),
        ),
        sa.PrimaryKeyConstraint("subject_id", "scenario", "question_id", name=op.f("pk_visitor_entitlement")),
    )
    op.create_index(op.f("ix_visitor_entitlement_question_id"), "visitor_entitlement", ["question_id"], unique=False)
    op.create_index(op.f("ix_visitor_entitlement_until"), "visitor_entitlement", ["until"], unique=False)
    op.create_table(
        "visitor_use",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("told_state", sa.Text(), nullable=True),
        sa.Column("event_no", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_visitor_use_subject_id_subject")),
        sa.PrimaryKeyConstraint("subject_id", "grant_id", name=op.f("pk_visitor_use")),
    )
    op.create_index(op.f("ix_visitor_use_partner"), "visitor_use", ["partner"], unique=False)
    op.create_index(op.f("ix_visitor_use_told_state"), "visitor_use", ["told_state"], unique=False)
    change_ways({"benefit_grant": (*WAYS_OF_GRANTS, "visitor"), "verification": (*WAYS_OF_QUESTIONS, "visitor")})


def change_ways(ways: Mapping[str, Sequence[str]]) -> None:
    """Say anew how a grant or an answer may come about; SQLite gets each as a new table."""
    for table, names in ways.items():
        check = op.f(f"ck_{table}_via")
        with op.batch_alter_table(table) as altered:
            altered.drop_constraint(check, type_="check")
            altered.create_check_constraint(check, f"via IN ({', '.join(map(repr, names))})")


def downgrade() -> None:
    for table in ("benefit_grant", "verification"):
        op.execute(f"UPDATE {table} SET via = 'ask' WHERE via = 'visitor'")  # noqa: S608 - names of ours
    change_ways({"benefit_grant": WAYS_OF_GRANTS, "verification": WAYS_OF_QUESTIONS})
    op.drop_table("visitor_use")
    op.drop_table("withdrawn_question")
    op.drop_table("home_question")
    op.drop_table("visitor_entitlement")
    op.drop_table("entitlement_source")
