"""Partners end with a reason, notices and empty questions after a time, withdrawals person by person; names of askers.

Of a partner that ended before nobody noted by whom and why. Every withdrawal that was taken before is settled.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

EMPTY, UNSETTLED = sa.text("content IS NULL"), sa.text("NOT is_settled")
ENDED, ENDED_BY = "ck_partner_ended", "ck_partner_ended_by"


def upgrade() -> None:
    with op.batch_alter_table("partner") as altered:
        altered.add_column(sa.Column("ended_by", sa.Text(), nullable=True))
        altered.add_column(sa.Column("ended_because", sa.Text(), nullable=True))
        altered.create_check_constraint(op.f(ENDED), "(ended_by IS NULL) = (ended_because IS NULL)")
        altered.create_check_constraint(op.f(ENDED_BY), "ended_at IS NOT NULL OR ended_by IS NULL")
    op.create_index(op.f("ix_taken_notice_taken_at"), "taken_notice", ["taken_at"])
    op.create_index("ix_home_question_empty", "home_question", ["asked_at"], sqlite_where=EMPTY, postgresql_where=EMPTY)
    with op.batch_alter_table("withdrawn_question") as altered:
        altered.add_column(sa.Column("is_settled", sa.Boolean(), server_default=sa.true(), nullable=False))
    with op.batch_alter_table("withdrawn_question") as altered:
        altered.alter_column("is_settled", existing_type=sa.Boolean(), server_default=None)
    op.create_index(
        "ix_withdrawn_question_unsettled",
        "withdrawn_question",
        ["partner", "question_id"],
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    )
    with op.batch_alter_table("disclosure") as altered:
        altered.add_column(sa.Column("acting_name", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("disclosure") as altered:
        altered.drop_column("acting_name")
    op.drop_index("ix_withdrawn_question_unsettled", "withdrawn_question")
    with op.batch_alter_table("withdrawn_question") as altered:
        altered.drop_column("is_settled")
    op.drop_index("ix_home_question_empty", "home_question")
    op.drop_index(op.f("ix_taken_notice_taken_at"), "taken_notice")
    with op.batch_alter_table("partner") as altered:
        altered.drop_constraint(op.f(ENDED_BY), type_="check")
        altered.drop_constraint(op.f(ENDED), type_="check")
        altered.drop_column("ended_because")
        altered.drop_column("ended_by")
