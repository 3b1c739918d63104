"""Correcting and withdrawing: a further word of the department that reported the record, never a change of the first.

A correction is held to the law like a report, but to the catalogue of the day of the report, and it never comes too
late: what may not be reported any more must still be put right. It cannot be about another person or indicator; that
is a withdrawal. What a record said about a legal representative changes with it (`derived`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.subjects import was_born_by
from backend.people.tables import find_subject, lock_subjects
from backend.records.derived import CLOSING, Correction, correct_derived, withdraw_derived
from backend.records.ledger import Report, write_content
from backend.records.rows import make_admission_row
from backend.records.screening import Ground, find_ground
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry, list_derived, list_entries_of_record
from backend.web.problems import ProblemCode, Refusal
from scoring.admission import OWN_GROUND
from scoring.records import EventKind

SEE_ERRORS = "请按 errors 所指之处修改"
BEFORE_BIRTH = "发生日期早于证件号码所载的出生日期"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who speaks about which record, and why."""

    record_id: UUID
    department: str
    clerk: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was added to a record, and the moment from which it is known."""

    record_id: UUID
    kind: str
    known_at: datetime


def correct_record(
    session: Session, word: Word, report: Report, *, rules: CityRules, sealer: Sealer, now: datetime
) -> Change | Refusal:
    """Replace what is said about the act of a record, from now on; what was known before stays as it was."""
    first = _hold_open_record(session, word)
    if isinstance(first, Refusal):
        return first
    reported, subject_kind = first
    row = make_admission_row(reported.indicator, subject_kind, report)
    catalogue = rules.catalogue_on(today(reported.known_at))
    ground = find_ground(row, catalogue, department=word.department, received_on=today(now), is_correction=True)
    if not was_born_by(session, reported.subject_id, report.content.occurred_on, sealer=sealer):
        ground = Ground(code="before_birth", law=OWN_GROUND, text=BEFORE_BIRTH)
    if ground is not None:
        values = {"ground": ground.code, "law": ground.law, "text": ground.text or SEE_ERRORS}
        return Refusal(ProblemCode.CORRECTION_REFUSED, values, faults=ground.faults)
    change = _append(session, reported, EventKind.CORRECTED, word, content=write_content(report), now=now)
    correct_derived(
        session,
        reported,
        Correction(subject_kind, report, catalogue, word.reason, word.clerk),
        sealer=sealer,
        now=now,
    )
    return change


def withdraw_record(session: Session, word: Word, *, now: datetime) -> Change | Refusal:
    """Take a record back, for good, as if it had not been reported; the ledger still tells that it was."""
    first = _hold_open_record(session, word)
    if isinstance(first, Refusal):
        return first
    change = _append(session, first[0], EventKind.WITHDRAWN, word, content={}, now=now)
    withdraw_derived(session, first[0], reason=word.reason, clerk=word.clerk, now=now)
    return change


def _hold_open_record(session: Session, word: Word) -> tuple[LedgerEntryRow, str] | Refusal:
    """Find the report of a record and the kind of its subject, holding whom it is about until the transaction ends."""
    entries = list_entries_of_record(session, word.record_id)
    if not entries or entries[0].department != word.department:
        return Refusal(ProblemCode.RECORD_NOT_FOUND)
    _hold_subjects(session, entries[0])
    subject = find_subject(session, entries[0].subject_id)
    if subject is None:
        raise LookupError(f"record {word.record_id} is about a subject that cannot be found")
    # Only now nobody else can close it.
    if any(entry.kind in CLOSING for entry in list_entries_of_record(session, word.record_id)):
        return Refusal(ProblemCode.RECORD_CLOSED)
    return entries[0], subject.kind


def _hold_subjects(session: Session, reported: LedgerEntryRow) -> None:
    """Hold whom a record is about and whom it reaches.

    While nobody holds the organisation, its record can come to reach somebody. Whoever is then missing cannot be held
    beside the others, out of the order of the ids: all are let go, and held anew.
    """
    wanted, is_complete = _list_subjects(session, reported), False
    while not is_complete:
        with session.begin_nested() as attempt:
            lock_subjects(session, wanted)
            found = _list_subjects(session, reported)
            is_complete = found <= wanted
            if not is_complete:
                attempt.rollback()
        wanted = found


def _list_subjects(session: Session, reported: LedgerEntryRow) -> set[UUID]:
    return {reported.subject_id, *(entry.subject_id for entry in list_derived(session, reported.record_id))}


def _append(
    session: Session,
    reported: LedgerEntryRow,
    kind: EventKind,
    word: Word,
    *,
    content: dict[str, object],
    now: datetime,
) -> Change:
    entry = NewEntry(
        kind=kind.value,
        record_id=reported.record_id,
        indicator=reported.indicator,
        department=reported.department,
        content=content,
        reason=word.reason,
        clerk=word.clerk,
    )
    appended = append_entry(session, reported.subject_id, entry, now=now)
    return Change(record_id=reported.record_id, kind=kind.value, known_at=appended.known_at)
