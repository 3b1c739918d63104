"""Strict JSON for request bodies: what two parsers could read differently is refused, not interpreted.

`json.loads` alone takes the last of duplicate keys, NaN, lone surrogates and NUL (which a database refuses later),
and answers deep nesting or a number of five thousand digits with an exception of its own.
"""

import json
import re
from collections.abc import Iterator

from backend.web.flaws import Flaw

MAX_DEPTH = 32
MAX_DIGITS = 20

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_OPENING = b"[{"
_CLOSING = b"]}"


class JsonError(ValueError):
    """The body is not JSON as we accept it; `flaw` names the broken rule, never the content."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.flaw = Flaw(code, values)


def parse_json(body: bytes) -> object:
    """The value that a UTF-8 body holds.

    Raises `JsonError` for anything but one plain JSON value: wrong encoding or byte-order mark, nesting deeper
    than 32, a duplicate key, NaN or infinity, a number of more than 20 digits, NUL, a lone surrogate.
    """
    _check_depth(body)
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_read_members,
            parse_constant=_refuse_constant,
            parse_int=_read_integer,
            parse_float=_read_float,
        )
    except UnicodeDecodeError:
        raise JsonError("json_not_utf8") from None
    except json.JSONDecodeError as error:
        raise JsonError("json_syntax", position=error.pos) from None
    if b"\\u" in body:  # only an escape can bring a surrogate or a NUL past the two decoders
        _check_texts(value)
    return value


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body):
        first = body[token.start()]
        if first in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonError("json_too_deep", maximum=MAX_DEPTH)
        elif first in _CLOSING:
            depth -= 1


def _read_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("json_key_twice")
    return members


def _refuse_constant(text: str) -> float:
    raise JsonError("json_constant", constant=text)


def _read_integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise JsonError("json_digits", maximum=MAX_DIGITS)
    return int(text)


def _read_float(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise JsonError("json_digits", maximum=MAX_DIGITS)
    value = float(text)
    if abs(value) == float("inf"):
        raise JsonError("json_out_of_range")
    return value


def _check_texts(value: object) -> None:
    for text in _find_texts(value):
        if "\0" in text:
            raise JsonError("json_nul")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise JsonError("json_surrogate")


def _find_texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
