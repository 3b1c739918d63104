"""Rows as they nearly always come, read without the machinery of wire forms, which takes twenty times as long.

Only what is plainly good is read here: it becomes just what the wire form would make of it. Everything else, odd or
wrong, is None and left to the wire form, which knows every rule and says what is wrong.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from backend.people.identity_numbers import SubjectKind, holds_resident_id
from backend.records.ledger import Report
from backend.records.rows import HandedInRow, Representative
from scoring.admission import Confirmation, Finality, LegalFacts, Procedure
from scoring.records import Content, Value

MAX_ITEMS = 30
MAX_NUMBER = 10**15
_Member = TypeVar("_Member", bound=StrEnum)

_REQUIRED = frozenset({"source_key", "id_number", "name", "indicator", "occurred_on", "items", "legal"})
_OPTIONAL = frozenset({"subject_kind", "ended_on", "act", "legal_representative"})
_ALLOWED = _REQUIRED | _OPTIONAL
_LEGAL = frozenset(LegalFacts._fields)
# Characters that every rule about texts lets pass: ASCII, common Chinese characters and the marks of documents.
_PLAIN = re.compile(r"[!-~\u4e00-\u9fff〔〕（）《》、：；，。—·]+(?: [!-~\u4e00-\u9fff〔〕（）《》、：；，。—·]+)*")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,20}")
_INDICATOR = re.compile(r"[A-Z][A-Z0-9]{0,9}(?:-[A-Z0-9]{1,10}){1,3}")
_ITEM = re.compile(r"[a-z][a-z_]{0,39}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGIT = re.compile(r"[0-9]")
_KINDS = {kind.value: kind for kind in SubjectKind}
_PROCEDURES = {member.value: member for member in Procedure}
_FINALITIES = {member.value: member for member in Finality}
_CONFIRMATIONS = {member.value: member for member in Confirmation}


class _OddError(Exception):
    """Something that is for the wire form to look at."""


def read_quickly(raw: object) -> HandedInRow | None:
    """Read a row as JSON has it; None for whatever is not plainly good."""
    if type(raw) is not dict or not (_REQUIRED <= raw.keys() <= _ALLOWED):
        return None
    try:
        return HandedInRow(
            source_key=_read_open_text(raw["source_key"], 100),
            subject_kind=_KINDS[raw.get("subject_kind", "natural_person")],
            id_number=_read_text(raw["id_number"], 40),
            name=_read_name(raw["name"]),
            indicator=_read_indicator(raw["indicator"]),
            report=_read_report(raw),
            legal_representative=_read_representative(raw.get("legal_representative")),
        )
    except (_OddError, KeyError, TypeError):  # a value that no table of choices has, or that none can have
        return None


def _read_report(raw: Mapping[str, Any]) -> Report:
    ended_on, act = raw.get("ended_on"), raw.get("act")
    content = Content(
        _read_day(raw["occurred_on"]),
        None if ended_on is None else _read_day(ended_on),
        _read_items(raw["items"]),
        None if act is None else _read_open_text(act, 100),
    )
    return Report(content, _read_legal(raw["legal"]))


def _read_legal(raw: object) -> LegalFacts:
    if type(raw) is not dict or not raw.keys() <= _LEGAL:
        raise _OddError
    if not raw:
        return _NO_FACTS
    document_no, minor = raw.get("document_no"), raw.get("minor_and_remedied", False)
    if type(minor) is not bool:
        raise _OddError
    return LegalFacts(
        None if document_no is None else _read_document_no(document_no),
        _choose(raw.get("procedure"), _PROCEDURES),
        _choose(raw.get("finality"), _FINALITIES),
        minor,
        _choose(raw.get("confirmed_by"), _CONFIRMATIONS),
    )


_NO_FACTS = LegalFacts()


def _choose(value: str | None, choices: Mapping[str, _Member]) -> _Member | None:
    return None if value is None else choices[value]


def _read_items(raw: object) -> dict[str, Value]:
    if type(raw) is not dict or len(raw) > MAX_ITEMS:
        raise _OddError
    for name, value in raw.items():
        if _ITEM.fullmatch(name) is None:
            raise _OddError
        kind = type(value)
        if kind is int:
            if not -MAX_NUMBER <= value <= MAX_NUMBER:
                raise _OddError
        elif kind is str:
            _read_text(value, 100)
        elif kind is not bool:
            raise _OddError
    return raw


def _read_representative(raw: object) -> Representative | None:
    if raw is None:
        return None
    if type(raw) is not dict or raw.keys() != {"name", "id_number"}:
        raise _OddError
    return Representative(name=_read_name(raw["name"]), id_number=_read_text(raw["id_number"], 40))


def _read_text(value: object, maximum: int) -> str:
    if type(value) is not str or len(value) > maximum or _PLAIN.fullmatch(value) is None:
        raise _OddError
    return value


def _read_open_text(value: object, maximum: int) -> str:
    text = _read_text(value, maximum)
    if holds_resident_id(text):
        raise _OddError
    return text


def _read_document_no(value: object) -> str:
    text = _read_open_text(value, 100)
    if len(text) < 2 or _DIGIT.search(text) is None:  # noqa: PLR2004 - as in the wire form
        raise _OddError
    return text


def _read_name(value: object) -> str:
    if type(value) is not str or _PLAIN_NAME.fullmatch(value) is None:
        raise _OddError
    return value


def _read_indicator(value: object) -> str:
    if type(value) is not str or _INDICATOR.fullmatch(value) is None or len(value) > 40:  # noqa: PLR2004 - as above
        raise _OddError
    return value


@lru_cache(4096)
def _parse_day(text: str) -> date:
    if _DAY.fullmatch(text) is None:
        raise _OddError
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _OddError from None


def _read_day(value: object) -> date:
    if type(value) is not str:
        raise _OddError
    return _parse_day(value)
