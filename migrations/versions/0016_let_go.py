"""Overdue grants that time lets go: for how long they may be overdue, and when that is over. What a purge looks for.

SQLite cannot change a check, so it gets `benefit_grant` as a new table. What is open gets ninety days from now, or from
its end if that is later: a day of a merchant that is closed stays as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DUE, CLOSES = "ck_benefit_grant_due", "ck_benefit_grant_closes"
CLOSED_BY_TIME = sa.text("(state = 'settled' AND ended_at = closes_at)")
ONCE = sa.text("purpose = 'benefit_once'")


def upgrade() -> None:
    with op.batch_alter_table("benefit_grant") as grant:
        grant.add_column(sa.Column("overdue_days", sa.BigInteger(), server_default=sa.text("90"), nullable=False))
        grant.add_column(sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
        grant.drop_constraint(op.f(DUE), type_="check")
    later = "GREATEST(ends_at, now()) + INTERVAL '2160 hours'"
    if op.get_bind().dialect.name == "sqlite":
        form = r"'%Y-%m-%d %H\:%M\:%f'"
        later = f"strftime({form}, max(ends_at, strftime({form}, 'now')), '+90 days') || '000'"
    grants = sa.table("benefit_grant", *(sa.column(name) for name in ("state", "due_at", "closes_at")))
    is_begun, is_overdue = grants.c.state.in_(["in_use", "overdue"]), grants.c.state == "overdue"
    op.execute(grants.update().where(is_begun).values(closes_at=sa.text(later)))
    op.execute(grants.update().where(is_overdue).values(due_at=grants.c.closes_at))
    with op.batch_alter_table("benefit_grant") as grant:
        grant.create_check_constraint(op.f(DUE), "(ended_at IS NULL) = (due_at IS NOT NULL)")
        grant.create_check_constraint(op.f(CLOSES), "state NOT IN ('in_use', 'overdue') OR closes_at IS NOT NULL")
    op.create_index(
        "ix_benefit_grant_closed_by_time",
        "benefit_grant",
        ["merchant", "ended_at"],
        sqlite_where=CLOSED_BY_TIME,
        postgresql_where=CLOSED_BY_TIME,
    )
    op.create_index(
        "ix_consent_once",
        "consent",
        ["expires_at"],
        sqlite_where=ONCE,
        postgresql_where=ONCE,
        postgresql_using="brin",
    )


def downgrade() -> None:
    op.drop_index("ix_consent_once", "consent")
    op.drop_index("ix_benefit_grant_closed_by_time", "benefit_grant")
    with op.batch_alter_table("benefit_grant") as grant:
        grant.drop_constraint(op.f(CLOSES), type_="check")
        grant.drop_constraint(op.f(DUE), type_="check")
    op.execute("UPDATE benefit_grant SET due_at = NULL WHERE state = 'overdue'")
    with op.batch_alter_table("benefit_grant") as grant:
        grant.create_check_constraint(op.f(DUE), "(state IN ('reserved', 'in_use')) = (due_at IS NOT NULL)")
        grant.drop_column("closes_at")
        grant.drop_column("overdue_days")
