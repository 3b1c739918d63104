"""The database: one engine, one transaction, one commit in the whole source.

Leaving the block of `transaction` by returning commits, leaving it by raising rolls back. SQLite (WAL) is the
embedded default, PostgreSQL is production; what differs between them ends in this folder.

Both drivers keep out of transactions: a connection may read, one statement at a time, until we begin something else.
"""

import json
import select
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from backend.storage.questions import Found, Question
from backend.storage.short_transactions import ShortTransaction

POOL_SIZE = 10
POOL_OVERFLOW = 5
WAIT_SECONDS = 5
IMPATIENT_MS = 20
# Behind PgBouncer these start-up options belong on the database role: ALTER ROLE ... SET lock_timeout = ...
_POSTGRES_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=2000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
    " -c default_transaction_read_only=on"
)
_POSTGRES_ARGUMENTS = {
    "autocommit": True,
    "options": _POSTGRES_OPTIONS,
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
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
        self._wait_ms = int(wait_seconds * 1000)
        self._reading_engine = self.engine.execution_options(reading=True)
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

    def ask(self, question: Question, values: Mapping[str, object]) -> Found | None:
        """Ask for the one row that answers `question`, or None; more than one are a MultipleResultsFound.

        For what one statement can tell: it sees one state of the data by itself and cannot write, so it needs no
        transaction, and nothing is said to the database but the question. Raises StorageUnavailableError.
        """
        with self._talking() as connection:
            if self.dialect_name == "sqlite":
                _set_sqlite(connection, busy_timeout=self._wait_ms, query_only=1)
            return question.ask(connection, self.engine.dialect, values)

    @contextmanager
    def short_transaction(self) -> Iterator[ShortTransaction]:
        """Open a transaction of compiled questions and chains alone, for what is done hundreds of times a second.

        It ends as that of `transaction` does, and raises what that raises; what it spares is the session.
        """
        with self._talking() as connection:
            driver = connection.driver_connection
            if self.dialect_name == "sqlite":
                _set_sqlite(connection, busy_timeout=self._wait_ms, query_only=0)
            transaction = ShortTransaction(connection, self.engine.dialect)
            yield transaction  # one that raises is rolled back by the pool
            if transaction.has_begun:
                _tell(driver, "COMMIT")

    @contextmanager
    def _talking(self) -> Iterator[PoolProxiedConnection]:
        """Take a connection for what is told to the driver itself; what that raises becomes what SQLAlchemy would."""
        dialect, connection = self.engine.dialect, None
        try:
            connection = self.engine.raw_connection()
            yield connection
        except PoolTimeoutError:
            with _faults_translated():
                raise
        except dialect.loaded_dbapi.Error as fault:
            with _faults_translated():
                raise self._wrap(fault, connection) from fault
        finally:
            if connection is not None:
                connection.close()

    def _wrap(self, fault: Exception, connection: PoolProxiedConnection | None) -> Exception:
        """Make of what the driver raised what SQLAlchemy would have made of it; a connection that is lost is let go."""
        dialect = self.engine.dialect
        is_lost = connection is not None and dialect.is_disconnect(fault, connection, None)  # type: ignore[arg-type]  # the driver's
        if connection is not None and is_lost:
            connection.invalidate(fault)
            self.dispose()  # whatever took one connection away has probably taken those that are idle, too
        base = dialect.loaded_dbapi.Error
        return DBAPIError.instance(
            None, None, fault, base, hide_parameters=True, connection_invalidated=is_lost, dialect=dialect
        )

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


def _tell(driver: Any, command: str) -> None:  # noqa: ANN401 - the driver's
    driver.cursor().execute(command)


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
        # Parameters are personal data and would end up in logs with the text of an error.
        hide_parameters=True,
        json_serializer=write_json,
    )
    if dialect_name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, wait_seconds=wait_seconds))
    else:
        event.listen(engine, "checkout", _refuse_dead)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


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


def _refuse_dead(connection: psycopg.Connection[Any], _record: object, _fairy: object) -> None:
    """Let the pool replace a connection that the server has closed while it lay idle.

    On an idle connection there is nothing to read, unless the server said goodbye: looking costs no round trip.
    """
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            connection.execute("SELECT 1")
    except psycopg.Error as fault:
        raise InvalidatePoolError from fault


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reading", False):
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    connection.exec_driver_sql("BEGIN READ WRITE")
    if options.get("impatient", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {IMPATIENT_MS}")


def _begin_sqlite(connection: Connection, *, wait_seconds: float) -> None:
    # A deferred transaction that writes after it read fails at once when another one wrote meanwhile, and no
    # busy_timeout helps; so a transaction that may write takes the write lock at its start.
    options = connection.get_execution_options()
    reading = options.get("reading", False)
    wait_ms = IMPATIENT_MS if options.get("impatient", False) else int(wait_seconds * 1000)
    _set_sqlite(connection.connection, busy_timeout=wait_ms, query_only=int(reading))
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _set_sqlite(connection: PoolProxiedConnection, **wanted: int) -> None:
    """Set each PRAGMA that we have not set so before; what is known of a connection is forgotten with it."""
    for name, value in wanted.items():
        if connection.info.get(name) != value:
            connection.cursor().execute(f"PRAGMA {name} = {value}")
            connection.info[name] = value


def write_json(value: object) -> str:
    """Write a value as the one JSON text that we keep of it; NaN is a ValueError."""
    return _JSON.encode(value)
