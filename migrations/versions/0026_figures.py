"""The figures of the city day by day, the secret offsets under which they are published, and the latest pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("figure_day", "figure_cell", "figure_offset")


def upgrade() -> None:
    op.create_table(
        "figure_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("rulebook_version", sa.Text(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("known_at", MOMENT, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.CheckConstraint("people >= 0", name=op.f("ck_figure_day_people")),
        sa.PrimaryKeyConstraint("day", name="pk_figure_day"),
    )
    op.create_table(
        "figure_cell",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('score', 'dimension', 'benefit')", name=op.f("ck_figure_cell_kind")),
        sa.CheckConstraint("people >= 1", name=op.f("ck_figure_cell_people")),
        sa.ForeignKeyConstraint(["day"], ["figure_day.day"], name="fk_figure_cell_day_figure_day"),
        sa.PrimaryKeyConstraint("day", "kind", "cell", name="pk_figure_cell"),
    )
    op.create_table(
        "figure_offset",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND 19", name=op.f("ck_figure_offset_people")),
        sa.PrimaryKeyConstraint("kind", "cell", name="pk_figure_offset"),
    )
    op.create_table(
        "figure_picture",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("svg", sa.Text(), nullable=False),
        sa.CheckConstraint("audience IN ('public', 'operators')", name=op.f("ck_figure_picture_audience")),
        sa.PrimaryKeyConstraint("audience", "name", "language", name="pk_figure_picture"),
    )
    for table in TABLES:
        forbid_changes(table)


def downgrade() -> None:
    op.drop_table("figure_picture")
    for table in ("figure_offset", "figure_cell", "figure_day"):
        op.drop_table(table)


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
