"""Chains: guarded INSERTs, UPDATEs and holds of which each depends on the one before, in one message on PostgreSQL.

A chain stops at the first link whose guard does not hold; what the links before it wrote stays, and is for the caller
to take back. On PostgreSQL all links are one statement (data-modifying WITH queries, each reading from the one before),
compiled once and told to the driver as it is; SQLite, which is in the process, runs them one after another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from sqlalchemy import (
    CTE,
    BindParameter,
    Column,
    ColumnElement,
    Dialect,
    PoolProxiedConnection,
    Select,
    Table,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from backend.storage.inserts import Insert
from backend.storage.questions import Question, tell_within


class Link(NamedTuple):
    """An INSERT into the table of `row`: which column gets which value, and what happens when its key is there.

    `unless` continues the INSERT with an `on_conflict_do_...`; a link holds when it wrote a row, which it does while
    `guards` hold.
    """

    row: type[DeclarativeBase]
    columns: Mapping[str, str]
    unless: Callable[[Insert], Insert] | None = None
    guards: Sequence[ColumnElement[bool]] = ()


class Change(NamedTuple):
    """An UPDATE of the one row of the table of `row` that fulfils `guards`; it holds when there is one."""

    row: type[DeclarativeBase]
    columns: Mapping[str, str]
    guards: Sequence[ColumnElement[bool]]


class Hold(NamedTuple):
    """Holds the one row of the table of `row` that fulfils `guards`, together with others; it holds when there is one.

    What the row says is for a later statement to read: this one goes on with what it saw before it waited.
    """

    row: type[DeclarativeBase]
    guards: Sequence[ColumnElement[bool]]


Step: TypeAlias = Link | Change | Hold
_Statement: TypeAlias = ReturningInsert[Any] | ReturningUpdate[Any] | Select[Any]


class Chain:
    """Links in the order in which they are tried; their values are given by name when the chain is run."""

    def __init__(self, links: Sequence[Step]) -> None:
        self.length = len(links)
        self._question = Question(_join(links))
        self._steps = tuple(Question(_write(link, sqlite.insert)) for link in links)

    def run(self, session: Session, values: Mapping[str, object]) -> int:
        """Try the links in order, and give how many held: all of them, or the place of the first that did not."""
        return tell_within(session, lambda connection, dialect: self.run_on(connection, dialect, values))

    def run_on(self, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object]) -> int:
        """Do as `run` does, on a connection on which a transaction has begun. Raises what the driver raises."""
        return self.read(self.tell(connection, dialect, values), dialect)

    def tell(self, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's
        """Tell the driver the chain, for `read`; on SQLite it has run then."""
        if dialect.name == "postgresql":
            return self._question.tell(connection, dialect, values)
        for place, step in enumerate(self._steps):
            if step.ask(connection, dialect, values) is None:
                return place
        return self.length

    def read(self, told: Any, dialect: Dialect) -> int:  # noqa: ANN401 - the driver's
        """Read how many links held of what was told."""
        if dialect.name == "postgresql":
            return sum(self._question.read(told, dialect) or ())
        held: int = told
        return held


def table_of(row: type[DeclarativeBase]) -> Table:
    """Give the table of mapped rows, for statements that the mapping has no part in."""
    return cast("Table", row.__table__)


def give(column: Column[Any], name: str) -> BindParameter[Any]:
    """Stand for the value `name`, of the type of `column`."""
    return bindparam(name, type_=column.type)


def _join(links: Sequence[Step]) -> Select[Any]:
    steps: list[CTE] = []
    for number, link in enumerate(links, start=1):
        before = steps[-1] if steps else None
        steps.append(_write(link, postgresql.insert, before).cte(f"link_{number}"))
    return select(*(select(func.count()).select_from(step).scalar_subquery() for step in steps))


def _write(link: Step, insert_into: Callable[[Table], Insert], before: CTE | None = None) -> _Statement:
    """Write a link as a statement that gives a row when it holds; after another link, only if that did."""
    table = table_of(link.row)
    mark = next(iter(table.primary_key))
    if isinstance(link, Hold):
        return select(mark).where(*link.guards, *_list_guards(before)).with_for_update(read=True)
    given = {column: give(table.c[column], name) for column, name in link.columns.items()}
    if isinstance(link, Change):
        guards = [*link.guards, *_list_guards(before)]
        return update(table).where(*guards).values(given).returning(mark)
    insert: Insert = insert_into(table)
    if insert_into is postgresql.insert or link.guards:
        source = select(*given.values()).where(*link.guards)
        insert = insert.from_select(list(given), source if before is None else source.select_from(before))
    else:
        insert = insert.values(given)
    return (insert if link.unless is None else link.unless(insert)).returning(mark)


def _list_guards(before: CTE | None) -> Iterator[ColumnElement[bool]]:
    if before is not None:
        yield exists(select(literal_column("1")).select_from(before))
