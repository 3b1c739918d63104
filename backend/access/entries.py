"""Looks at a person's data: each has a purpose out of a closed list and a basis, and the person can read it.

The entry is written in the transaction whose commit precedes the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.tables import AccessEntryRow, add_access_entry, list_access_entries
from backend.principals import Principal, PrincipalKind
from backend.storage.identifiers import new_id

MAX_ANSWERED = 20
MAX_TEXT = 100


class Purpose(StrEnum):
    """What a look may be for, each with the law it rests on; its words stand in `messages/*.toml` under `purpose.`."""

    DATA_CHECK = "data_check"
    CORRECTION = "correction"
    OBJECTION_HANDLING = "objection_handling"
    REPAIR_HANDLING = "repair_handling"
    CASE_HANDLING = "case_handling"
    BENEFIT = "benefit"
    COMPLAINT_HANDLING = "complaint_handling"
    PROMISE_HANDLING = "promise_handling"
    EXCHANGE = "exchange"

    @property
    def basis(self) -> str:
        """The law that such a look rests on, unless the person has consented to it."""
        return _BASES[self]


_BASES: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.DATA_CHECK: "《河南省社会信用条例》第十七条",
        Purpose.CORRECTION: "《中华人民共和国个人信息保护法》第四十六条",
        Purpose.OBJECTION_HANDLING: "《河南省社会信用条例》第四十一条",
        Purpose.REPAIR_HANDLING: "《河南省社会信用条例》第四十三条",
        Purpose.CASE_HANDLING: "《河南省社会信用条例》第十八条第三款、第二十二条第一款",
        Purpose.PROMISE_HANDLING: "《个人信息保护法》第十三条第一款第二项；《河南省社会信用条例》第十七条",
        Purpose.COMPLAINT_HANDLING: "《中华人民共和国个人信息保护法》第十三条第一款第一项、第五十条",
        Purpose.BENEFIT: "《中华人民共和国个人信息保护法》第十三条第一款第一项、第二十三条",
        Purpose.EXCHANGE: "《中华人民共和国个人信息保护法》第十三条第一款第一项、第二十三条",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One look, as the person looked at sees it."""

    entry_id: UUID
    asked_at: datetime
    asker_kind: PrincipalKind
    asker: str
    asker_name: str | None
    acting: str | None
    purpose: Purpose
    basis: str
    answered: Mapping[str, Any]
    case_no: str | None


def make_look(
    *,
    subject_id: UUID,
    principal: Principal,
    purpose: Purpose,
    answered: Mapping[str, str | int | bool],
    now: datetime,
    basis: str | None = None,
    asker_name: str | None = None,
    case_no: str | None = None,
) -> dict[str, Any]:
    """Make the values of an entry, by column, for whoever writes it together with something else.

    `basis` is a consent or a law, by default the purpose's own. `asker_name` is what the asker is called at this
    moment. `answered` says what kind of answer was given, never the answer: at most 20 short plain values, or else a
    ValueError, because whoever looked has to be told in a line.
    """
    _check_answered(answered)
    return {
        "subject_id": subject_id,
        "entry_id": new_id(now),
        "asked_at": now,
        "asker_kind": principal.kind.value,
        "asker": principal.id,
        "asker_name": asker_name,
        "acting": principal.acting,
        "purpose": purpose.value,
        "basis": basis or purpose.basis,
        "answered": dict(answered),
        "case_no": case_no,
    }


def record_look(  # noqa: PLR0913 - as above
    session: Session,
    *,
    subject_id: UUID,
    principal: Principal,
    purpose: Purpose,
    answered: Mapping[str, str | int | bool],
    now: datetime,
    basis: str | None = None,
    asker_name: str | None = None,
    case_no: str | None = None,
) -> UUID:
    """Record that `principal` looked at a subject, and give the id of the entry; the parts are those of `make_look`."""
    look = make_look(
        subject_id=subject_id,
        principal=principal,
        purpose=purpose,
        answered=answered,
        now=now,
        basis=basis,
        asker_name=asker_name,
        case_no=case_no,
    )
    add_access_entry(session, AccessEntryRow(**look))
    entry_id: UUID = look["entry_id"]
    return entry_id


def list_looks(session: Session, subject_id: UUID, *, before: UUID | None = None, limit: int) -> Sequence[AccessEntry]:
    """List at most `limit` looks at a person, newest first; only those before entry `before`, if given."""
    return [_show_entry(row) for row in list_access_entries(session, subject_id, before=before, limit=limit)]


def _check_answered(answered: Mapping[str, object]) -> None:
    if len(answered) > MAX_ANSWERED:
        raise ValueError(
            f"answered has {len(answered)} members; say in at most {MAX_ANSWERED} what kind of answer it was"
        )
    for name, value in answered.items():
        if not isinstance(value, str | int | bool) or len(str(value)) > MAX_TEXT:
            raise ValueError(f"answered.{name} must be a short text, a whole number or a truth value")


def _show_entry(row: AccessEntryRow) -> AccessEntry:
    return AccessEntry(
        entry_id=row.entry_id,
        asked_at=row.asked_at,
        asker_kind=PrincipalKind(row.asker_kind),
        asker=row.asker,
        asker_name=row.asker_name,
        acting=row.acting,
        purpose=Purpose(row.purpose),
        basis=row.basis,
        answered=row.answered,
        case_no=row.case_no,
    )
