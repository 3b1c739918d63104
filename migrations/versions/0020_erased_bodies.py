"""Bodies of messages between cities go after their time, and the chain of messages does without them.

What the chain covers of a message changes with this, so all messages are chained anew by the sweep, in the order in
which they were logged. A bundle that was exported before still verifies by the program that came with it.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OK = 200
KEPT_FOR = timedelta(days=3 * 365)
HELD = sa.text("body IS NOT NULL")
FIXED = ("message_id", "partner", "direction", "kind", "about", "url", "status", "headers", "logged_at")
ADDED = ("body_digest", "tells_of", "kept_until")
MESSAGE = sa.table(
    "exchange_message",
    sa.column("message_id", sa.Uuid()),
    sa.column("kind", sa.Text()),
    sa.column("about", sa.Uuid()),
    sa.column("status", sa.BigInteger()),
    sa.column("body", sa.Text()),
    sa.column("logged_at", MOMENT),
    sa.column("body_digest", sa.Text()),
    sa.column("tells_of", sa.Uuid()),
    sa.column("kept_until", MOMENT),
)
NOTICE = sa.table(
    "exchange_notice",
    sa.column("kind", sa.Text()),
    sa.column("content", JSON_OBJECT),
    sa.column("confirmed_at", MOMENT),
)


def upgrade() -> None:
    begin_anew()
    with op.batch_alter_table("exchange_message") as altered:
        altered.alter_column("body", existing_type=sa.Text(), nullable=True)
        altered.add_column(sa.Column("body_digest", sa.Text(), nullable=True))
        altered.add_column(sa.Column("tells_of", sa.Uuid(), nullable=True))
        altered.add_column(sa.Column("kept_until", MOMENT, nullable=True))
        altered.add_column(sa.Column("erased_at", MOMENT, nullable=True))
    fill()
    with op.batch_alter_table("exchange_message") as altered:
        altered.alter_column("body_digest", existing_type=sa.Text(), nullable=False)
        altered.alter_column("kept_until", existing_type=MOMENT, nullable=False)
        altered.create_check_constraint(op.f("ck_exchange_message_erased"), "(body IS NULL) = (erased_at IS NOT NULL)")
    for name, columns in (("kept_until", ["kept_until"]), ("told", ["partner", "tells_of"])):
        op.create_index(
            f"ix_exchange_message_{name}", "exchange_message", columns, sqlite_where=HELD, postgresql_where=HELD
        )
    told = NOTICE.c.confirmed_at.is_not(None) & NOTICE.c.kind.in_(["corrected", "used"])
    op.execute(NOTICE.update().where(told).values(content={}))
    forbid_changes("exchange_message_link")
    forbid_changes("exchange_message", may_erase=True)


def begin_anew() -> None:
    """Let everything be changed until `forbid_changes`, and take the messages out of the chain."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    names = ("append_only", "no_truncate", "no_delete") if on_postgresql else ("no_update", "no_delete")
    for table in ("exchange_message", "exchange_message_link"):
        for name in names:
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{name}" + (f" ON {table}" if on_postgresql else ""))
    op.execute("DELETE FROM exchange_message_link")


def fill() -> None:
    """Say of each message what its body was, whose answer it holds, and until when."""
    connection, row = op.get_bind(), MESSAGE.c
    last = UUID(int=0)
    while True:
        portion = sa.select(row.message_id, row.kind, row.about, row.status, row.body, row.logged_at)
        portion = portion.where(row.message_id > last).order_by(row.message_id).limit(500)
        found: Sequence[Any] = connection.execute(portion).all()
        for message in found:
            tells_of, until = find_told(message)
            kept_until = min(until, message.logged_at.replace(tzinfo=message.logged_at.tzinfo or UTC) + KEPT_FOR)
            values = {"tells_of": tells_of, "kept_until": kept_until}
            digest = sha256(message.body.encode()).hexdigest()
            this = MESSAGE.update().where(row.message_id == message.message_id)
            connection.execute(this.values(body_digest=digest, **values))
        if not found:
            return
        last = found[-1].message_id


def find_told(message: Any) -> tuple[UUID | None, datetime]:  # noqa: ANN401 - a row
    """Find the question that a message answers or corrects, and until when what it tells may be used."""
    endless = datetime.max.replace(tzinfo=UTC)
    is_answer, is_notice = message.kind == "answer" and message.status == OK, message.kind == "notice"
    try:
        document = json.loads(message.body) if is_answer or is_notice else {}
        told = document if is_answer else document.get("content", {})
        question_id = message.about if is_answer else UUID(told["question_id"])
        if is_notice and document["kind"] != "corrected":
            return None, endless
        return question_id, datetime.fromisoformat(told["until"]).astimezone(UTC)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return message.about if is_answer else None, endless


def downgrade() -> None:
    begin_anew()
    # What was erased does not come back: such a message proves nothing any more after this.
    op.execute("UPDATE exchange_message SET body = '' WHERE body IS NULL")
    op.drop_index("ix_exchange_message_kept_until", "exchange_message")
    op.drop_index("ix_exchange_message_told", "exchange_message")
    with op.batch_alter_table("exchange_message") as altered:
        altered.drop_constraint(op.f("ck_exchange_message_erased"), type_="check")
        for column in ("erased_at", *ADDED):
            altered.drop_column(column)
        altered.alter_column("body", existing_type=sa.Text(), nullable=False)
    for table in ("exchange_message", "exchange_message_link"):
        forbid_changes(table)


def forbid_changes(table: str, *, may_erase: bool = False) -> None:
    """Forbid changes of a table; with `may_erase` all but one: a body that is there goes, with the moment of it."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    row_of = {row: ", ".join(f"{row}.{column}" for column in (*FIXED, *ADDED)) for row in ("OLD", "NEW")}
    differs = "IS DISTINCT FROM" if on_postgresql else "IS NOT"
    when = (
        " WHEN (OLD.body IS NULL OR NEW.body IS NOT NULL OR NEW.erased_at IS NULL"
        f" OR ({row_of['OLD']}) {differs} ({row_of['NEW']}))"
    )
    guard = when if may_erase else ""
    if on_postgresql:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE{'' if may_erase else ' OR DELETE'} ON {table}"
            f" FOR EACH ROW{guard} EXECUTE FUNCTION refuse_change()"
        )
        if may_erase:
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
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
            f"{guard if change == 'UPDATE' else ''}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: add a further row instead'); END"
        )
