"""Sign-in sessions with rotating refresh tokens, and mini-program accounts linked to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_sign_in_session()
    create_mini_program_link()


def downgrade() -> None:
    op.drop_table("mini_program_link")
    op.drop_table("sign_in_session")


def create_sign_in_session() -> None:
    op.create_table(
        "sign_in_session",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("method IN ('ticket', 'mini_program')", name=op.f("ck_sign_in_session_method")),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_sign_in_session_generation")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_sign_in_session_ended")),
        sa.CheckConstraint(
            "ended_at IS NULL OR expires_at <= ended_at", name=op.f("ck_sign_in_session_ended_is_expired")
        ),
        sa.CheckConstraint(
            "ended_because IN ('signed_out', 'signed_out_everywhere', 'reused', 'unlinked')",
            name=op.f("ck_sign_in_session_ended_because"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_sign_in_session_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "session_id", name="pk_sign_in_session"),
    )
    op.create_index("ix_sign_in_session_expires_at", "sign_in_session", ["expires_at"])


def create_mini_program_link() -> None:
    op.create_table(
        "mini_program_link",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("account_index", sa.LargeBinary(), nullable=False),
        sa.Column("account_key_id", sa.Text(), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_mini_program_link_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", name="pk_mini_program_link"),
        sa.UniqueConstraint("account_index", name="uq_mini_program_link_account_index"),
    )
