"""Rows of a sheet made into rows of the API by a mapping that was bound to the sheet's columns. Pure.

Everything that does not depend on the row is decided when the mapping is bound.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from backend.gateways.sheets.cells import (
    fold_text,
    read_flag,
    read_identity_number,
    read_text,
    read_whole,
)
from backend.gateways.sheets.days import read_day
from backend.gateways.sheets.heading import fold_title, name_column
from backend.gateways.sheets.money import MoneyUnit, read_fen
from backend.gateways.sheets.sheet import RECEIPT_TITLES, Cell, CellFault, Sheet, SheetKind, SheetRow
from backend.people.identity_numbers import SubjectKind
from backend.records.mapping import (
    BY_CODE,
    NEEDED_MEMBERS,
    Column,
    ColumnMapping,
    IdentityDocument,
    Reading,
    RowState,
    Scalar,
)
from backend.records.mapping import find_subject_kind as find_kind_of_organisation
from backend.web.problems import Fault, Place

RawRow: TypeAlias = dict[str, object]
CellReader: TypeAlias = Callable[[Cell], "Scalar | CellFault | None"]

MAX_FAULTS: Final = 50
MAX_WORDS: Final = 20
MAX_TITLE: Final = 40
_NUMBER = re.compile(r"[0-9]{6}")
_TOP, _ITEMS, _LEGAL, _REPRESENTATIVE, _ASIDE = range(5)
_PARTS: Final = {"items": _ITEMS, "legal": _LEGAL, "legal_representative": _REPRESENTATIVE}
_OURS: Final = frozenset(map(fold_title, RECEIPT_TITLES))
_DOCUMENT: Final = "identity_document"
_STATE: Final = "state"


class _BoundColumn(NamedTuple):
    """A column of the file: where it stands, how it is read, and into which members (part, key) it goes."""

    position: int
    read: CellReader
    targets: tuple[tuple[int, str], ...]
    column: Column


@dataclass(frozen=True, slots=True)
class BoundMapping:
    """A mapping bound to the columns of one file; see `bind_mapping`."""

    columns: tuple[_BoundColumn, ...] = field(repr=False)
    identities: tuple[_BoundColumn, ...] = field(repr=False)
    constants: tuple[dict[str, Any], ...] = field(repr=False)
    asks_for_document: bool


def bind_mapping(mapping: ColumnMapping, sheet: Sheet) -> BoundMapping | tuple[Fault, ...]:
    """Bind a mapping to the titles of a sheet, or tell everything that does not fit.

    Faults: `column_unknown`, `column_twice`, `column_missing` (a required one), `member_missing`. The columns that
    our own receipts add are passed over.
    """
    bound, faults = _find_columns(mapping, sheet)
    present = {member for each in bound for member in each.column.members} | mapping.constants.keys()
    missing = [name for name in NEEDED_MEMBERS if name not in present]
    faults += [_make_fault(f"/{name}", "member_missing", {"member": name}) for name in missing]
    if faults:
        return tuple(faults[:MAX_FAULTS])
    constants: tuple[dict[str, Any], ...] = ({}, {}, {}, {}, {})
    for member, value in mapping.constants.items():
        part, key = _place_member(member)
        constants[part][key] = value
    return BoundMapping(
        columns=tuple(each for each in bound if each.targets and "id_number" not in each.column.members),
        identities=tuple(each for each in bound if "id_number" in each.column.members),
        constants=constants,
        asks_for_document=_DOCUMENT in present,
    )


def map_row(row: SheetRow, bound: BoundMapping) -> RawRow | tuple[Fault, ...]:
    """Make a row of the API of a row of the sheet: JSON values, not yet checked by the row's schema.

    A cell that cannot be read, a required one that is blank, and numbers that do not name one subject are faults;
    they repeat nothing of the row.
    """
    if row.fault is not None:
        return (_make_fault("", row.fault.code, row.fault.values),)
    cells = row.cells
    parts: list[dict[str, Any]] = [dict(part) for part in bound.constants]
    top, items, legal, representative, aside = parts
    faults: list[Fault] = []
    for position, read, targets, column in bound.columns:
        value = read(cells[position])
        if value is None:
            if column.is_required:
                faults.append(_blame(column, CellFault("cell_blank")))
        elif value.__class__ is CellFault:
            faults.append(_blame(column, value))
        else:
            for part, key in targets:
                parts[part][key] = value
    faults += _read_identity(cells, bound, top, aside)
    if aside.get(_STATE) == RowState.NOT_CURRENT:
        faults.append(_make_fault(f"/{_STATE}", "row_not_current", {}))
    if representative:
        faults += _add_representative(top, representative)
    if faults:
        return tuple(faults[:MAX_FAULTS])
    top["items"] = items
    top["legal"] = legal
    return top


def _read_identity(
    cells: tuple[Cell, ...], bound: BoundMapping, top: RawRow, aside: Mapping[str, object]
) -> list[Fault]:
    """Find the one number that names the subject, and the subject's kind where its column tells it."""
    found: _BoundColumn | None = None
    number: Any = None
    for each in bound.identities:
        value = each.read(cells[each.position])
        if value is None:
            continue
        if value.__class__ is CellFault:
            return [_blame(each.column, value)]
        if found is not None:
            names = {"column": found.column.title, "other": each.column.title}
            return [_make_fault("/id_number", "identity_twice", names)]
        found, number = each, value
    if found is None:
        titles = "、".join(each.column.title for each in bound.identities)
        return [_make_fault("/id_number", "cell_blank", {"column": titles})]
    top["id_number"] = number
    kind = found.column.subject_kind
    if kind == BY_CODE:
        kind = find_kind_of_organisation(number)
        if kind is None:
            return [_make_fault("/subject_kind", "organisation_kind_unknown", {"column": found.column.title})]
    if kind is not None:
        top["subject_kind"] = str(kind)
    if bound.asks_for_document and kind == SubjectKind.NATURAL_PERSON:
        return _check_document(aside.get(_DOCUMENT))
    return []


