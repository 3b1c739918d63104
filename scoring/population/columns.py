"""The columns of the tables that a plan reads: records, what became of them, and accounts."""

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.datatypes as dt

from scoring.catalogue import Catalogue

_TYPES: Mapping[str, dt.DataType] = MappingProxyType({"choice": dt.string, "flag": dt.boolean, "integer": dt.int64})
_KEYS: Mapping[str, dt.DataType] = MappingProxyType({"subject": dt.int64, "record_id": dt.string})
_CONTENT: Mapping[str, dt.DataType] = MappingProxyType({"occurred_on": dt.date, "ended_on": dt.date, "act": dt.string})


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


def list_content(catalogue: Catalogue) -> list[str]:
    """List the columns of what a department says about an act: what a correction replaces."""
    return [*_CONTENT, *name_items(catalogue)]


def records_schema(catalogue: Catalogue) -> ibis.Schema:
    """Describe the table of records as they were reported, one row each; ids are unique among all of them."""
    head = {**_KEYS, "indicator": dt.string, "known_at": dt.Timestamp("UTC")}
    return ibis.schema({**head, **_CONTENT, **name_items(catalogue)})


def events_schema(catalogue: Catalogue) -> ibis.Schema:
    """Describe the table of later words, one row each; `event_no` orders those of a record.

    The content is that of a correction, and empty in any other event.
    """
    head = {**_KEYS, "event_no": dt.int64, "kind": dt.string, "known_at": dt.Timestamp("UTC")}
    return ibis.schema({**head, **_CONTENT, **name_items(catalogue)})


def accounts_schema() -> ibis.Schema:
    """Describe the table of accounts: one row for each person who is scored, and since when; null counts no years."""
    return ibis.schema({"subject": dt.int64, "since": dt.date})
