"""The database: one engine, one transaction, one commit in the whole source.

Leaving the block of `transaction` by returning commits, leaving it by raising rolls back. SQLite (WAL) is the
embedded default, PostgreSQL is production; what differs between them ends in this folder.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

POOL_SIZE = 10
POOL_OVERFLOW = 5
WAIT_SECONDS = 5
IMPATIENT_MS = 20
# Behind PgBouncer these start-up options belong on the database role: ALTER ROLE ... SET lock_timeout = ...
_POSTGRES_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=2000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
)
_POSTGRES_ARGUMENTS = {
    "options": _POSTGRES_OPTIONS,
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
_PASSING_SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)
# Connection lost, transaction to be tried again, out of resources, cancelled or shut down, system fault.
_PASSING_POSTGRES_CLASSES = ("08", "40", "53", "57", "58", "55P03", "25P03")


class StorageUnavailableError(Exception):
    """The database cannot do this just now (busy, full, gone, timed out); the same call may work later."""


class Database:
    """The database behind a URL (`sqlite:////path` or `postgresql+psycopg://...`).

    Connections open when first needed, so a database that is down does not keep the process from starting.
    `wait_seconds` bounds the wait for a free connection and, on SQLite, for the write lock.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        pool_overflow: int = POOL_OVERFLOW,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.engine = _make_engine(url, pool_size, pool_overflow, wait_seconds)
        self._reading_engine = self.engine.execution_options(**_reading_options(self.engine))
        self._impatient_engine = self.engine.execution_options(impatient=True)

    @property
    def dialect_name(self) -> str:
        """Give `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def transaction(self, *, patient: bool = True) -> Iterator[Session]:
        """Open the one transaction of a request or job step; returning commits, raising rolls back.

        An impatient one gives up at once where a lock is held by another: for work that may as well be left undone.
        Raises StorageUnavailableError, also in place of what the session raised inside the block.
        """
        engine = self.engine if patient else self._impatient_engine
        with _faults_translated(), Session(engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a snapshot in which nothing can be written; it is never committed.

        All reads inside see one state of the data: that of the first of them. Raises StorageUnavailableError.
        """
        with _faults_translated(), Session(self._reading_engine, autoflush=False) as session:
            yield session

    def check(self) -> None:
        """Ask the database for an answer; raises StorageUnavailableError when there is none."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close all connections that are idle."""
        self.engine.dispose()


def is_passing(fault: DBAPIError) -> bool:
    """Tell whether a fault lies with the moment (busy, full, gone) and not with the statement."""
    original = fault.orig
    if fault.connection_invalidated:
        return True
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in _PASSING_SQLITE_CODES
    state = getattr(original, "sqlstate", None)
    if state is None:
        # A connection that could not be made, or broke, has no SQLSTATE.
        return isinstance(fault, OperationalError)
    return str(state).startswith(_PASSING_POSTGRES_CLASSES)


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as fault:
        raise StorageUnavailableError("all database connections are in use; try again later") from fault
    except DBAPIError as fault:
        if not is_passing(fault):
            raise
        raise StorageUnavailableError("the database is busy or out of reach; try again later") from fault


def _make_engine(url: str, pool_size: int, pool_overflow: int, wait_seconds: float) -> Engine:
    dialect_name = make_url(url).get_backend_name()
    engine = create_engine(
        url,
        connect_args=_POSTGRES_ARGUMENTS if dialect_name == "postgresql" else {"timeout": wait_seconds},
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_overflow,
        pool_timeout=wait_seconds,
        pool_pre_ping=dialect_name == "postgresql",
        # Parameters are personal data and would end up in logs with the text of an error.
        hide_parameters=True,
        json_serializer=_to_json,
    )
    if dialect_name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, wait_seconds=wait_seconds))
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _reading_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {"reading": True}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes too late and is the deferred one; with None it keeps out of the way.
    connection.isolation_level = None
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise ValueError(f"SQLite keeps its journal in mode {mode!r}; give a file on a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Without this, INSERT OR REPLACE would delete a row past the trigger that forbids it.
    connection.execute("PRAGMA recursive_triggers = ON")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("impatient", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {IMPATIENT_MS}")


def _begin_sqlite(connection: Connection, *, wait_seconds: float) -> None:
    # A deferred transaction that writes after it read fails at once when another one wrote meanwhile, and no
    # busy_timeout helps; so a transaction that may write takes the write lock at its start.
    options = connection.get_execution_options()
    reading = options.get("reading", False)
    wait_ms = IMPATIENT_MS if options.get("impatient", False) else int(wait_seconds * 1000)
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_ms}")
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
