"""A column mapping from its document, with every fault told at once. Pure.

The document is a JSON object: `columns`, `constants`, `ignore`, and `extends` for one of the published layouts, whose
columns a department completes or replaces by naming them again.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from backend.gateways.sheets.cells import fold_text
from backend.gateways.sheets.heading import fold_title
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
from backend.records.mapping_faults import MAX_KEY, DocumentFaults, find_identity_numbers
from backend.web.problems import Fault
from scoring.admission import Confirmation, Finality, Procedure

MAX_COLUMNS: Final = 300
MAX_FAULTS: Final = 50
MAX_NAMES: Final = 20
MAX_CHOICES: Final = 200
_KEYS: Final = frozenset({"extends", "columns", "constants", "ignore"})
_COLUMN_KEYS: Final = frozenset({"title", "aliases", "member", "reads", "required", "choices", "subject_kind"})
_ITEM = re.compile(r"items\.[a-z][a-z0-9_]{0,39}")
_INDICATOR = re.compile(r"[A-Z][A-Z0-9]{0,9}(-[A-Z0-9]{1,10}){1,3}")
_WORDS: Final = {
    "subject_kind": frozenset(SubjectKind),
    "legal.procedure": frozenset(Procedure),
    "legal.finality": frozenset(Finality),
    "legal.confirmed_by": frozenset(Confirmation),
    "identity_document": frozenset(IdentityDocument),
    "state": frozenset(RowState),
}
_TEXTS: Final = frozenset({Reading.TEXT})
_NUMBERS: Final = frozenset({Reading.IDENTITY_NUMBER})
_DAYS: Final = frozenset({Reading.DAY})
_CODES: Final = frozenset({Reading.CHOICE, Reading.TEXT})
READINGS: Final[Mapping[str, frozenset[Reading]]] = {
    "source_key": _TEXTS,
    "id_number": _NUMBERS,
    "name": _TEXTS,
    "occurred_on": _DAYS,
    "ended_on": _DAYS,
    "act": _TEXTS,
    "indicator": _CODES,
    "legal.document_no": _TEXTS,
    "legal.minor_and_remedied": frozenset({Reading.FLAG, Reading.CHOICE}),
    "legal_representative.name": _TEXTS,
    "legal_representative.id_number": _NUMBERS,
    **dict.fromkeys(_WORDS, _CODES),
}
_ITEM_READINGS: Final = frozenset(Reading) - _NUMBERS
_CONSTANTS: Final = ("indicator", "subject_kind", "legal.procedure", "legal.finality", "legal.minor_and_remedied")


def read_mapping(
    document: Mapping[str, object], layouts: Mapping[str, ColumnMapping]
) -> ColumnMapping | tuple[Fault, ...]:
    """Read a department's mapping on top of the layout that it extends, if any; or give every fault of the document.

    A mapping is kept for good, so one that holds a resident id anywhere is refused for that alone.
    """
    held = find_identity_numbers(document)
    if held:
        return tuple(held[:MAX_FAULTS])
    faults = DocumentFaults()
    layout = _find_layout(document, layouts, faults)
    mapping = _read_parts(document, layout, faults)
    fed = {member for column in mapping.columns for member in column.members} | mapping.constants.keys()
    for member in NEEDED_MEMBERS:
        if member not in fed:
            faults.add("", "mapping_member_missing", member=member)
    _check_subjects(mapping, faults)
    return tuple(faults.found[:MAX_FAULTS]) if faults.found else mapping


def read_layout(document: Mapping[str, object]) -> ColumnMapping | tuple[Fault, ...]:
    """Read a published layout: columns and titles left aside. What it does not say a department's mapping must."""
    faults = DocumentFaults()
    for key in ("extends", "constants"):
        if key in document:
            faults.add(f"/{key}", "unknown")
    mapping = _read_parts(document, None, faults)
    return tuple(faults.found) if faults.found else mapping


