"""The columns of the tables that a plan reads: contents, records, what became of them, and accounts.

What departments say is kept once for each distinct saying: a city has a thousand times fewer contents than records.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import ibis.expr.datatypes as dt
from ibis.expr.types import Table

from scoring.catalogue import Catalogue

_TYPES: Mapping[str, dt.DataType] = MappingProxyType({"choice": dt.string, "flag": dt.boolean, "integer": dt.int64})
CONTENT = ("content_no", "occurred_on", "ended_on", "act")
KEY = ("subject_no", "record_no")
# In the order of `evaluation`: by day, then by the two halves of the record's id, which is its order.
ORDER = ("occurred_on", "record_hi", "record_lo")


class CityTables(NamedTuple):
    """What a city knows, as tables. Ids are whole numbers, days are dates, moments are aware.

    `records`, as they were reported: subject_no, record_no (numbers those of a subject), record_hi and record_lo (two
    halves of the id that order records as their ids do), content_no, occurred_on, ended_on, act, known_at. `marked`:
    those of them that share an act or have an event, so few that it pays to keep them once more. `events`, later words:
    subject_no, event_no (numbers and orders those of a subject), record_no, kind, known_at, and of a correction the
    content. `contents`, each once: content_no, indicator, and a column for each item (`name_items`). `accounts`, one
    for each person who is scored: subject_no, since; null counts no years.
    """

    records: Table
    marked: Table
    events: Table
    contents: Table
    accounts: Table


class ColumnError(ValueError):
    """Two items of one name cannot share a column; the message names both."""


def name_items(catalogue: Catalogue) -> dict[str, dt.DataType]:
    """Give the column of each item of a catalogue, `item_` and its name, with its type.

    Items of one name are one column. Raises ColumnError where they are of two types.
    """
    found: dict[str, dt.DataType] = {}
    for indicator in catalogue.indicators.values():
        for item in indicator.items.values():
            wanted = _TYPES[item.type]
            if found.setdefault(name_item(item.name), wanted) != wanted:
                raise ColumnError(f"item {item.name} of {indicator.code} has another type than elsewhere")
    return found


def name_item(name: str) -> str:
    """Name the column of an item."""
    return f"item_{name}"
