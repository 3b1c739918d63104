"""What everybody is told with an edition: what it changes, why, by which decision, why so late; why withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TOLD = ("summary", "reason", "decision", "urgency")
FIXED = ("edition_id", "kind", "version", "effective_on", "digest", "announced_at", "documents")


def upgrade() -> None:
    forbid_no_updates()
    for column in (*TOLD, "withdrawn_because"):
        op.add_column("edition", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("edition", sa.Column("restores_on", sa.Date(), nullable=True))
    for column in ("decision", "urgency"):
        op.add_column("rule_revision", sa.Column(column, sa.Text(), nullable=True))
    tell_of_drafts()
    forbid_updates((*FIXED, *TOLD, "restores_on"))


def downgrade() -> None:
    forbid_no_updates()
    for column in ("restores_on", "withdrawn_because", *reversed(TOLD)):
        op.drop_column("edition", column)
    for column in ("urgency", "decision"):
        op.drop_column("rule_revision", column)
    forbid_updates(FIXED)


def tell_of_drafts() -> None:
    """Tell of what was announced before what its draft says; what was kept of a withdrawal stays with the officers."""
    op.execute(
        "UPDATE edition SET"
        " summary = (SELECT title FROM rule_draft AS d WHERE d.edition_id = edition.edition_id),"
        " restores_on = (SELECT restores_on FROM rule_draft AS d WHERE d.edition_id = edition.edition_id),"
        " reason = (SELECT e.reason FROM rule_event AS e JOIN rule_draft AS d ON d.draft_id = e.draft_id"
        " WHERE d.edition_id = edition.edition_id AND e.event_no = 1)"
    )


def forbid_no_updates() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER edition_append_only ON edition" if on_postgresql else "DROP TRIGGER edition_no_update")


def forbid_updates(fixed: tuple[str, ...]) -> None:
    """Forbid changes of an edition, all but one: it is withdrawn, once, and then it is said why."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    differs = "IS DISTINCT FROM" if on_postgresql else "IS NOT"
    row_of = {row: ", ".join(f"{row}.{column}" for column in fixed) for row in ("OLD", "NEW")}
    guard = (
        " WHEN (OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL"
        f" OR ({row_of['OLD']}) {differs} ({row_of['NEW']}))"
    )
    if on_postgresql:
        op.execute(
            "CREATE TRIGGER edition_append_only BEFORE UPDATE ON edition"
            f" FOR EACH ROW{guard} EXECUTE FUNCTION refuse_change()"
        )
        return
    op.execute(
        f"CREATE TRIGGER edition_no_update BEFORE UPDATE ON edition{guard}"
        " BEGIN SELECT RAISE(ABORT, 'edition is append-only: add a further row instead'); END"
    )
