"""Pages cut at a position, not at a number: a row that arrives meanwhile neither repeats nor hides another.

A cursor is opaque but not secret: it holds the sort key of the last row shown and only ever narrows a query that is
already bound to its principal, so it is encoded and strictly read, not signed.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, Unpack

from typing_extensions import override

from backend.web.fields import Options, QueryWhole, StrictSchema, Text
from backend.web.flaws import refuse_value

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_CURSOR = 400

Item = TypeVar("Item")
Position = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items in order, and the cursor of what follows; None when nothing does."""

    items: tuple[Item, ...]
    next_cursor: str | None


class Cursor(Text):
    """A cursor that an earlier page gave; loads the position, a tuple of `parts` texts."""

    def __init__(self, *, parts: int, **options: Unpack[Options]) -> None:
        super().__init__(maximum=MAX_CURSOR, **options)
        self.parts = parts

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value a position
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> Position:
        position = read_cursor(super()._deserialize(value, attr, data, **kwargs))
        if position is None or len(position) != self.parts:
            raise refuse_value("not_a_cursor")
        return position


class PageQuerySchema(StrictSchema):
    """`limit` and `cursor` of a list whose rows are ordered by one text; subclass it for longer positions."""

    limit = QueryWhole(minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT)
    cursor = Cursor(parts=1, load_default=None)


def cut_page(rows: Sequence[Item], limit: int, position: Callable[[Item], Position]) -> Page[Item]:
    """A page of at most `limit` items from `rows`, which were queried with a limit one higher.

    `position` gives the sort key of an item as texts; the next page asks for what lies strictly behind it.
    """
    items = tuple(rows[:limit])
    more = len(rows) > limit
    return Page(items, write_cursor(position(items[-1])) if more else None)


def write_cursor(position: Position) -> str:
    """`position` as URL-safe text."""
    text = json.dumps(position, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Position | None:
    """The position that `write_cursor` wrote, or None if it did not write this text."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        position = json.loads(raw.decode())
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(position, list) or not all(isinstance(part, str) and "\0" not in part for part in position):
        return None
    return tuple(position) if write_cursor(tuple(position)) == text else None
