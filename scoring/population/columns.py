"""The columns of the tables that a plan reads: contents, records, what became of them, and accounts.

What departments say is kept once for each distinct saying: a city has a thousand times fewer contents than records.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.datatypes as dt
from ibis.expr.types import Table

from scoring.catalogue import Catalogue

_TYPES: Mapping[str, dt.DataType] = MappingProxyType({"choice": dt.string, "flag": dt.boolean, "integer": dt.int64})
_CONTENT: Mapping[str, dt.DataType] = MappingProxyType(
    {"content_no": dt.int32, "occurred_on": dt.date, "ended_on": dt.date, "act": dt.string}
)
CONTENT = tuple(_CONTENT)
KEY = ("subject_no", "record_no")
# In the order of `evaluation`: by day, then by the two halves of the record's id, which is its order.
ORDER = ("occurred_on", "record_hi", "record_lo")


class CityTables(NamedTuple):
    """What a city knows, as tables (see the schemas below).

    `marked` are those of the records that share an act or have an event: so few that it pays to keep them once more.
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


def contents_schema(catalogue: Catalogue) -> ibis.Schema:
    """Describe the table of contents: an indicator with its items, each of them once."""
    return ibis.schema({"content_no": dt.int32, "indicator": dt.string, **name_items(catalogue)})


def records_schema() -> ibis.Schema:
    """Describe the table of records as they were reported, one row each; `record_no` numbers those of a subject.

    `record_hi` and `record_lo` are two halves of the id that order records as their ids do.
    """
    head = {"subject_no": dt.int64, "record_no": dt.int32, "record_hi": dt.int64, "record_lo": dt.int64}
    return ibis.schema({**head, **_CONTENT, "known_at": dt.Timestamp("UTC")})


def events_schema() -> ibis.Schema:
    """Describe the table of later words, one row each; `event_no` numbers and orders those of a subject.

    The content is that of a correction, and empty in any other event.
    """
    head = {"subject_no": dt.int64, "event_no": dt.int32, "record_no": dt.int32, "kind": dt.string}
    return ibis.schema({**head, "known_at": dt.Timestamp("UTC"), **_CONTENT})


def accounts_schema() -> ibis.Schema:
    """Describe the table of accounts: one row for each person who is scored, and since when; null counts no years."""
    return ibis.schema({"subject_no": dt.int64, "since": dt.date})


def mark_records(records: Table, events: Table) -> Table:
    """Give the records that are marked."""
    touched = records.semi_join(events, KEY)
    return records.filter(records.act.notnull()).union(touched.filter(touched.act.isnull()))
