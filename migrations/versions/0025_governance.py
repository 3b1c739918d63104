"""Drafts of rules with their revisions, checks, impacts and diary, and candidates run beside the rules in force."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
APPEND_ONLY = ("rule_revision", "rule_check", "rule_impact", "rule_event", "shadow_day")
RUNNING = sa.text("stopped_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "rule_draft",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("restores_on", sa.Date(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('rulebook', 'scenarios')", name=op.f("ck_rule_draft_kind")),
        sa.CheckConstraint("state IN ('open', 'announced', 'rejected', 'withdrawn')", name=op.f("ck_rule_draft_state")),
        sa.CheckConstraint("revision_no >= 1", name=op.f("ck_rule_draft_revision_no")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_rule_draft_decided_at")),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_rule_draft_decided_by")),
        sa.CheckConstraint(
            "(state IN ('announced', 'withdrawn')) = (edition_id IS NOT NULL)", name=op.f("ck_rule_draft_edition")
        ),
        sa.CheckConstraint("(edition_id IS NULL) = (effective_on IS NULL)", name=op.f("ck_rule_draft_effective_on")),
        sa.CheckConstraint("state <> 'announced' OR decided_by <> author", name=op.f("ck_rule_draft_second_person")),
        sa.PrimaryKeyConstraint("draft_id", name="pk_rule_draft"),
    )
    op.create_index("ix_rule_draft_edition_id", "rule_draft", ["edition_id"], unique=True)
    op.create_table(
        "rule_revision",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("revision_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("documents", JSON, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.CheckConstraint("revision_no >= 1", name=op.f("ck_rule_revision_revision_no")),
        hang_on_draft("rule_revision"),
        sa.PrimaryKeyConstraint("draft_id", "revision_no", name="pk_rule_revision"),
    )
    op.create_table(
        "rule_check",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("check_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("is_sound", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("edition_digest", sa.Text(), nullable=True),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.CheckConstraint("check_no >= 1", name=op.f("ck_rule_check_check_no")),
        sa.CheckConstraint("NOT is_sound OR effective_on IS NOT NULL", name=op.f("ck_rule_check_effective_on")),
        sa.CheckConstraint(
            "(edition_digest IS NULL) = (effective_on IS NULL)", name=op.f("ck_rule_check_edition_digest")
        ),
        hang_on_draft("rule_check"),
        sa.PrimaryKeyConstraint("draft_id", "check_no", name="pk_rule_check"),
    )
    op.create_table(
        "rule_impact",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("impact_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", MOMENT, nullable=True),
        sa.Column("files_digest", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("compared", JSON, nullable=True),
        sa.Column("comparisons", JSON, nullable=True),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.CheckConstraint("impact_no >= 1", name=op.f("ck_rule_impact_impact_no")),
        sa.CheckConstraint("(fault IS NULL) = (comparisons IS NOT NULL)", name=op.f("ck_rule_impact_fault")),
        sa.CheckConstraint("(fault IS NULL) = (compared IS NOT NULL)", name=op.f("ck_rule_impact_compared")),
        sa.CheckConstraint("(fault IS NULL) = (known_at IS NOT NULL)", name=op.f("ck_rule_impact_known_at")),
        sa.CheckConstraint("(fault IS NULL) = (files_digest IS NOT NULL)", name=op.f("ck_rule_impact_files_digest")),
        hang_on_draft("rule_impact"),
        sa.PrimaryKeyConstraint("draft_id", "impact_no", name="pk_rule_impact"),
    )
    op.create_table(
        "rule_event",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("event_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.CheckConstraint("event_no >= 1", name=op.f("ck_rule_event_event_no")),
        hang_on_draft("rule_event"),
        sa.PrimaryKeyConstraint("draft_id", "event_no", name="pk_rule_event"),
    )
    op.create_table(
        "shadow_run",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("run_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.CheckConstraint("run_no >= 1", name=op.f("ck_shadow_run_run_no")),
        sa.CheckConstraint("(stopped_at IS NULL) = (stopped_by IS NULL)", name=op.f("ck_shadow_run_stopped")),
        hang_on_draft("shadow_run"),
        sa.PrimaryKeyConstraint("draft_id", "run_no", name="pk_shadow_run"),
    )
    op.create_index(
        "uq_shadow_run_running",
        "shadow_run",
        ["draft_id"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )
    op.create_table(
        "shadow_day",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("run_no", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("beside", sa.Text(), nullable=True),
        sa.Column("files_digest", sa.Text(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id", "run_no"],
            ["shadow_run.draft_id", "shadow_run.run_no"],
            name="fk_shadow_day_draft_id_run_no_shadow_run",
        ),
        sa.PrimaryKeyConstraint("draft_id", "run_no", "as_of", name="pk_shadow_day"),
    )
    for table in APPEND_ONLY:
        forbid_changes(table)


def downgrade() -> None:
    for table in ("shadow_day", "shadow_run", "rule_event", "rule_impact", "rule_check", "rule_revision", "rule_draft"):
        op.drop_table(table)


def hang_on_draft(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["draft_id"], ["rule_draft.draft_id"], name=f"fk_{table}_draft_id_rule_draft")


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
