"""Chains: guarded INSERTs of which each depends on the one before, in one message on PostgreSQL.

A chain stops at the first link whose guard does not hold; what the links before it wrote stays, and is for the caller
to take back. On PostgreSQL all links are one statement (data-modifying WITH queries, each reading from the one before),
compiled once and told to the driver as it is; SQLite, which is in the process, runs them one after another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import CTE, BindParameter, Column, Select, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.dml import ReturningInsert

from backend.storage.inserts import Insert
from backend.storage.questions import Question


class Link(NamedTuple):
    """An INSERT into the table of `row`: which column gets which value, and what happens when its key is there.

    `unless` continues the INSERT with an `on_conflict_do_...`; a link holds when it wrote a row.
    """

    row: type[DeclarativeBase]
    columns: Mapping[str, str]
    unless: Callable[[Insert], Insert] | None = None


class Chain:
    """Links in the order in which they are tried; their values are given by name when the chain is run."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.length = len(links)
        self._question = Question(_join(links))
        self._statements = tuple(_make_insert(link) for link in links)

    def run(self, session: Session, values: Mapping[str, object]) -> int:
        """Try the links in order, and give how many held: all of them, or the place of the first that did not."""
        session.flush()
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name != "postgresql":
            for place, statement in enumerate(self._statements):
                if connection.execute(statement, values).first() is None:
                    return place
            return self.length
        driver_error: type[Exception] = dialect.loaded_dbapi.Error
        try:
            found = self._question.ask(connection.connection, dialect, values)
        except driver_error as fault:
            raise DBAPIError.instance(None, None, fault, driver_error, hide_parameters=True, dialect=dialect) from fault
        return sum(found or ())


def table_of(row: type[DeclarativeBase]) -> Table:
    """Give the table of mapped rows, for statements that the mapping has no part in."""
    return cast("Table", row.__table__)


def give(column: Column[Any], name: str) -> BindParameter[Any]:
    """Stand for the value `name`, of the type of `column`."""
    return bindparam(name, type_=column.type)


def _join(links: Sequence[Link]) -> Select[Any]:
    steps: list[CTE] = []
    for number, link in enumerate(links, start=1):
        table = table_of(link.row)
        source = select(*(give(table.c[column], name) for column, name in link.columns.items()))
        if steps:
            source = source.select_from(steps[-1])
        insert: Insert = postgresql.insert(table).from_select(list(link.columns), source)
        continued = insert if link.unless is None else link.unless(insert)
        steps.append(continued.returning(_mark(table)).cte(f"link_{number}"))
    return select(*(select(func.count()).select_from(step).scalar_subquery() for step in steps))


def _make_insert(link: Link) -> ReturningInsert[Any]:
    table = table_of(link.row)
    insert = sqlite.insert(table).values({column: give(table.c[column], name) for column, name in link.columns.items()})
    continued = insert if link.unless is None else link.unless(insert)
    return continued.returning(_mark(table))


def _mark(table: Table) -> Column[Any]:
    return next(iter(table.primary_key))
