"""PostgreSQL databases that go from test to test: copying one with our schema takes longer than most tests.

Whatever a test did to a database, the next one finds it as after the migrations, or does not get it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.databases import copy_postgres_template, said_to_be_migrated
from tests.servers import libpq_url, sqlalchemy_url

# One line for each thing that makes up a schema; PostgreSQL keeps the oids below 16384 for itself. Emptying a table
# changes none of these lines.
_SCHEMA: LiteralString = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
    SELECT ROW(oid, relname, relnamespace, relowner, relkind, relpersistence, relnatts, relchecks, relhasrules,
        relhastriggers, relrowsecurity, relacl, reloptions)::text FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_attribute AS each WHERE attrelid >= 16384
    UNION ALL SELECT each::text FROM pg_attrdef AS each
    UNION ALL SELECT each::text FROM pg_constraint AS each WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_index AS each WHERE indexrelid >= 16384
    UNION ALL SELECT each::text FROM pg_trigger AS each
    UNION ALL SELECT each::text FROM pg_event_trigger AS each
    UNION ALL SELECT each::text FROM pg_policy AS each
    UNION ALL SELECT each::text FROM pg_proc AS each WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_type AS each WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_rewrite AS each WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_namespace AS each WHERE oid >= 16384
    UNION ALL SELECT each::text FROM pg_extension AS each
    UNION ALL SELECT each::text FROM pg_sequences AS each
    UNION ALL SELECT lomowner::text FROM pg_largeobject_metadata
    UNION ALL SELECT ROW(setrole, setconfig)::text FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS described (line)
"""
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

_Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Description:
    """What a database is after the migrations: its schema, its tables, and the rows of those that have some."""

    schema: object
    empty: tuple[str, ...]
    filled: tuple[tuple[str, object], ...]


class KeptDatabases:
    """Databases with the schema of the head on one server, lent to one test at a time, emptied in between."""

    def __init__(self, server_url: str, prefix: str) -> None:
        self._server_url, self._prefix, self._numbers = server_url, prefix, count(1)
        self._free: list[str] = []
        self._descriptions: dict[str, Description] = {}

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Give the SQLAlchemy URL of a database with the schema of the head and no rows."""
        name = self._free.pop() if self._free else self._make()
        url = sqlalchemy_url(self._server_url, name)
        try:
            with said_to_be_migrated(url):
                yield url
        finally:
            self._take_back(name)

    def drop(self) -> None:
        """Drop those that are not lent."""
        while self._free:
            self._drop(self._free.pop())

    def _make(self) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        copy_postgres_template(sqlalchemy_url(self._server_url, name))
        with self._connect(name) as connection:
            self._descriptions[name] = describe(connection)
        return name

    def _take_back(self, name: str) -> None:
        try:
            with self._connect(name) as connection:
                _empty(connection, self._descriptions[name].empty)
                is_as_made = describe(connection) == self._descriptions[name]
        except psycopg.Error:  # the test took away what we need; or whoever runs it may not pass the triggers
            is_as_made = False
        if is_as_made:
            self._free.append(name)
        else:
            self._drop(name)

    def _drop(self, name: str) -> None:
        del self._descriptions[name]
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self, name: str) -> _Connection:
        return psycopg.connect(libpq_url(sqlalchemy_url(self._server_url, name)), autocommit=True)


def describe(connection: _Connection) -> Description:
    """Tell what the database of `connection` is, to compare."""
    (schema,) = connection.execute(_SCHEMA).fetchone() or (None,)
    names = [str(name) for (name,) in connection.execute(_TABLES)]
    filled = _find_filled(connection, names)
    rows = sql.SQL("SELECT md5(string_agg(each::text, chr(10) ORDER BY each::text)) FROM {} AS each")
    return Description(
        schema=schema,
        empty=tuple(name for name in names if name not in filled),
        filled=tuple((name, connection.execute(rows.format(sql.Identifier(name))).fetchone()) for name in filled),
    )


def _empty(connection: _Connection, names: tuple[str, ...]) -> None:
    """Take all rows out of these tables, past the triggers of those that are only added to."""
    connection.execute("SET lock_timeout = '5s'")
    connection.execute("SET session_replication_role = replica")
    connection.execute(_OTHERS)
    if filled := _find_filled(connection, names):
        listed = sql.SQL(", ").join(map(sql.Identifier, filled))
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(listed))


def _find_filled(connection: _Connection, names: tuple[str, ...] | list[str]) -> list[str]:
    has_rows = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    asked = [has_rows.format(sql.Literal(name), sql.Identifier(name)) for name in names]
    return [str(name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked))]
