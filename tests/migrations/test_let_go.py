"""What the sixteenth migration makes of grants that are there already."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, Date, Text, Uuid, column, insert, select, table

from backend.clock import SystemClock
from backend.storage.database import Database
from backend.storage.migrations import upgrade
from backend.storage.types import Moment
from tests.databases import run_sql

NINETY_DAYS, BEGUN_AT = timedelta(days=90), datetime(2026, 1, 1, tzinfo=UTC)
SOMEBODY = UUID(int=1)
TEXTS = ("merchant", "order_no", "scenario", "catalogue_version", "via", "state", "places")
MOMENTS = ("granted_at", "due_at", "ends_at", "closes_at", "ended_at")
GRANT = table(
    "benefit_grant",
    *(column(name, Uuid()) for name in ("subject_id", "grant_id")),
    *(column(name, Text()) for name in TEXTS),
    *(column(name, Moment()) for name in MOMENTS),
    *(column(name, BigInteger()) for name in ("agreed_fen", "held_fen", "lasting_days", "overdue_days")),
    column("granted_on", Date()),
)
PERSON = (
    "INSERT INTO subject (subject_id, kind, identity_index, identity_key_id, identity_sealed, name_verified, in_doubt,"
    " facts_version, created_at) VALUES ('{0}', 'natural_person', '1', '1', '1', false, false, 0, '{1}')"
)


def add_grant(database: Database, number: int, state: str, **moments: datetime) -> None:
    texts = dict.fromkeys(TEXTS, "any") | {"order_no": str(number), "state": state, "via": "code"}
    amounts = {"agreed_fen": 0, "held_fen": 0, "lasting_days": 2}
    given = {"granted_on": date(2026, 1, 1), "granted_at": BEGUN_AT, **moments}
    with database.transaction() as session:
        ids = {"subject_id": SOMEBODY, "grant_id": UUID(int=number)}
        session.execute(insert(GRANT).values({**ids, **texts, **amounts, **given}))


def test_what_is_overdue_already_has_ninety_days_from_now(empty_database_url: str) -> None:
    """And not from its end: it would be let go on a day whose statement is closed."""
    upgrade(empty_database_url, "0015")
    database, before = Database(empty_database_url), SystemClock().now()
    later_at = (before + timedelta(days=30)).replace(microsecond=0)
    run_sql(database, PERSON.format(SOMEBODY.hex, BEGUN_AT.replace(tzinfo=None)))
    add_grant(database, 1, "overdue", ends_at=BEGUN_AT)
    add_grant(database, 2, "in_use", ends_at=later_at, due_at=later_at)
    add_grant(database, 3, "reserved", due_at=later_at)
    add_grant(database, 4, "completed", ended_at=BEGUN_AT)
    upgrade(empty_database_url, "0016")
    with database.reading() as session:
        columns = (GRANT.c.state, GRANT.c.due_at, GRANT.c.closes_at, GRANT.c.overdue_days)
        found = {row[0]: tuple(row[1:]) for row in session.execute(select(*columns))}
    database.dispose()
    due_at, closes_at, _ = found.pop("overdue")
    assert due_at == closes_at
    assert before - timedelta(seconds=1) <= due_at - NINETY_DAYS <= SystemClock().now()
    assert found == {
        "in_use": (later_at, later_at + NINETY_DAYS, 90),
        "reserved": (later_at, None, 90),
        "completed": (None, None, 90),
    }