def _find_layout(
    document: Mapping[str, object], layouts: Mapping[str, ColumnMapping], faults: DocumentFaults
) -> ColumnMapping | None:
    if "extends" not in document:
        return None
    name = faults.read_choice(document["extends"], layouts, "/extends")
    return None if name is None else replace(layouts[name], layout=name)


def _read_parts(document: Mapping[str, object], layout: ColumnMapping | None, faults: DocumentFaults) -> ColumnMapping:
    faults.add_unknown(document, _KEYS, "")
    ignored = {fold_title(each) for each in faults.read_texts(document.get("ignore", []), "/ignore", MAX_COLUMNS)}
    known = layout.columns if layout is not None else ()
    own = []
    entries = faults.read_list(document.get("columns", []), "/columns", MAX_COLUMNS)
    for index, entry in enumerate(entries):
        pointer = f"/columns/{index}"
        column_entry = faults.read_object(entry, pointer, MAX_NAMES)
        column = _read_column(column_entry, pointer, known, faults) if isinstance(entry, dict) else None
        if column is not None:
            own.append(column)
    named = ignored.union(*(column.names for column in own))
    columns = (*own, *(column for column in known if not column.names & named))
    # What the layout leaves aside, a department may yet read.
    left = layout.ignored.difference(*(column.names for column in own)) if layout is not None else frozenset[str]()
    _check_titles(columns, ignored, faults)
    constants = _read_constants(document.get("constants", {}), faults)
    _check_members(columns, constants, faults)
    name = None if layout is None else layout.layout
    return ColumnMapping(columns=columns, constants=constants, ignored=frozenset(ignored | left), layout=name)


def _read_column(
    entry: Mapping[str, object], pointer: str, known: tuple[Column, ...], faults: DocumentFaults
) -> Column | None:
    faults.add_unknown(entry, _COLUMN_KEYS, pointer)
    title = faults.read_text(entry.get("title"), f"{pointer}/title")
    name = fold_title(title)
    parent = next((column for column in known if name in column.names), Column(title=title))
    aliases = faults.read_texts(entry.get("aliases", list(parent.aliases)), f"{pointer}/aliases", MAX_NAMES)
    reads = faults.read_choice(entry.get("reads", parent.reads), Reading, f"{pointer}/reads")
    required = entry.get("required", parent.is_required)
    if not isinstance(required, bool):
        faults.add(f"{pointer}/required", "not_a_truth")
    members = _read_members(entry, pointer, parent, faults)
    kind = entry.get("subject_kind", parent.subject_kind)
    if kind is not None:
        faults.read_choice(kind, {BY_CODE, *SubjectKind}, f"{pointer}/subject_kind")
    if not title or reads is None:
        return None
    column = Column(
        title=parent.title,
        aliases=tuple(dict.fromkeys([*aliases, *([title] if title != parent.title else [])])),
        members=members,
        reads=Reading(reads),
        is_required=required is True,
        choices=_read_choices(entry, pointer, parent, Reading(reads), faults),
        subject_kind=kind if isinstance(kind, str) else None,
    )
    for member in members:
        _check_column(column, member, pointer, faults)
    return column


def _read_members(entry: Mapping[str, object], pointer: str, parent: Column, faults: DocumentFaults) -> tuple[str, ...]:
    member = entry.get("member", list(parent.members))
    if member is None:
        return ()
    pointer = f"{pointer}/member"
    members = faults.read_texts([member] if isinstance(member, str) else member, pointer, MAX_NAMES)
    for each in members:
        if each and each not in READINGS and not _ITEM.fullmatch(each):
            faults.add(pointer, "not_a_choice", choices=", ".join([*READINGS, "items.<name>"]))
    return tuple(each for each in members if each in READINGS or _ITEM.fullmatch(each))


