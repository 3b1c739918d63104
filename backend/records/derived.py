"""What becomes of a representative's record when the record of the organisation changes from which it derives.

Both are the word of one department about one act, so it takes both back together. Corrected, the organisation's record
says anew whether it reaches the person and what it says of him; what the law does not let be said of him any more is
withdrawn. A correction names nobody, so it reaches nobody whom it did not reach before.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import was_born_by
from backend.records.ledger import Report, write_content
from backend.records.quarantine_content import open_content, seal_content
from backend.records.quarantine_tables import REFUSED, list_open_derived
from backend.records.representatives import derive_report, find_reach
from backend.records.rows import make_admission_row
from backend.records.screening import find_ground
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry, list_derived, list_entries_of_record
from scoring.catalogue import Catalogue
from scoring.records import EventKind

CLOSING = frozenset({EventKind.WITHDRAWN.value, EventKind.REPAIRED.value})


class Correction(NamedTuple):
    """What the record of an organisation says from now on, under which catalogue, why, and who says so."""

    subject_kind: str
    report: Report
    catalogue: Catalogue
    reason: str
    clerk: str

    def __repr__(self) -> str:
        """Show nothing of what is said."""
        return "Correction()"


def withdraw_derived(session: Session, reported: LedgerEntryRow, *, reason: str, clerk: str, now: datetime) -> None:
    """Withdraw what derives from a record that is withdrawn, in the ledger and in quarantine.

    The subjects of derived records must be held already.
    """
    for entry in _list_open(session, reported):
        _append(session, entry, EventKind.WITHDRAWN, {}, reason=reason, clerk=clerk, now=now)
    for row in list_open_derived(session, reported.record_id):
        row.state, row.decided_at, row.decided_by, row.reason = REFUSED, now, reported.department, reason
    session.flush()


def correct_derived(
    session: Session, reported: LedgerEntryRow, correction: Correction, *, sealer: Sealer, now: datetime
) -> None:
    """Say of the representative what a corrected record says of him, or withdraw what may not be said any more."""
    subject_kind, report, catalogue, reason, clerk = correction
    reach = find_reach(reported.indicator, subject_kind, report, catalogue)
    if reach is None:
        withdraw_derived(session, reported, reason=reason, clerk=clerk, now=now)
        return
    derived = derive_report(report, reach, catalogue)
    row = make_admission_row(reach.indicator, SubjectKind.NATURAL_PERSON, derived)
    day = today(now)
    ground = find_ground(row, catalogue, department=reported.department, received_on=day, is_correction=True)
    for entry in _list_open(session, reported):
        born = was_born_by(session, entry.subject_id, derived.content.occurred_on, sealer=sealer)
        if ground is None and born:
            content = write_content(derived)
            _append(session, entry, EventKind.CORRECTED, content, reason=reason, clerk=clerk, now=now)
        else:
            _append(session, entry, EventKind.WITHDRAWN, {}, reason=reason, clerk=clerk, now=now)
    for waiting in list_open_derived(session, reported.record_id):
        content_before = open_content(waiting.content_sealed, waiting.subject_id, sealer)
        waiting.content_sealed = seal_content(content_before.correct(derived), waiting.subject_id, sealer)
    session.flush()


def _list_open(session: Session, reported: LedgerEntryRow) -> list[LedgerEntryRow]:
    return [
        entry
        for entry in list_derived(session, reported.record_id)
        if not any(each.kind in CLOSING for each in list_entries_of_record(session, entry.record_id))
    ]


def _append(
    session: Session,
    entry: LedgerEntryRow,
    kind: EventKind,
    content: dict[str, object],
    *,
    reason: str,
    clerk: str,
    now: datetime,
) -> None:
    word = NewEntry(
        kind=kind.value,
        record_id=entry.record_id,
        indicator=entry.indicator,
        department=entry.department,
        content=content,
        reason=reason,
        clerk=clerk,
    )
    append_entry(session, entry.subject_id, word, now=now)
