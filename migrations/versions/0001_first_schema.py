"""First schema: people, records, scores, access entries, idempotent answers.

Receipts, ledger entries and access entries are append-only; triggers refuse every change. A later revision that
rebuilds one of these tables on SQLite must create its triggers again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
APPEND_ONLY = ("ledger_entry", "receipt", "access_entry")


def upgrade() -> None:
    create_subject()
    create_enrolment()
    create_consent()
    create_used_ticket()
    create_department()
    create_batch()
    create_receipt()
    create_ledger_entry()
    create_stored_score()
    create_access_entry()
    create_idempotent_answer()
    for table in APPEND_ONLY:
        forbid_changes(table)


def downgrade() -> None:
    for table in (
        "idempotent_answer",
        "access_entry",
        "stored_score",
        "ledger_entry",
        "receipt",
        "batch",
        "department",
        "used_ticket",
        "consent",
        "enrolment",
        "subject",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def create_subject() -> None:
    op.create_table(
        "subject",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("identity_index", sa.LargeBinary(), nullable=False),
        sa.Column("identity_key_id", sa.Text(), nullable=False),
        sa.Column("identity_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("name_verified", sa.Boolean(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("doubt_code", sa.Text(), nullable=True),
        sa.Column("facts_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('natural_person', 'enterprise', 'sole_trader', 'social_organisation',"
            " 'public_institution', 'government_body')",
            name=op.f("ck_subject_kind"),
        ),
        sa.CheckConstraint("facts_version >= 0", name=op.f("ck_subject_facts_version")),
        sa.CheckConstraint("in_doubt = (doubt_code IS NOT NULL)", name=op.f("ck_subject_doubt")),
        sa.PrimaryKeyConstraint("subject_id", name="pk_subject"),
        sa.UniqueConstraint("identity_index", name="uq_subject_identity_index"),
    )


def create_enrolment() -> None:
    op.create_table(
        "enrolment",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("agreement_version", sa.Text(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "closed_because IN ('closed', 'consent_withdrawn')", name=op.f("ck_enrolment_closed_because")
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_because IS NULL)", name=op.f("ck_enrolment_closed")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_enrolment_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "enrolment_no", name="pk_enrolment"),
    )
    op.create_index(
        "uq_enrolment_open",
        "enrolment",
        ["subject_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def create_consent() -> None:
    op.create_table(
        "consent",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("agreement_version", sa.Text(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_consent_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "consent_id", name="pk_consent"),
    )


def create_used_ticket() -> None:
    op.create_table(
        "used_ticket",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_used_ticket"),
    )
    op.create_index("ix_used_ticket_expires_at", "used_ticket", ["expires_at"])


def create_department() -> None:
    op.create_table(
        "department",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_department"),
    )


def create_batch() -> None:
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("clerk", sa.Text(), nullable=False),
        sa.Column("batch_no", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("accepted >= 0 AND duplicate >= 0 AND refused >= 0", name=op.f("ck_batch_counts")),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_batch_department_department"),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batch"),
        sa.UniqueConstraint("department", "batch_no", name="uq_batch_department_batch_no"),
    )


def create_receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("law", sa.Text(), nullable=True),
        sa.Column("detail", JSON_OBJECT, nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome <> 'accepted' OR record_id IS NOT NULL", name=op.f("ck_receipt_acceptance_has_record")
        ),
        sa.CheckConstraint("outcome <> 'refused' OR code IS NOT NULL", name=op.f("ck_receipt_refusal_has_code")),
        sa.CheckConstraint("outcome IN ('accepted', 'duplicate', 'refused')", name=op.f("ck_receipt_outcome")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name="fk_receipt_batch_id_batch"),
        sa.PrimaryKeyConstraint("batch_id", "row_no", name="pk_receipt"),
    )


def create_ledger_entry() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("content", JSON_OBJECT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind = 'reported' OR source_key IS NULL", name=op.f("ck_ledger_entry_source_key_of_report")
        ),
        sa.CheckConstraint(
            "kind IN ('reported', 'corrected', 'withdrawn', 'repaired', 'objected', 'decided')",
            name=op.f("ck_ledger_entry_kind"),
        ),
        sa.CheckConstraint("ledger_no >= 1", name=op.f("ck_ledger_entry_ledger_no")),
        sa.ForeignKeyConstraint(["department"], ["department.code"], name="fk_ledger_entry_department_department"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_ledger_entry_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "ledger_no", name="pk_ledger_entry"),
        sa.UniqueConstraint(
            "subject_id",
            "department",
            "indicator",
            "source_key",
            name="uq_ledger_entry_subject_id_department_indicator_source_key",
        ),
    )
    op.create_index("ix_ledger_entry_record_id", "ledger_entry", ["record_id"])
    op.create_index(
        "uq_ledger_entry_report",
        "ledger_entry",
        ["subject_id", "record_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'reported'"),
        postgresql_where=sa.text("kind = 'reported'"),
    )


def create_stored_score() -> None:
    op.create_table(
        "stored_score",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("facts_version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("computed_on", sa.Date(), nullable=False),
        sa.Column("changes_on", sa.Date(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("payload", JSON_OBJECT, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_stored_score_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", name="pk_stored_score"),
    )


def create_access_entry() -> None:
    op.create_table(
        "access_entry",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("asker_kind", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=True),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("answered", JSON_OBJECT, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "asker_kind IN ('anyone', 'citizen', 'department', 'operator', 'merchant', 'partner_city')",
            name=op.f("ck_access_entry_asker_kind"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_access_entry_subject_id_subject"),
        sa.PrimaryKeyConstraint("subject_id", "entry_id", name="pk_access_entry"),
    )


def create_idempotent_answer() -> None:
    op.create_table(
        "idempotent_answer",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("headers", JSON_OBJECT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name="pk_idempotent_answer"),
    )
    op.create_index("ix_idempotent_answer_created_at", "idempotent_answer", ["created_at"])


def forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',"
            " MESSAGE = TG_TABLE_NAME || ' is append-only: add a further row instead'; END $$"
        )
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
