"""Editions of rules and scenarios that the city announced; but for one withdrawal nothing of them ever changes."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FIXED = ("edition_id", "kind", "version", "effective_on", "digest", "announced_at")
STANDS = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "documents",
            sa.JSON(none_as_null=True).with_variant(sa.dialects.postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('rulebook', 'scenarios')", name=op.f("ck_edition_kind")),
        sa.CheckConstraint("withdrawn_at >= announced_at", name=op.f("ck_edition_withdrawn_at")),
        sa.PrimaryKeyConstraint("edition_id", name="pk_edition"),
    )
    for column in ("effective_on", "version"):
        op.create_index(
            f"uq_edition_{column}",
            "edition",
            ["kind", column],
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        )
    forbid_changes()


def downgrade() -> None:
    op.drop_table("edition")


def forbid_changes() -> None:
    """Forbid changes of an edition, all but one: it is withdrawn, once."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    differs = "IS DISTINCT FROM" if on_postgresql else "IS NOT"
    row_of = {row: ", ".join(f"{row}.{column}" for column in (*FIXED, "documents")) for row in ("OLD", "NEW")}
    guard = (
        " WHEN (OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL"
        f" OR ({row_of['OLD']}) {differs} ({row_of['NEW']}))"
    )
    if on_postgresql:
        op.execute(
            "CREATE TRIGGER edition_append_only BEFORE UPDATE ON edition"
            f" FOR EACH ROW{guard} EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER edition_no_delete BEFORE DELETE ON edition FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER edition_no_truncate BEFORE TRUNCATE ON edition"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER edition_no_{change.lower()} BEFORE {change} ON edition"
            f"{guard if change == 'UPDATE' else ''}"
            " BEGIN SELECT RAISE(ABORT, 'edition is append-only: add a further row instead'); END"
        )
