import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

import backend
from backend.storage.database import Database, StorageUnavailableError
from tests.databases import run_sql


class PlannedFaultError(Exception):
    pass


@pytest.fixture
def counter(database_url: str) -> Iterator[Database]:
    """A database with one table `counter` whose only row says 0."""
    database = Database(database_url)
    run_sql(database, "CREATE TABLE counter (id INTEGER PRIMARY KEY, used INTEGER NOT NULL)")
    run_sql(database, "INSERT INTO counter VALUES (1, 0)")
    yield database
    run_sql(database, "DROP TABLE counter")
    database.dispose()


def read_used(database: Database) -> int:
    with database.reading() as session:
        return int(session.scalars(text("SELECT used FROM counter WHERE id = 1")).one())


def increase(session: Session) -> None:
    session.execute(text("UPDATE counter SET used = used + 1 WHERE id = 1"))


def fail_after(session: Session, statement: str) -> None:
    session.execute(text(statement))
    raise PlannedFaultError


def test_returning_commits(counter: Database) -> None:
    with counter.transaction() as session:
        increase(session)
    assert read_used(counter) == 1


def test_raising_rolls_back(counter: Database) -> None:
    with pytest.raises(PlannedFaultError), counter.transaction() as session:
        fail_after(session, "UPDATE counter SET used = 1")
    assert read_used(counter) == 0


def test_schema_changes_roll_back_too(counter: Database) -> None:
    with pytest.raises(PlannedFaultError), counter.transaction() as session:
        fail_after(session, "CREATE TABLE half_done (id INTEGER)")
    run_sql(counter, "CREATE TABLE half_done (id INTEGER)")


def test_a_reading_is_one_snapshot(counter: Database) -> None:
    with counter.reading() as session:
        before = session.scalars(text("SELECT used FROM counter")).one()
        run_sql(counter, "UPDATE counter SET used = 7")
        after = session.scalars(text("SELECT used FROM counter")).one()
    assert (before, after) == (0, 0)
    assert read_used(counter) == 7


def test_a_reading_cannot_write(counter: Database) -> None:
    with pytest.raises(DBAPIError), counter.reading() as session:
        increase(session)
    assert read_used(counter) == 0
    run_sql(counter, "UPDATE counter SET used = 1")  # the same connection may write again afterwards
    assert read_used(counter) == 1


def add_after_reading(session: Session) -> None:
    statement = "SELECT used FROM counter WHERE id = 1"
    if session.get_bind().dialect.name == "postgresql":
        statement += " FOR UPDATE"
    used = session.scalars(text(statement)).one()
    session.execute(text("UPDATE counter SET used = :used WHERE id = 1"), {"used": used + 1})


@contextmanager
def deferred(url: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=5)
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.close()


def test_reading_then_writing_in_many_threads_loses_nothing(counter: Database) -> None:
    def add(_: int) -> None:
        with counter.transaction() as session:
            add_after_reading(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(64)))
    assert read_used(counter) == 64