def _check_document(document: object) -> list[Fault]:
    if document is None:
        return [_make_fault(f"/{_DOCUMENT}", "identity_document_missing", {})]
    if document == IdentityDocument.OTHER:
        return [_make_fault(f"/{_DOCUMENT}", "identity_document_not_taken", {})]
    return []


def _add_representative(top: RawRow, representative: Mapping[str, object]) -> list[Fault]:
    """Add who represents an organisation by law; a name without a number reaches nobody and is left out."""
    if "id_number" not in representative:
        return []
    if top.get("subject_kind", SubjectKind.NATURAL_PERSON) == SubjectKind.NATURAL_PERSON:
        return [_make_fault("/legal_representative", "representative_of_a_person", {})]
    if "name" not in representative:
        return [_make_fault("/legal_representative/name", "representative_without_name", {})]
    top["legal_representative"] = dict(representative)
    return []


def _find_columns(mapping: ColumnMapping, sheet: Sheet) -> tuple[list[_BoundColumn], list[Fault]]:
    by_name: dict[str, list[Column]] = {}
    for column in mapping.columns:
        for name in column.names:
            by_name.setdefault(name, []).append(column)
    bound: list[_BoundColumn] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    # A corrected receipt is a file like any other, and its last columns are ours.
    last = sheet.titles if sheet.kind is SheetKind.JSONL else sheet.titles[-len(RECEIPT_TITLES) :]
    is_receipt = set(RECEIPT_TITLES) <= set(last)
    passed_over = mapping.ignored | _OURS if is_receipt else mapping.ignored
    for index, title in enumerate(sheet.titles):
        name = fold_title(title)
        columns = by_name.get(name)
        if columns is None:
            if name and name not in passed_over:
                faults.append(_make_fault("", "column_unknown", {"column": _show_title(title, index)}))
            continue
        if columns[0].title in seen:
            faults.append(_make_fault("", "column_twice", {"column": columns[0].title}))
            continue
        seen.add(columns[0].title)
        for column in columns:
            targets = tuple(map(_place_member, column.members))
            bound.append(_BoundColumn(index, _make_reader(column, sheet, index), targets, column))
    if not seen:
        return [], [_make_fault("", "heading_unknown", {})]  # what stands there may be data
    faults += [
        _make_fault("", "column_missing", {"column": column.title})
        for column in mapping.columns
        if column.is_required and column.title not in seen
    ]
    return bound, faults


def _show_title(title: str, index: int) -> str:
    """Show a title that is not known, unless it could be a person's data."""
    return name_column(index) if _NUMBER.search(title) else title[:MAX_TITLE]


def _place_member(member: str) -> tuple[int, str]:
    if member in {_DOCUMENT, _STATE}:
        return _ASIDE, member
    part, _, key = member.rpartition(".")
    return _PARTS.get(part, _TOP), key


def _make_reader(column: Column, sheet: Sheet, position: int) -> CellReader:
    unknown = CellFault("cell_unknown_word", {"words": "、".join(list(column.choices)[:MAX_WORDS])})
    choices = {fold_text(word).casefold(): value for word, value in column.choices.items()}
    readers: dict[Reading, CellReader] = {
        Reading.TEXT: read_text,
        Reading.IDENTITY_NUMBER: partial(
            read_identity_number, is_typed=sheet.is_typed or position in sheet.whole_columns
        ),
        Reading.DAY: partial(_write_day, counts_from_1904=sheet.counts_from_1904),
        Reading.YUAN: partial(read_fen, unit=MoneyUnit.YUAN),
        Reading.WAN_YUAN: partial(read_fen, unit=MoneyUnit.WAN_YUAN),
        Reading.WHOLE: read_whole,
        Reading.FLAG: read_flag,
        Reading.CHOICE: partial(_choose, choices=choices, unknown=unknown),
    }
    return readers[column.reads]


def _write_day(cell: Cell, *, counts_from_1904: bool) -> str | CellFault | None:
    day = read_day(cell, counts_from_1904=counts_from_1904)
    return day if day is None or isinstance(day, CellFault) else day.isoformat()


def _choose(cell: Cell, *, choices: Mapping[str, Scalar], unknown: CellFault) -> Scalar | CellFault | None:
    if isinstance(cell, str) and cell in choices:
        return choices[cell]
    word = ("是" if cell else "否") if isinstance(cell, bool) else read_text(cell)
    return choices.get(word.casefold(), unknown) if isinstance(word, str) else word


def _blame(column: Column, fault: Any) -> Fault:  # noqa: ANN401 - a CellFault, told apart by its class for speed
    pointer = "/" + (column.members[0].replace(".", "/") if column.members else "")
    return _make_fault(pointer, fault.code, {"column": column.title, **fault.values})


def _make_fault(pointer: str, code: str, values: Mapping[str, object]) -> Fault:
    return Fault(place=Place.BODY, pointer=pointer, code=code, values=values)
