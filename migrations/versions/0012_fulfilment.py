"""Proposed records of broken promises with their turns, and complaints."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTED = (
    "state <> 'counted' OR (ended_at >= answer_until AND (objected_at IS NULL) = (objection_decided_at IS NULL)"
    " AND original_seen_by IS NOT NULL AND ended_by IS NOT NULL AND original_seen_by <> ended_by"
    " AND (objection_decided_by IS NULL OR objection_decided_by <> ended_by))"
)


def upgrade() -> None:
    add_proposals()
    add_proposal_turns()
    add_proposal_rounds()
    add_complaints()
    forbid_changes("proposal_turn")


def downgrade() -> None:
    op.drop_table("complaint")
    op.drop_table("proposal_round")
    op.drop_table("proposal_turn")
    op.drop_table("proposal")


def add_proposals() -> None:
    op.create_table(
        "proposal",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("broken_on", sa.Date(), nullable=False),
        sa.Column("slip_no", sa.Text(), nullable=False),
        sa.Column("statement_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("answer_until", MOMENT, nullable=False),
        sa.Column("lapses_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("objection_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("objected_at", MOMENT, nullable=True),
        sa.Column("objection_decided_at", MOMENT, nullable=True),
        sa.Column("objection_decided_by", sa.Text(), nullable=True),
        sa.Column("objection_reason", sa.Text(), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmation_no", sa.Text(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("finality", sa.Text(), nullable=True),
        sa.Column("original_seen_by", sa.Text(), nullable=True),
        sa.Column("original_seen_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_code", sa.Text(), nullable=True),
        sa.Column("end_ground", sa.Text(), nullable=True),
        sa.Column("end_law", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'answered', 'objected', 'withdrawn', 'dismissed', 'counted')",
            name=op.f("ck_proposal_state"),
        ),
        sa.CheckConstraint("kind IN ('not_returned', 'not_paid', 'damaged')", name=op.f("ck_proposal_kind")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_proposal_amount")),
        sa.CheckConstraint(
            "(state IN ('proposed', 'answered', 'objected')) = (ended_at IS NULL)", name=op.f("ck_proposal_ended")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (end_code IS NULL)", name=op.f("ck_proposal_end_code")),
        sa.CheckConstraint("(state = 'counted') = (record_id IS NOT NULL)", name=op.f("ck_proposal_record")),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmation_no IS NULL)", name=op.f("ck_proposal_confirmation")),
        sa.CheckConstraint("confirmed_on >= broken_on", name=op.f("ck_proposal_confirmed_on")),
        sa.CheckConstraint(
            "(original_seen_by IS NULL) = (original_seen_at IS NULL)", name=op.f("ck_proposal_original_seen")
        ),
        sa.CheckConstraint(COUNTED, name=op.f("ck_proposal_counted")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_proposal_merchant_merchant")),
        sa.ForeignKeyConstraint(
            ["subject_id", "grant_id"],
            ["benefit_grant.subject_id", "benefit_grant.grant_id"],
            name=op.f("fk_proposal_subject_id_grant_id_benefit_grant"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_proposal_subject_id_subject")),
        sa.PrimaryKeyConstraint("subject_id", "proposal_id", name=op.f("pk_proposal")),
    )
    op.create_index("uq_proposal_proposal_id", "proposal", ["proposal_id"], unique=True)
    op.create_index("uq_proposal_grant", "proposal", ["subject_id", "grant_id"], unique=True)
    op.create_index("ix_proposal_merchant", "proposal", ["merchant", "proposal_id"], unique=False)
    op.create_index("ix_proposal_confirmation_no", "proposal", ["confirmation_no"], unique=False)
    op.create_index(
        "ix_proposal_open",
        "proposal",
        ["proposal_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def add_proposal_turns() -> None:
    op.create_table(
        "proposal_turn",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("turn_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.CheckConstraint("by IN ('merchant', 'citizen', 'operator')", name=op.f("ck_proposal_turn_by")),
        sa.CheckConstraint("turn_no >= 1", name=op.f("ck_proposal_turn_turn_no")),
        sa.ForeignKeyConstraint(
            ["subject_id", "proposal_id"],
            ["proposal.subject_id", "proposal.proposal_id"],
            name=op.f("fk_proposal_turn_subject_id_proposal_id_proposal"),
        ),
        sa.PrimaryKeyConstraint("subject_id", "proposal_id", "turn_no", name=op.f("pk_proposal_turn")),
    )


def add_proposal_rounds() -> None:
    op.create_table(
        "proposal_round",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("round_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("objection_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("objected_at", MOMENT, nullable=True),
        sa.Column("objection_decided_at", MOMENT, nullable=True),
        sa.Column("objection_decided_by", sa.Text(), nullable=True),
        sa.Column("objection_reason", sa.Text(), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmation_no", sa.Text(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("finality", sa.Text(), nullable=True),
        sa.CheckConstraint("round_no >= 1", name=op.f("ck_proposal_round_round_no")),
        sa.ForeignKeyConstraint(
            ["subject_id", "proposal_id"],
            ["proposal.subject_id", "proposal.proposal_id"],
            name=op.f("fk_proposal_round_subject_id_proposal_id_proposal"),
        ),
        sa.PrimaryKeyConstraint("subject_id", "proposal_id", "round_no", name=op.f("pk_proposal_round")),
    )


def add_complaints() -> None:
    op.create_table(
        "complaint",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("complained_at", MOMENT, nullable=False),
        sa.Column("answer_until", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('not_honoured', 'not_released', 'charged_wrongly')", name=op.f("ck_complaint_kind")
        ),
        sa.CheckConstraint("state IN ('open', 'answered', 'upheld', 'dismissed')", name=op.f("ck_complaint_state")),
        sa.CheckConstraint(
            "(state IN ('upheld', 'dismissed')) = (decided_at IS NOT NULL)", name=op.f("ck_complaint_decided")
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_complaint_decided_by")),
        sa.CheckConstraint("(answered_at IS NULL) = (answer_sealed IS NULL)", name=op.f("ck_complaint_answered")),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.code"], name=op.f("fk_complaint_merchant_merchant")),
        sa.ForeignKeyConstraint(
            ["subject_id", "grant_id"],
            ["benefit_grant.subject_id", "benefit_grant.grant_id"],
            name=op.f("fk_complaint_subject_id_grant_id_benefit_grant"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_complaint_subject_id_subject")),
        sa.PrimaryKeyConstraint("subject_id", "complaint_id", name=op.f("pk_complaint")),
    )
    op.create_index("uq_complaint_complaint_id", "complaint", ["complaint_id"], unique=True)
    op.create_index(
        "uq_complaint_open",
        "complaint",
        ["subject_id", "grant_id", "kind"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_complaint_merchant", "complaint", ["merchant", "complaint_id"], unique=False)
    op.create_index(
        "ix_complaint_undecided",
        "complaint",
        ["complaint_id"],
        unique=False,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )


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
