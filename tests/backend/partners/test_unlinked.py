"""Messages without a place in the chain, in portions; at volume no statement reads the whole log."""

from datetime import timedelta

import psycopg
import pytest

from backend.partners import message_log
from backend.partners.message_log import READ_AT_ONCE, count_unlinked, link_messages
from backend.storage.database import Database
from tests.backend.partners.cities import NOON, THEIRS, Pair
from tests.backend.partners.test_message_log import read_chain, write
from tests.databases import plans_noted
from tests.servers import libpq_url

MANY = 300_000


def test_portions_miss_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "READ_AT_ONCE", 2)
    monkeypatch.setattr(message_log, "PORTION", 1)
    with database.transaction() as session:
        Pair().meet(session)
        for number in range(5):  # logged at one moment
            write(session, number)
    assert link_messages(database, now=NOON) == 5
    with database.transaction() as session:
        for number in range(5, 9):
            write(session, number, at=timedelta(minutes=number % 2))
    with database.reading() as session:
        assert [count_unlinked(session, THEIRS, before=NOON + timedelta(minutes=each)) for each in range(3)] == [
            0,
            2,
            4,
        ]
    assert link_messages(database, now=NOON) == 4
    assert sorted(read_chain(database)) == [*range(9)]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_at_volume_no_statement_reads_the_whole_log(postgresql_database: Database) -> None:
    database = postgresql_database
    with database.transaction() as session:
        Pair().meet(session)
        write(session, 1)
    link_messages(database, now=NOON)
    copy_many(database.engine.url.render_as_string(hide_password=False))
    with database.transaction() as session:
        write(session, 2, at=timedelta(seconds=1))
        write(session, 3, at=-timedelta(hours=3))  # and late, for what no sweep looks back to
    with plans_noted(database) as plans:
        assert link_messages(database, now=NOON) == 1
        with database.reading() as session:
            assert count_unlinked(session, THEIRS, before=NOON) == 1
        assert link_messages(database, now=NOON, window=None) == 1
    assert len(plans) > 2 * MANY / READ_AT_ONCE
    for plan in plans:
        assert "Seq Scan on exchange_message" not in plan, plan
        assert "Hash" not in plan, plan


def copy_many(url: str) -> None:
    """Let a great many copies of the one message have been logged in the day before it, and linked."""
    with psycopg.connect(libpq_url(url)) as connection:
        numbers = psycopg.ClientCursor(connection)
        numbers.execute("CREATE TEMP TABLE numbers AS SELECT * FROM generate_series(2, %s::int) n", [MANY])
        connection.execute(
            "INSERT INTO exchange_message SELECT (jsonb_populate_record(exchange_message, jsonb_build_object("
            "'message_id', md5(n::text), 'logged_at', logged_at - (%s::int - n) * interval '0.25 seconds'))).*"
            " FROM exchange_message, numbers",
            [MANY],
        )
        connection.execute(
            "INSERT INTO exchange_message_link SELECT (jsonb_populate_record(exchange_message_link, jsonb_build_object("
            "'message_id', md5(n::text), 'log_no', n))).* FROM exchange_message_link, numbers"
        )
        connection.execute("ANALYZE exchange_message")
        connection.execute("ANALYZE exchange_message_link")
