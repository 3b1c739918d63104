"""Many rows in one statement: COPY and arrays on PostgreSQL, one prepared statement run many times on SQLite.

Values are those of the mapped columns, as everywhere; what a driver wants of them ends here. Whatever the session still
holds back is written first, so that the order of writing is the order of the calls.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import ARRAY, ColumnElement, Connection, Table, bindparam, func, insert, literal, select, tuple_
from sqlalchemy import cast as cast_as
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.type_api import TypeEngine

from backend.storage.inserts import insert_into
from backend.storage.postgres_texts import write_array, write_copy
from backend.storage.tables import Row

Values = Sequence[Sequence[object]]


def insert_rows(session: Session, row: type[Row], columns: Sequence[str], values: Values) -> None:
    """Insert many rows; each has one value for each of `columns`, the other columns get their defaults."""
    if not values:
        return
    session.flush()
    connection, table = session.connection(), _table_of(row)
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), [dict(zip(columns, each, strict=True)) for each in values])
        return
    command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
    rows = write_copy([table.c[name].type for name in columns], values)
    driver: Any = connection.connection.driver_connection
    with _driver_faults_wrapped(connection, command), driver.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(rows)


def insert_unless_known(session: Session, row: type[Row], columns: Sequence[str], values: Values, *, key: str) -> None:
    """Insert many rows in their order, passing over each whose `key` is there already.

    Give them in the order of the key: two transactions that insert the same keys then wait for each other and never in
    a circle.
    """
    if not values:
        return
    session.flush()
    connection, table = session.connection(), _table_of(row)
    if connection.dialect.name != "postgresql":
        statement = insert_into(session, row).on_conflict_do_nothing(index_elements=[key])
        connection.execute(statement, [dict(zip(columns, each, strict=True)) for each in values])
        return
    names = ", ".join(columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_unnest(table, columns, connection)}"  # noqa: S608 - names of mapped columns
        f" ON CONFLICT ({key}) DO NOTHING",
        _list_arrays(table, columns, values),
    )


def update_rows(session: Session, row: type[Row], *, key: str, columns: Sequence[str], values: Values) -> None:
    """Update the row with each key; each of `values` is the key and then one value for each of `columns`.

    Objects that the session has loaded do not notice.
    """
    if not values:
        return
    session.flush()
    connection, table, named = session.connection(), _table_of(row), (key, *columns)
    if connection.dialect.name != "postgresql":
        marks: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
        statement = table.update().where(table.c[key] == bindparam(f"new_{key}")).values(marks)
        connection.execute(statement, [{f"new_{n}": v for n, v in zip(named, each, strict=True)} for each in values])
        return
    changes = ", ".join(f"{name} = given.{name}" for name in columns)
    connection.exec_driver_sql(
        f"UPDATE {table.name} SET {changes} FROM {_unnest(table, named, connection)}"  # noqa: S608 - as above
        f" WHERE {table.name}.{key} = given.{key}",
        _list_arrays(table, named, values),
    )


def is_one_of(session: Session, columns: Sequence[InstrumentedAttribute[Any]], keys: Values) -> ColumnElement[bool]:
    """Make the condition that `columns` together are one of `keys`, of which there may be thousands."""
    if session.get_bind().dialect.name != "postgresql":
        return columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else tuple_(*columns).in_(keys)
    arrays = [
        cast_as(literal(write_array(column.type, [key[place] for key in keys])), _array_of(column.type))
        for place, column in enumerate(columns)
    ]
    # Not `= ANY (array)`: where the planner prefers to read the whole table, that compares each row with each key.
    names = (f"key_{place}" for place in range(len(columns)))
    given = func.unnest(*arrays).table_valued(*names).render_derived()
    return (columns[0] if len(columns) == 1 else tuple_(*columns)).in_(select(*given.c))


def _table_of(row: type[Row]) -> Table:
    return cast("Table", row.__table__)


def _array_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return cast("TypeEngine[Any]", ARRAY(kind))


def _unnest(table: Table, columns: Sequence[str], connection: Connection) -> str:
    arrays = ", ".join(f"%s::{table.c[name].type.compile(connection.dialect)}[]" for name in columns)
    return f"unnest({arrays}) AS given({', '.join(columns)})"


def _list_arrays(table: Table, columns: Sequence[str], values: Values) -> tuple[str, ...]:
    by_column = zip(*values, strict=True)
    return tuple(write_array(table.c[name].type, list(each)) for name, each in zip(columns, by_column, strict=True))


@contextmanager
def _driver_faults_wrapped(connection: Connection, command: str) -> Iterator[None]:
    """Let a fault of the driver leave as SQLAlchemy's, as if the statement had gone through it."""
    driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except driver_error as fault:
        raise DBAPIError.instance(
            command, None, fault, driver_error, hide_parameters=True, dialect=connection.dialect
        ) from fault
