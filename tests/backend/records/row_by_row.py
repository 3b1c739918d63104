"""The model of intake: each row is settled by itself, with the plainest statements, before the next is looked at.

This is how rows were settled before it was done for thousands at once; it is slow and has nothing to go wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.people.names import fold_name
from backend.people.subjects import find_or_add_subject, find_subject_id
from backend.people.tables import find_subject, lock_subject
from backend.records.ledger import REPORTED, Report, read_content, write_content
from backend.records.receipts import Receipt
from backend.records.representatives import add_representative
from backend.records.rows import AnyRow, Desk, HandedInRow, Representative, ScreenedRow, screen_row
from backend.records.tables import (
    LedgerEntryRow,
    NewEntry,
    append_entry,
    list_derived,
    list_entries_of_record,
)
from backend.storage.identifiers import new_id
from scoring.records import EventKind

Told = tuple[str, str | None]
QUARANTINED: Told = ("quarantined", "identity_in_doubt")
NOT_REACHED: Told = ("refused", "representative_not_reached")
TAKEN: tuple[Told, ...] = (("accepted", None), ("duplicate", "duplicate"))
REUSED: Told = ("refused", "source_key_reused")


@dataclass
class Model:
    """What has been taken in so far beside the ledger: rows in quarantine, by what their department knows them by."""

    waiting: dict[tuple[UUID, str, str, str], tuple[str, Report, Representative | None]] = field(default_factory=dict)

    def settle(self, session: Session, rows: Sequence[AnyRow], desk: Desk) -> list[Told]:
        """Settle rows one after the other, and tell the outcome and code of each."""
        return [told for told, _ in self.settle_whole(session, rows, desk)]

    def settle_whole(self, session: Session, rows: Sequence[AnyRow], desk: Desk) -> list[tuple[Told, Told | None]]:
        """The same, and what is told of the legal representative whom each reaches, if any."""
        return [self._settle_both(session, row_no, row, desk) for row_no, row in enumerate(rows, start=1)]

    def _settle_both(self, session: Session, row_no: int, row: AnyRow, desk: Desk) -> tuple[Told, Told | None]:
        screened = screen_row(row_no, row, desk)
        if not isinstance(screened, ScreenedRow):
            return (screened.outcome, screened.code), None
        screened = add_representative(screened, desk)
        told, person = self._settle_one(session, screened, desk), screened.representative
        if told not in TAKEN or person is None:
            return told, None
        if isinstance(person, Receipt):
            return told, (person.outcome, person.code)
        record_id = find_record(session, screened, desk)
        subject_id = find_subject_id(session, person.identity_number, pseudonyms=desk.pseudonyms)
        if not reaches(session, record_id, screened.row.report, subject_id):
            return told, NOT_REACHED
        return told, self._settle_one(session, person, desk, record_id)

    def _settle_one(
        self, session: Session, screened: ScreenedRow, desk: Desk, derived_from: UUID | None = None
    ) -> Told:
        row = screened.row
        known = find_or_add_subject(
            session,
            kind=row.subject_kind,
            identity_number=screened.identity_number,
            name=row.name,
            verified=False,
            pseudonyms=desk.pseudonyms,
            sealer=desk.sealer,
            now=desk.now,
        )
        if not known.kind_agrees:
            return "refused", "wrong_subject"
        subject = find_subject(session, known.subject_id)
        assert subject is not None
        entry = replace(make_entry(row, desk), derived_from=derived_from)
        if not known.name_agrees or (subject.in_doubt and find_report(session, subject.subject_id, entry) is None):
            return self._quarantine(subject.subject_id, screened, desk)
        appended = append_report(session, known.subject_id, entry, now=desk.now)
        if not isinstance(appended, AlreadyReported):
            return "accepted", None
        return ("duplicate", "duplicate") if was_said(session, appended.record_id, row.report) else REUSED

    def _quarantine(self, subject_id: UUID, screened: ScreenedRow, desk: Desk) -> Told:
        row = screened.row
        key = (subject_id, desk.department, row.indicator, row.source_key)
        said = (fold_name(row.name), row.report, screened.representative and row.legal_representative)
        if key not in self.waiting:
            self.waiting[key] = said
            return QUARANTINED
        return ("duplicate", "duplicate_in_quarantine") if self.waiting[key] == said else REUSED


@dataclass(frozen=True, slots=True)
class AlreadyReported:
    """The department reported this fact before; `record_id` names the record it became then."""

    record_id: UUID


def append_report(
    session: Session, subject_id: UUID, entry: NewEntry, *, now: datetime
) -> LedgerEntryRow | AlreadyReported:
    """Append a report, unless the department reported the fact with this source key before; see `append_entry`."""
    lock_subject(session, subject_id)
    known = find_report(session, subject_id, entry)
    return append_entry(session, subject_id, entry, now=now) if known is None else AlreadyReported(known.record_id)


def find_report(session: Session, subject_id: UUID, entry: NewEntry) -> LedgerEntryRow | None:
    """Find the report with the department, indicator and source key of `entry`."""
    return session.scalars(
        select(LedgerEntryRow).where(
            LedgerEntryRow.subject_id == subject_id,
            LedgerEntryRow.department == entry.department,
            LedgerEntryRow.indicator == entry.indicator,
            LedgerEntryRow.source_key == entry.source_key,
        )
    ).one_or_none()


def find_record(session: Session, screened: ScreenedRow, desk: Desk) -> UUID:
    """The record that a row is or was."""
    subject_id = find_subject_id(session, screened.identity_number, pseudonyms=desk.pseudonyms)
    assert subject_id is not None
    report = find_report(session, subject_id, make_entry(screened.row, desk))
    assert report is not None
    return report.record_id


def reaches(session: Session, record_id: UUID, report: Report, subject_id: UUID | None) -> bool:
    """Whether a record is open, says just this now, and reaches nobody but this subject."""
    entries = list_entries_of_record(session, record_id)
    said = [entry for entry in entries if entry.kind in {REPORTED, EventKind.CORRECTED}]
    return (
        all(entry.kind not in {EventKind.WITHDRAWN, EventKind.REPAIRED} for entry in entries)
        and read_content(said[-1].content) == report
        and all(
            derived.subject_id == subject_id
            or any(entry.kind == EventKind.WITHDRAWN for entry in list_entries_of_record(session, derived.record_id))
            for derived in list_derived(session, record_id)
        )
    )


def make_entry(row: HandedInRow, desk: Desk) -> NewEntry:
    """The report that a row becomes."""
    return NewEntry(
        kind=REPORTED,
        record_id=new_id(desk.now),
        indicator=row.indicator,
        department=desk.department,
        content=write_content(row.report),
        source_key=row.source_key,
        clerk=desk.clerk,
        batch_id=desk.batch_id,
    )


def was_said(session: Session, record_id: UUID, report: Report) -> bool:
    """Whether the record was reported or corrected with just this content."""
    return any(
        read_content(entry.content) == report
        for entry in list_entries_of_record(session, record_id)
        if entry.kind in {REPORTED, EventKind.CORRECTED}
    )
