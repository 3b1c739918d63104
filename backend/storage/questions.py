"""Questions and listings: statements that are compiled once for each engine, and then told to the driver as they are.

What SQLAlchemy does at every execution (the key of its cache, contexts, a result with names) costs more than the
question itself, where all that is wanted is one row by its key. Its compiler and its types are used all the same: SQL
and values are those that it would send. To PostgreSQL's driver the text is told with the places of the values as the
server numbers them, so that it has nothing to look for in it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import psycopg
from sqlalchemy import CompoundSelect, Dialect, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError, MultipleResultsFound
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

Given = TypeVar("Given")
Convert = Callable[[Any], Any]
Found = tuple[Any, ...]
Statement = Select[Any] | CompoundSelect[Any] | ReturningInsert[Any] | ReturningUpdate[Any]


class _Plan(NamedTuple):
    """A question for one engine: its text, how each value is written, the values it has itself, how each is read."""

    text: str
    order: tuple[str, ...]
    writers: tuple[tuple[str, Convert | None], ...]
    fixed: Mapping[str, object]
    readers: tuple[Convert | None, ...]


class _Told:
    """A statement that gives rows, and whose values are given by name (`bindparam`) when it is told."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def tell(self, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's
        """Tell the driver the statement, and give the cursor from which `read` reads the answer."""
        statement, written = self.write(dialect, values)
        driver: Any = connection.driver_connection
        cursor = psycopg.RawCursor(driver) if dialect.name == "postgresql" else driver.cursor()
        try:
            cursor.execute(statement, written)
        except BaseException:
            cursor.close()
            raise
        return cursor

    def write(self, dialect: Dialect, values: Mapping[str, object]) -> tuple[str, list[object]]:
        """Write what the driver is told: the text, and the values in their places."""
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _make_plan(self._statement, dialect)
        written = {name: values[name] if write is None else write(values[name]) for name, write in plan.writers}
        written.update(plan.fixed)
        return plan.text, [written[name] for name in plan.order]

    def _read_row(self, row: Found, dialect: Dialect) -> Found:
        readers = self._plans[dialect.name].readers
        return tuple(value if read is None else read(value) for value, read in zip(row, readers, strict=True))


class Question(_Told):
    """A statement that one row answers, or none."""

    def ask(self, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object]) -> Found | None:
        """Ask for the one row, or None; more than one are a MultipleResultsFound. Raises what the driver raises."""
        cursor = self.tell(connection, dialect, values)
        return self.read(cursor, dialect)

    def read(self, cursor: Any, dialect: Dialect) -> Found | None:  # noqa: ANN401 - the driver's
        """Read the answer to what was told, and close the cursor; more than one row are a MultipleResultsFound."""
        try:
            rows = cursor.fetchmany(2)
        finally:
            cursor.close()
        if len(rows) > 1:
            raise MultipleResultsFound("a question has more than one answer; its condition must name one row")
        return self._read_row(rows[0], dialect) if rows else None


class Listing(_Told):
    """A statement that any number of rows answer."""

    def read(self, cursor: Any, dialect: Dialect) -> list[Found]:  # noqa: ANN401 - the driver's
        """Read all rows of the answer to what was told, and close the cursor."""
        try:
            rows = cursor.fetchall()
        finally:
            cursor.close()
        return [self._read_row(row, dialect) for row in rows]


class Askable(Protocol):
    """What is told to the driver, and what is read of its answer then: a question, a listing, a chain."""

    def tell(self, connection: PoolProxiedConnection, dialect: Dialect, values: Mapping[str, object], /) -> Any:  # noqa: ANN401 - the driver's
        """Tell it, and give what `read` reads."""

    def read(self, told: Any, dialect: Dialect, /) -> Any:  # noqa: ANN401 - the driver's, and each one's own
        """Read the answer to what was told."""


def ask_in_turn(
    connection: PoolProxiedConnection,
    dialect: Dialect,
    values: Mapping[str, object],
    *asked: Askable,
    begin: Callable[[], None] | None = None,
) -> tuple[Any, ...]:
    """Tell several things of the same values, one after the other, after `begin`, and give each answer.

    Each sees what was committed before it was its turn: a lock that the first takes is held when the second looks.
    PostgreSQL is told all of them in one message. Raises what the driver raises.
    """
    if dialect.name != "postgresql":
        if begin is not None:
            begin()
        return tuple(each.read(each.tell(connection, dialect, values), dialect) for each in asked)
    driver: Any = connection.driver_connection
    with driver.pipeline():
        if begin is not None:
            begin()
        told = [each.tell(connection, dialect, values) for each in asked]
    return tuple(each.read(answer, dialect) for each, answer in zip(asked, told, strict=True))


def ask_in_turn_within(session: Session, values: Mapping[str, object], *asked: Askable) -> tuple[Any, ...]:
    """Do as `ask_in_turn` within the transaction of `session`."""
    return tell_within(session, lambda connection, dialect: ask_in_turn(connection, dialect, values, *asked))


def ask_within(session: Session, question: Question, values: Mapping[str, object]) -> Found | None:
    """Ask for the one row that answers `question`, or None, within the transaction of `session`."""
    return tell_within(session, lambda connection, dialect: question.ask(connection, dialect, values))


def tell_within(session: Session, tell: Callable[[PoolProxiedConnection, Dialect], Given]) -> Given:
    """Tell the driver something within the transaction of `session`; raises as what SQLAlchemy tells it does."""
    session.flush()
    connection = session.connection()
    dialect = connection.dialect
    driver_error: type[Exception] = dialect.loaded_dbapi.Error
    try:
        return tell(connection.connection, dialect)
    except driver_error as fault:
        raise DBAPIError.instance(None, None, fault, driver_error, hide_parameters=True, dialect=dialect) from fault


def _make_plan(statement: Statement, dialect: Dialect) -> _Plan:
    style = "numeric_dollar" if dialect.name == "postgresql" else dialect.paramstyle
    make_dialect: Any = type(dialect)
    compiled: Any = statement.compile(dialect=make_dialect(paramstyle=style))
    if "POSTCOMPILE" in compiled.string:
        raise ValueError("a question cannot have a list among its values: its text would change with their number")
    asked = {name: bind for name, bind in compiled.binds.items() if bind.required}
    writers = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    fixed = {name: bind.value for name, bind in compiled.binds.items() if name not in asked}
    return _Plan(
        text=compiled.string,
        order=tuple(compiled.positiontup),
        writers=tuple((name, writers[name]) for name in asked),
        fixed={name: value if (write := writers[name]) is None else write(value) for name, value in fixed.items()},
        readers=tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.exported_columns
        ),
    )
