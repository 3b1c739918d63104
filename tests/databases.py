"""Databases with the schema of the head, and a statement past all functions of the application.

A process migrates one database on each engine, and copies it from then on: migrating takes longer than most tests.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Dialect, PoolProxiedConnection, event, make_url, text

from backend.storage.database import Database
from backend.storage.migrations import upgrade
from backend.storage.questions import _Told
from tests.servers import libpq_url, sqlalchemy_url

_migrated: set[str] = set()


@contextmanager
def said_to_be_migrated(url: str) -> Iterator[None]:
    """Have `migrated_database` leave the database at `url` as it is: it has the schema of the head."""
    _migrated.add(url)
    try:
        yield
    finally:
        _migrated.remove(url)


@contextmanager
def migrated_database(url: str) -> Iterator[Database]:
    """Give the empty database at `url` the schema of the head, or leave one that has it, as `database_url` names it.

    Its connections close at the end.
    """
    if url not in _migrated:
        if url.startswith("sqlite"):
            copy_sqlite_template(url)
        else:
            copy_postgres_template(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


@cache
def migrate_sqlite_template() -> Path:
    """Migrate a SQLite file, once in this process, and give its path."""
    folder = tempfile.mkdtemp(prefix="shangding-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "template.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


def copy_sqlite_template(url: str) -> None:
    """Make the database at `url`, with the schema of the head."""
    shutil.copyfile(migrate_sqlite_template(), url.removeprefix("sqlite:///"))


@cache
def _migrate_postgres_template(server: str) -> str:
    """Migrate a database on the server, once in this process, and give its name; it ends with the server."""
    name = f"template_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 STRATEGY FILE_COPY").format(sql.Identifier(name))
        )
    upgrade(sqlalchemy_url(server, name))
    return name


def copy_postgres_template(url: str) -> None:
    """Make the database at `url`, in place of one that is there, with the schema of the head."""
    name = make_url(url).database
    server = libpq_url(make_url(url).set(database="postgres").render_as_string(hide_password=False))
    names = {"new": sql.Identifier(name or ""), "template": sql.Identifier(_migrate_postgres_template(server))}
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {new} WITH (FORCE)").format(**names))
        connection.execute(sql.SQL("CREATE DATABASE {new} TEMPLATE {template} STRATEGY FILE_COPY").format(**names))


def run_sql(database: Database, statement: str) -> None:
    """Run one statement in a transaction of its own, as somebody with a database console would."""
    with database.transaction() as session:
        session.execute(text(statement))


def count_rows(database: Database, table: str) -> int:
    """How many rows a table has."""
    with database.reading() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608 - the names are ours


@contextmanager
def statements_noted(database: Database) -> Iterator[list[str]]:
    """Note every statement that is sent to a database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@contextmanager
def plans_noted(database: Database) -> Iterator[list[str]]:
    """Note how PostgreSQL means to go about every SELECT and DELETE that is sent to a database meanwhile.

    Also about every question, listing and chain, whatever it does: they are told to the driver past SQLAlchemy.
    """
    seen: list[str] = []

    def explain(cursor: Any, statement: str, values: Any) -> None:  # noqa: ANN401 - the driver's
        cursor.execute(f"EXPLAIN {statement}", values)
        seen.append("\n".join(line for (line,) in cursor.fetchall()))

    def note(_connection: object, cursor: Any, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        if statement.startswith(("SELECT", "DELETE")):
            explain(cursor, statement, parameters)

    tell = _Told.tell

    def note_and_tell(
        asked: _Told, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object]
    ) -> Any:  # noqa: ANN401 - the driver's
        driver: Any = connection.driver_connection
        if dialect is database.engine.dialect:
            with psycopg.RawCursor(driver) as cursor:
                explain(cursor, *asked.write(dialect, values))
        return tell(asked, connection, dialect, values)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(_Told, "tell", note_and_tell)
            yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