def test_planted_defect_a_deferred_transaction_of_sqlite_fails_at_once(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    run_sql(database, "CREATE TABLE counter (id INTEGER PRIMARY KEY, used INTEGER NOT NULL)")
    with deferred(sqlite_url) as connection:
        connection.execute("SELECT * FROM counter").fetchall()
        run_sql(database, "INSERT INTO counter VALUES (1, 0)")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("UPDATE counter SET used = 1")
    database.dispose()


def test_sqlite_is_durable_and_checks_references(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.reading() as session:
        found = {
            name: session.scalars(text(f"PRAGMA {name}")).one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "recursive_triggers": 1,
    }
    database.dispose()


def test_sqlite_in_memory_is_refused() -> None:
    database = Database("sqlite:///file:x?mode=memory&uri=true")
    with pytest.raises(ValueError, match="give a file on a local disk"):
        database.check()


def test_postgresql_has_limits_of_time(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.transaction() as session:
        found = [
            session.scalars(text(f"SHOW {name}")).one()
            for name in (
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "TimeZone",
                "transaction_isolation",
            )
        ]
    assert found == ["2s", "5s", "10s", "UTC", "read committed"]
    database.dispose()


def test_a_lock_that_is_held_too_long_is_unavailable(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    run_sql(database, "CREATE TABLE counter (id INTEGER PRIMARY KEY, used INTEGER NOT NULL)")
    run_sql(database, "INSERT INTO counter VALUES (1, 0)")
    with database.transaction() as holder:
        increase(holder)
        with pytest.raises(StorageUnavailableError), database.transaction() as session:
            increase(session)
    assert read_used(database) == 1
    run_sql(database, "DROP TABLE counter")
    database.dispose()


def lose_connection(session: Session, database: Database) -> None:
    pid = session.scalars(text("SELECT pg_backend_pid()")).one()
    run_sql(database, f"SELECT pg_terminate_backend({pid})")
    session.execute(text("SELECT 1"))


def test_a_broken_connection_is_unavailable_and_the_next_call_works(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(StorageUnavailableError), database.transaction() as session:
        lose_connection(session, database)
    database.check()
    database.dispose()


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all.sqlite", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"],
)
def test_a_database_out_of_reach_is_unavailable(url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="try again later"):
        Database(url).check()


def test_an_exhausted_pool_is_unavailable(sqlite_url: str) -> None:
    database = Database(sqlite_url, pool_size=1, pool_overflow=0, wait_seconds=0.05)
    with database.reading() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(StorageUnavailableError, match="in use"):
            database.check()
    database.dispose()


def test_a_fault_of_the_statement_stays_what_it_is(counter: Database) -> None:
    with pytest.raises(IntegrityError), counter.transaction() as session:
        session.execute(text("INSERT INTO counter VALUES (1, 0)"))


def test_errors_hide_parameters(counter: Database) -> None:
    with pytest.raises(DBAPIError) as caught, counter.transaction() as session:
        session.execute(text("INSERT INTO missing VALUES (:number)"), {"number": "00000019900101123X"})
    assert "00000019900101123X" not in str(caught.value)


def test_waiting_for_the_write_lock_of_sqlite_ends_in_unavailable(sqlite_url: str) -> None:
    database = Database(sqlite_url, wait_seconds=0.05)
    with database.transaction() as holder:
        holder.execute(text("CREATE TABLE counter (id INTEGER)"))
        with pytest.raises(StorageUnavailableError), database.transaction() as session:
            session.execute(text("SELECT 1"))
    database.dispose()


def test_readers_of_sqlite_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction() as holder:
        holder.execute(text("CREATE TABLE counter (id INTEGER)"))
        reader = threading.Thread(target=database.check)
        reader.start()
        reader.join(2)
        assert not reader.is_alive()
    database.dispose()


COMMIT = re.compile(r"\.commit\(\)")


def find_commits(sources: dict[str, str]) -> list[str]:
    return [name for name, content in sources.items() for _ in COMMIT.findall(content)]


def test_the_source_has_one_commit() -> None:
    folder = Path(str(backend.__file__)).parent
    sources: dict[str, Any] = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")
    }
    assert find_commits(sources) == ["storage/database.py"]
    assert find_commits(sources | {"planted.py": "session.commit()"}) != ["storage/database.py"]


def test_an_impatient_transaction_gives_up_where_a_patient_one_waits(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE held (id INTEGER PRIMARY KEY, n INTEGER)"))
        session.execute(text("INSERT INTO held VALUES (1, 0)"))
    with database.transaction() as holder:
        holder.execute(text("UPDATE held SET n = 1 WHERE id = 1"))
        begun = time.monotonic()
        with pytest.raises(StorageUnavailableError), database.transaction(patient=False) as session:
            session.execute(text("UPDATE held SET n = 2 WHERE id = 1"))
        assert time.monotonic() - begun < 1
    with database.transaction() as session:
        session.execute(text("UPDATE held SET n = 3 WHERE id = 1"))


def test_impatience_ends_with_its_transaction(database_url: str) -> None:
    database = Database(database_url, pool_size=1, pool_overflow=0)
    asked = "SHOW lock_timeout" if database.dialect_name == "postgresql" else "PRAGMA busy_timeout"
    try:
        with database.transaction(patient=False) as session:
            impatient = str(session.execute(text(asked)).scalar_one())
        with database.transaction() as session:
            patient = str(session.execute(text(asked)).scalar_one())
    finally:
        database.dispose()
    assert (impatient, patient) in {("20ms", "2s"), ("20", "5000")}
