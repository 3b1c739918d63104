"""A department looks at a record that it handed in: what it said, and what became of the record. Nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.principals import Principal
from backend.records.derived import CLOSING
from backend.records.ledger import REPORTED, Report, read_content
from backend.records.tables import LedgerEntryRow, find_department, list_entries_of_record
from backend.web.problems import ProblemCode, Refusal
from scoring.records import EventKind

OPEN = "open"
# What merchants and other cities ask for, and what the credit centre looks into between them and a person.
_NOT_THEIRS = frozenset({Purpose.BENEFIT, Purpose.COMPLAINT_HANDLING, Purpose.EXCHANGE, Purpose.PROMISE_HANDLING})
_OWN_WORDS = frozenset({EventKind.CORRECTED.value, EventKind.WITHDRAWN.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """What became known of a record later. `reason` is the department's own, `report` the content of a correction."""

    kind: str
    known_at: datetime
    reason: str | None = field(repr=False)
    report: Report | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedInRecord:
    """A record as it was handed in, with its events; `state` is `open`, `withdrawn` or `repaired`."""

    record_id: UUID
    indicator: str
    source_key: str | None
    batch_id: UUID | None
    clerk: str | None
    known_at: datetime
    state: str
    report: Report = field(repr=False)
    events: tuple[RecordEvent, ...]


def look_at_record(
    session: Session,
    record_id: UUID,
    *,
    principal: Principal,
    purpose: Purpose,
    case_no: str | None,
    now: datetime,
) -> HandedInRecord | Refusal:
    """Show a department its own record, and note the look for the person to see.

    Refuses another department's record as not found, the handling of a case without its number, and purposes
    that are not a department's.
    """
    if purpose in _NOT_THEIRS or (purpose is Purpose.CASE_HANDLING and case_no is None):
        return Refusal(ProblemCode.PURPOSE_REFUSED)
    entries = list_entries_of_record(session, record_id)
    if not entries or entries[0].department != principal.id:
        return Refusal(ProblemCode.RECORD_NOT_FOUND)
    department = find_department(session, principal.id)
    record_look(
        session,
        subject_id=entries[0].subject_id,
        principal=principal,
        purpose=purpose,
        asker_name=None if department is None else department.name,
        answered={"kind": "record", "record_id": str(record_id), "indicator": entries[0].indicator},
        case_no=case_no,
        now=now,
    )
    return show_record(entries)


def show_record(entries: Sequence[LedgerEntryRow]) -> HandedInRecord:
    """Show a record as its ledger entries tell it, the report first; noting the look is for the caller to do."""
    reported, later = entries[0], entries[1:]
    return HandedInRecord(
        record_id=reported.record_id,
        indicator=reported.indicator,
        source_key=reported.source_key,
        batch_id=reported.batch_id,
        clerk=reported.clerk,
        known_at=reported.known_at,
        state=next((entry.kind for entry in later if entry.kind in CLOSING), OPEN),
        report=read_content(reported.content),
        events=tuple(_make_event(entry) for entry in later if entry.kind != REPORTED),
    )


def _make_event(entry: LedgerEntryRow) -> RecordEvent:
    return RecordEvent(
        kind=entry.kind,
        known_at=entry.known_at,
        reason=entry.reason if entry.kind in _OWN_WORDS else None,
        report=read_content(entry.content) if entry.kind == EventKind.CORRECTED else None,
    )
