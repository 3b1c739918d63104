"""Rows of a JSON Lines file: one flat object a line, strict, and a bad line spoils no other.

As in request bodies, what two parsers could read differently is refused: a key twice, NaN, NUL, half of a surrogate
pair, numbers of more than 20 characters. Fractions are read as decimals.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import BinaryIO, Final

from backend.gateways.sheets.sheet import MAX_COLUMNS, Cell, CellFault, SheetError, SheetRow

MAX_LINE: Final = 1 << 16  # bytes
MAX_DIGITS: Final = 20
_BLANK: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"
_PLAIN: Final = (str, int, bool, Decimal, type(None))


class _LineError(ValueError):
    """A line is not what a row must be; the argument is the code."""


def list_keys(stream: BinaryIO) -> tuple[str, ...]:
    """List the keys of all lines in the order of their first appearance: they are the titles of the file.

    Raises SheetError: `no_heading` when no line holds an object, `too_many_columns`.
    """
    keys: dict[str, Cell] = {}
    for line in read_lines(stream):
        members = read_line(line)
        if isinstance(members, CellFault):
            continue
        keys |= dict.fromkeys(members)
        if len(keys) > MAX_COLUMNS:
            raise SheetError("too_many_columns", maximum=MAX_COLUMNS)
    if not keys:
        raise SheetError("no_heading")
    return tuple(keys)


def read_json_lines(stream: BinaryIO, titles: tuple[str, ...]) -> Iterator[SheetRow]:
    """Read the lines; a blank one is passed over, one that is no flat object bears a fault."""
    empty = dict.fromkeys(titles)
    for row_no, line in enumerate(read_lines(stream), 1):
        if not line.strip(_BLANK):
            continue
        members = read_line(line)
        if isinstance(members, CellFault):
            yield SheetRow(row_no, tuple(empty.values()), members)
        else:
            yield SheetRow(row_no, tuple({**empty, **members}.values()))


def read_line(line: bytes) -> dict[str, Cell] | CellFault:
    """Read one line as a flat object."""
    try:
        return _parse_line(line)
    except UnicodeDecodeError:
        return CellFault("line_not_utf8")
    except json.JSONDecodeError:
        return CellFault("line_not_json")
    except _LineError as error:
        return CellFault(str(error))


def _parse_line(line: bytes) -> dict[str, Cell]:
    if len(line) > MAX_LINE:
        raise _LineError("line_too_long")
    if line.count(b"{") + line.count(b"[") > MAX_COLUMNS:
        raise _LineError("line_not_flat")  # before the parser goes as deep
    members = json.loads(
        line.decode("utf-8"),
        object_pairs_hook=_read_members,
        parse_constant=_refuse_constant,
        parse_int=_read_integer,
        parse_float=_read_decimal,
    )
    if not isinstance(members, dict):
        raise _LineError("line_not_an_object")
    if not all(isinstance(value, _PLAIN) for value in members.values()):
        raise _LineError("line_not_flat")
    if b"\\u" in line and not _is_clean(members):
        raise _LineError("line_forbidden_character")
    return members


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Read lines of bounded length: of a longer one only the first bytes are kept, one more than it may have."""
    stream.seek(0)
    if stream.read(len(_MARK)) != _MARK:
        stream.seek(0)
    while line := stream.readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE + 1)
        yield line


def _is_clean(members: Mapping[str, Cell]) -> bool:
    """Tell whether no escape brought in a NUL or half of a surrogate pair."""
    texts = [*members, *(value for value in members.values() if isinstance(value, str))]
    return not any("\0" in text or any("\ud800" <= each <= "\udfff" for each in text) for text in texts)


def _read_members(pairs: list[tuple[str, Cell]]) -> dict[str, Cell]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _LineError("line_key_twice")
    return members


def _refuse_constant(_text: str) -> float:
    raise _LineError("line_not_json")


def _read_integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _LineError("line_digits")
    return int(text)


def _read_decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise _LineError("line_digits")
    return Decimal(text)
