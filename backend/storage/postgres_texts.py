"""Columns of values as the texts that PostgreSQL reads: for COPY, and as arrays.

Written a column at a time: the driver would look at every single value anew. A value of a type that is not ours is a
TypeError; texts never hold NUL, because nothing that comes in may.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Dialect, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import dialect as make_dialect
from sqlalchemy.sql.type_api import TypeEngine

from backend.storage.database import write_json
from backend.storage.types import Day, Json, Moment

Column = Sequence[Any]
Escapes = Sequence[tuple[str, str]]
_DIALECT: Dialect = make_dialect()  # type: ignore[no-untyped-call]  # the dialects are not annotated
_COPY_SIGNS, _ARRAY_SIGNS = re.compile(r"[\\\t\n\r]"), re.compile(r'[\\"]')
# The backslash comes first: the others bring some of their own. One sign after the other is faster than a table.
_COPY_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_ARRAY_ESCAPES = (("\\", "\\\\"), ('"', '\\"'))


def write_copy(types: Sequence[TypeEngine[Any]], values: Sequence[Sequence[object]]) -> str:
    """Write rows in the text format of COPY; `types` are those of their columns."""
    columns = [_write_column(kind, column) for kind, column in zip(types, zip(*values, strict=True), strict=True)]
    escaped = [_escape(texts, _COPY_SIGNS, _COPY_ESCAPES) for texts in columns]
    marked = [["\\N" if text is None else text for text in texts] for texts in escaped]
    return "".join([f"{line}\n" for line in map("\t".join, zip(*marked, strict=True))])


def write_array(kind: TypeEngine[Any], column: Column) -> str:
    """Write one column as an array literal."""
    if isinstance(kind, LargeBinary):  # in an array the backslash is written twice, and there is nothing else to escape
        quoted = ["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in column]
        return f"{{{','.join(quoted)}}}"
    texts = _write_column(kind, column)
    if _is_plain(kind):
        return f"{{{','.join(['NULL' if text is None else text for text in texts])}}}"
    escaped = _escape(texts, _ARRAY_SIGNS, _ARRAY_ESCAPES)
    quoted = ["NULL" if text is None else f'"{text}"' for text in escaped]
    return f"{{{','.join(quoted)}}}"


def _is_plain(kind: TypeEngine[Any]) -> bool:
    """Tell whether values of a type need no quotes in an array."""
    return isinstance(kind, Uuid | BigInteger | Boolean | Day)


def _escape(texts: list[str | None], signs: re.Pattern[str], escapes: Escapes) -> list[str | None]:
    """Escape texts where there is anything to escape, which a look at all of them together tells."""
    if signs.search("".join(filter(None, texts))) is None:
        return texts
    for sign, escaped in escapes:
        texts = [None if text is None else text.replace(sign, escaped) for text in texts]
    return texts


def _write_column(kind: TypeEngine[Any], column: Column) -> list[str | None]:
    write = _find_writer(kind)
    first = column[0]
    if len(set(map(id, column))) == 1:  # the very same in each row, such as the batch, is written once
        return [None if first is None else write(first)] * len(column)
    return [None if value is None else write(value) for value in column]


def _find_writer(kind: TypeEngine[Any]) -> Callable[[Any], str]:
    for known, writer in _WRITERS:
        if isinstance(kind, known):
            return writer
    raise TypeError(f"no text form is known for values of {kind!r}; add one")


def _write_uuid(value: UUID) -> str:
    return value.hex


def _write_text(value: str) -> str:
    return str.__str__(value)  # a member of an enumeration as its value


def _write_bytes(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _write_whole(value: int) -> str:
    return int.__repr__(value)


def _write_truth(value: bool) -> str:  # noqa: FBT001 - one value like any other
    return "true" if value else "false"


_moment, _day = Moment(), Day()


@lru_cache(maxsize=8192)
def _write_moment(value: datetime) -> str:
    bound = _moment.process_bind_param(value, _DIALECT)
    return "" if bound is None else bound.isoformat()


@lru_cache(maxsize=8192)
def _write_day(value: date) -> str:
    bound = _day.process_bind_param(value, _DIALECT)
    return "" if bound is None else bound.isoformat()


_WRITERS: Sequence[tuple[type[TypeEngine[Any]], Callable[[Any], str]]] = (
    (Uuid, _write_uuid),
    (Text, _write_text),
    (Json, write_json),
    (Moment, _write_moment),
    (Day, _write_day),
    (LargeBinary, _write_bytes),
    (BigInteger, _write_whole),
    (Boolean, _write_truth),
)
