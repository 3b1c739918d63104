"""Given rows as a table to select from and to join: arrays on PostgreSQL, one JSON text on SQLite.

Thousands of rows travel as a few values, so a statement that joins them with what is kept has one text for any number
of them. Values are those of the mapped columns, as everywhere.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, FromClause, Label, Text, cast, column, func, literal, select, type_coerce
from sqlalchemy.dialects.sqlite import dialect as make_sqlite_dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.type_api import TypeEngine

from backend.storage.postgres_texts import write_array

Columns = Sequence[tuple[str, TypeEngine[Any]]]
_SQLITE = make_sqlite_dialect()


def give_rows(session: Session, columns: Columns, values: Sequence[Sequence[object]]) -> FromClause:
    """Make a table of `values` with `columns`, their names and types; each value has one element for each column.

    None of `values` at all is a ValueError: whoever has nothing to give has nothing to ask.
    """
    if not values:
        raise ValueError("there are no rows to select from; ask only about some")
    if session.get_bind().dialect.name == "postgresql":
        by_column = list(zip(*values, strict=True))
        arrays = [
            cast(literal(write_array(kind, each)), ARRAY(kind))
            for (_, kind), each in zip(columns, by_column, strict=True)
        ]
        named = (column(name, kind) for name, kind in columns)
        return func.unnest(*arrays).table_valued(*named, name="given").render_derived()
    rows = func.json_each(literal(_write_rows(columns, values), Text())).table_valued("value", name="each_row")
    return select(*(_extract(rows.c.value, place, *each) for place, each in enumerate(columns))).subquery("given")


def _extract(row: Any, place: int, name: str, kind: TypeEngine[Any]) -> Label[Any]:  # noqa: ANN401 - a column
    return type_coerce(func.json_extract(row, f"$[{place}]"), kind).label(name)


def _write_rows(columns: Columns, values: Sequence[Sequence[object]]) -> str:
    """Write rows as JSON, each value as the driver would keep it; bytes, which JSON does not have, are a TypeError."""
    writers = [kind.dialect_impl(_SQLITE).bind_processor(_SQLITE) for _, kind in columns]
    return json.dumps(
        [
            [value if write is None else write(value) for value, write in zip(row, writers, strict=True)]
            for row in values
        ]
    )