def _read_choices(
    entry: Mapping[str, object], pointer: str, parent: Column, reads: Reading, faults: DocumentFaults
) -> Mapping[str, Scalar]:
    if reads is not Reading.CHOICE:
        if "choices" in entry:
            faults.add(f"{pointer}/choices", "unknown")
        return {}
    choices = faults.read_object(entry.get("choices", dict(parent.choices)), f"{pointer}/choices", MAX_CHOICES)
    if not choices:
        faults.add(f"{pointer}/choices", "required")
    good: dict[str, Scalar] = {}
    for word, value in choices.items():
        if isinstance(value, str | int):
            good[word] = value
        else:
            faults.add(f"{pointer}/choices/{word[:MAX_KEY]}", "not_plain")
    if len({fold_text(word).casefold() for word in good}) != len(good):
        faults.add(f"{pointer}/choices", "repeated")
    return good


def _check_column(column: Column, member: str, pointer: str, faults: DocumentFaults) -> None:
    """Hold a column's reading and the codes of its choices to what its member can be."""
    readings = READINGS.get(member, _ITEM_READINGS)
    if column.reads not in readings:
        names = ", ".join(sorted(readings))
        faults.add(f"{pointer}/reads", "mapping_reading_unfit", member=member, readings=names)
    for word, value in column.choices.items():
        _check_value(member, value, f"{pointer}/choices/{word[:MAX_KEY]}", faults)
    if column.subject_kind is not None and column.members != ("id_number",):
        faults.add(f"{pointer}/subject_kind", "unknown")


def _check_value(member: str, value: object, pointer: str, faults: DocumentFaults) -> None:
    if member in _WORDS:
        faults.read_choice(value, _WORDS[member], pointer)
    elif member == "legal.minor_and_remedied":
        if not isinstance(value, bool):
            faults.add(pointer, "not_a_truth")
    elif member == "indicator":
        if not isinstance(value, str) or not _INDICATOR.fullmatch(value):
            faults.add(pointer, "wrong_form", pattern=_INDICATOR.pattern)
    elif not isinstance(value, str | int):
        faults.add(pointer, "not_plain")


def _read_constants(value: object, faults: DocumentFaults) -> dict[str, Scalar]:
    """Read what is the same in every row: never whom a row is about, nor when, nor the number of its document."""
    constants: dict[str, Scalar] = {}
    for member, constant in faults.read_object(value, "/constants", MAX_NAMES).items():
        pointer = f"/constants/{member[:MAX_KEY]}"
        if member not in _CONSTANTS and not _ITEM.fullmatch(member):
            faults.add(pointer, "unknown")
            continue
        _check_value(member, constant, pointer, faults)
        if isinstance(constant, str | int):
            constants[member] = constant
    return constants


def _check_titles(columns: tuple[Column, ...], ignored: set[str], faults: DocumentFaults) -> None:
    """A title leads to one column: the same one may go into several members, two may not share a name."""
    seen: dict[str, str] = {}
    for column in columns:
        for name in column.names:
            if name in ignored or seen.setdefault(name, column.title) != column.title:
                faults.add("/columns", "mapping_title_twice", column=column.title)


def _check_members(columns: tuple[Column, ...], constants: Mapping[str, Scalar], faults: DocumentFaults) -> None:
    """A member comes from one place; numbers of subjects may come from several columns that each tell the kind."""
    seen = set(constants)
    for column in columns:
        for member in column.members:
            if member in seen:
                faults.add("/columns", "mapping_member_twice", member=member)
            if member != "id_number":
                seen.add(member)
    kinds = [column.subject_kind for column in columns if "id_number" in column.members]
    if len(kinds) > 1 and (None in kinds or len(set(kinds)) < len(kinds)):
        faults.add("/columns", "mapping_member_twice", member="id_number")


def _check_subjects(mapping: ColumnMapping, faults: DocumentFaults) -> None:
    """Whose number it is is said once: by the column of the number, or by `subject_kind`."""
    said = "subject_kind" in mapping.constants or any("subject_kind" in column.members for column in mapping.columns)
    if said and any(column.subject_kind is not None for column in mapping.columns):
        faults.add("/columns", "mapping_member_twice", member="subject_kind")
