"""Partner cities, their keys and treaties, the log of messages, and notices on their way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
APPEND_ONLY = ("treaty_event", "exchange_message", "exchange_message_link")


def upgrade() -> None:
    op.create_table(
        "city_key",
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("jwk", JSON_OBJECT, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.CheckConstraint("use IN ('sig', 'enc')", name=op.f("ck_city_key_use")),
        sa.PrimaryKeyConstraint("city", "key_id", name=op.f("pk_city_key")),
    )
    op.create_table(
        "exchange_message",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("headers", JSON_OBJECT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("logged_at", MOMENT, nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_exchange_message_direction")),
        sa.CheckConstraint(
            "kind IN ('question', 'answer', 'notice', 'confirmation')", name=op.f("ck_exchange_message_kind")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_exchange_message")),
    )
    op.create_index(op.f("ix_exchange_message_about"), "exchange_message", ["about"], unique=False)
    op.create_index(
        op.f("ix_exchange_message_partner_logged_at"), "exchange_message", ["partner", "logged_at"], unique=False
    )
    op.create_table(
        "exchange_notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("content", JSON_OBJECT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("attempted_at", MOMENT, nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("confirmation", JSON_OBJECT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('withdrawn', 'corrected', 'used', 'suspended', 'resumed')", name=op.f("ck_exchange_notice_kind")
        ),
        sa.CheckConstraint("(confirmed_at IS NULL) = (due_at IS NOT NULL)", name=op.f("ck_exchange_notice_due")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_exchange_notice_attempts")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_exchange_notice")),
    )
    op.create_index(
        "ix_exchange_notice_due",
        "exchange_notice",
        ["partner", "due_at"],
        unique=False,
        sqlite_where=sa.text("confirmed_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_index(
        op.f("ix_exchange_notice_subject_id_left_at"), "exchange_notice", ["subject_id", "left_at"], unique=False
    )
    op.create_table(
        "partner",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_partner")),
    )
    op.create_table(
        "seen_nonce",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "nonce", name=op.f("pk_seen_nonce")),
    )
    op.create_index(op.f("ix_seen_nonce_expires_at"), "seen_nonce", ["expires_at"], unique=False)
    op.create_table(
        "taken_notice",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("confirmation", JSON_OBJECT, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "notice_id", name=op.f("pk_taken_notice")),
    )
    op.create_table(
        "exchange_message_link",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("log_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.CheckConstraint("log_no >= 1", name=op.f("ck_exchange_message_link_log_no")),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["exchange_message.message_id"],
            name=op.f("fk_exchange_message_link_message_id_exchange_message"),
        ),
        sa.PrimaryKeyConstraint("partner", "log_no", name=op.f("pk_exchange_message_link")),
    )
    op.create_index("uq_exchange_message_link_message_id", "exchange_message_link", ["message_id"], unique=True)
    op.create_table(
        "treaty",
        sa.Column("treaty_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("our_signature", sa.Text(), nullable=False),
        sa.Column("their_signature", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("suspended_at", MOMENT, nullable=True),
        sa.Column("suspended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(suspended_at IS NULL) = (suspended_by IS NULL)", name=op.f("ck_treaty_suspended")),
        sa.CheckConstraint("starts_on < ends_on", name=op.f("ck_treaty_term")),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"], name=op.f("fk_treaty_partner_partner")),
        sa.PrimaryKeyConstraint("treaty_id", "version", name=op.f("pk_treaty")),
    )
    op.create_index(op.f("ix_treaty_partner_starts_on"), "treaty", ["partner", "starts_on"], unique=False)
    op.create_table(
        "treaty_event",
        sa.Column("treaty_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("event_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.CheckConstraint("event IN ('added', 'suspended', 'resumed')", name=op.f("ck_treaty_event_event")),
        sa.ForeignKeyConstraint(
            ["treaty_id", "version"],
            ["treaty.treaty_id", "treaty.version"],
            name=op.f("fk_treaty_event_treaty_id_version_treaty"),
        ),
        sa.PrimaryKeyConstraint("treaty_id", "version", "event_no", name=op.f("pk_treaty_event")),
    )
    for table in APPEND_ONLY:
        forbid_changes(table)


def downgrade() -> None:
    op.drop_table("taken_notice")
    op.drop_table("exchange_notice")
    op.drop_table("seen_nonce")
    op.drop_table("exchange_message_link")
    op.drop_table("exchange_message")
    op.drop_table("treaty_event")
    op.drop_table("treaty")
    op.drop_table("city_key")
    op.drop_table("partner")


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
