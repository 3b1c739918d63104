"""The plain mapping: columns that bear the names of the row's members, such as `legal.document_no`. Pure.

Who can choose the titles of his columns needs no mapping of his own. Items are those of every indicator that the
catalogue has; two indicators may give one name to items of two types, and then the name is read as a text.
"""

from typing import Final

from backend.records.mapping import Column, ColumnMapping, Reading
from backend.records.mapping_layouts import read_layouts
from scoring.catalogue import Catalogue

PLAIN: Final = "plain"
_COLUMNS: Final = (
    Column(title="source_key", members=("source_key",), is_required=True),
    Column(title="subject_kind", members=("subject_kind",)),
    Column(title="id_number", members=("id_number",), reads=Reading.IDENTITY_NUMBER, is_required=True),
    Column(title="name", members=("name",), is_required=True),
    Column(title="indicator", members=("indicator",), is_required=True),
    Column(title="occurred_on", members=("occurred_on",), reads=Reading.DAY, is_required=True),
    Column(title="ended_on", members=("ended_on",), reads=Reading.DAY),
    Column(title="act", members=("act",)),
    Column(title="legal.document_no", members=("legal.document_no",)),
    Column(title="legal.procedure", members=("legal.procedure",)),
    Column(title="legal.finality", members=("legal.finality",)),
    Column(title="legal.minor_and_remedied", members=("legal.minor_and_remedied",), reads=Reading.FLAG),
    Column(title="legal.confirmed_by", members=("legal.confirmed_by",)),
    Column(title="legal_representative.name", members=("legal_representative.name",)),
    Column(
        title="legal_representative.id_number",
        members=("legal_representative.id_number",),
        reads=Reading.IDENTITY_NUMBER,
    ),
)
_READINGS: Final = {"choice": Reading.TEXT, "flag": Reading.FLAG}


def make_plain_mapping(catalogue: Catalogue) -> ColumnMapping:
    """Make the mapping of the row's members and of every item that the catalogue has."""
    readings: dict[str, set[Reading]] = {}
    for indicator in catalogue.indicators.values():
        for item in indicator.items.values():
            readings.setdefault(item.name, set()).add(_READINGS.get(item.type, Reading.WHOLE))
    items = (
        Column(
            title=f"items.{name}", members=(f"items.{name}",), reads=found.pop() if len(found) == 1 else Reading.TEXT
        )
        for name, found in sorted(readings.items())
    )
    return ColumnMapping(columns=(*_COLUMNS, *items))


def is_shipped(mapping: str) -> bool:
    """Tell whether a mapping is the plain one or a published layout, known by name and not by an id."""
    return mapping == PLAIN or mapping in read_layouts()
