"""The model of intake: each row is settled by itself, with the plainest statements, before the next is looked at.

This is how rows were settled before it was done for thousands at once; it is slow and has nothing to go wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from backend.people.names import fold_name
from backend.people.subjects import find_or_add_subject
from backend.people.tables import find_subject
from backend.records.ledger import REPORTED, Report, read_content, write_content
from backend.records.rows import AnyRow, Desk, HandedInRow, ScreenedRow, screen_row
from backend.records.tables import (
    AlreadyReported,
    NewEntry,
    append_report,
    find_report,
    list_entries_of_record,
)
from backend.storage.identifiers import new_id
from scoring.records import EventKind

Told = tuple[str, str | None]
QUARANTINED: Told = ("quarantined", "identity_in_doubt")
REUSED: Told = ("refused", "source_key_reused")


@dataclass
class Model:
    """What has been taken in so far beside the ledger: rows in quarantine, by what their department knows them by."""

    waiting: dict[tuple[UUID, str, str, str], tuple[str, Report]] = field(default_factory=dict)

    def settle(self, session: Session, rows: Sequence[AnyRow], desk: Desk) -> list[Told]:
        """Settle rows one after the other, and tell the outcome and code of each."""
        return [self._settle_one(session, row_no, row, desk) for row_no, row in enumerate(rows, start=1)]

    def _settle_one(self, session: Session, row_no: int, row: AnyRow, desk: Desk) -> Told:
        screened = screen_row(row_no, row, desk)
        if not isinstance(screened, ScreenedRow):
            return screened.outcome, screened.code
        assert isinstance(row, HandedInRow)
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
        entry = make_entry(row, desk)
        if not known.name_agrees or (subject.in_doubt and find_report(session, subject.subject_id, entry) is None):
            return self._quarantine(subject.subject_id, row, desk)
        appended = append_report(session, known.subject_id, entry, now=desk.now)
        if not isinstance(appended, AlreadyReported):
            return "accepted", None
        return ("duplicate", "duplicate") if was_said(session, appended.record_id, row.report) else REUSED

    def _quarantine(self, subject_id: UUID, row: HandedInRow, desk: Desk) -> Told:
        key = (subject_id, desk.department, row.indicator, row.source_key)
        said = (fold_name(row.name), row.report)
        if key not in self.waiting:
            self.waiting[key] = said
            return QUARANTINED
        return ("duplicate", "duplicate_in_quarantine") if self.waiting[key] == said else REUSED


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
