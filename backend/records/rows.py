"""One row handed in by a department: what it must be, and the steps on which it becomes a record or is refused.

The steps that need no database come first, so that nothing is stored about the person of a row that is refused.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import IdentityFault, SubjectKind, happened_before_birth, read_identity
from backend.people.subjects import KnownSubject, find_or_add_subject
from backend.records.ledger import REPORTED, Report, read_content, write_content
from backend.records.receipts import Outcome, Receipt, refuse_row
from backend.records.screening import Ground, find_ground
from backend.records.tables import AlreadyReported, NewEntry, append_report, list_entries_of_record
from backend.storage.identifiers import new_id
from backend.web.problems import Fault, Place
from scoring import admission
from scoring.admission import OWN_GROUND
from scoring.catalogue import Catalogue
from scoring.records import EventKind

IDENTITY_LAW = "《河南省社会信用条例》第十六条"  # a natural person is known by the number of the resident id


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedInRow:
    """A well-formed row; `source_key` is the department's own key of the fact."""

    source_key: str
    subject_kind: SubjectKind
    id_number: str = field(repr=False)
    name: str = field(repr=False)
    indicator: str
    report: Report = field(repr=False)


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that is none; the faults point into it, and repeat nothing of it."""

    faults: tuple[Fault, ...]


AnyRow: TypeAlias = HandedInRow | MalformedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every row of a batch is held against, and what is noted with it."""

    department: str
    clerk: str
    batch_id: UUID
    catalogue: Catalogue
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedRow:
    """A row that the law lets in, with the identity number in its one spelling."""

    row_no: int
    row: HandedInRow
    identity_number: str = field(repr=False)


def make_admission_row(indicator: str, subject_kind: str, report: Report) -> admission.Row:
    """Make the row that the admission filter decides about."""
    content, legal = report
    return admission.Row(indicator, subject_kind, content.occurred_on, content.ended_on, content.fields, legal)


def screen_row(row_no: int, row: AnyRow, desk: Desk) -> ScreenedRow | Receipt:
    """Decide about a row by itself: its form, its identity number, and whether the law admits it."""
    if isinstance(row, MalformedRow):
        return refuse_row(row_no, Ground(code="malformed_row", law=OWN_GROUND, faults=row.faults))
    day = today(desk.now)
    identity_number = read_identity(row.subject_kind, row.id_number, today=day)
    if isinstance(identity_number, IdentityFault):
        fault = Fault(place=Place.BODY, pointer="/id_number", code=f"identity_{identity_number.code}")
        return refuse_row(row_no, Ground(code="bad_identity", law=IDENTITY_LAW, faults=(fault,)))
    if happened_before_birth(identity_number, row.report.content.occurred_on):
        return refuse_row(row_no, Ground(code="before_birth", law=OWN_GROUND))
    wanted = make_admission_row(row.indicator, row.subject_kind, row.report)
    ground = find_ground(wanted, desk.catalogue, department=desk.department, received_on=day)
    if ground is not None:
        return refuse_row(row_no, ground)
    return ScreenedRow(row_no=row_no, row=row, identity_number=identity_number)


def settle_row(session: Session, screened: ScreenedRow, desk: Desk) -> Receipt:
    """Find the person of a screened row, and append its fact to the ledger unless it is there already."""
    row, row_no = screened.row, screened.row_no
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
    ground = _find_disagreement(known)
    if ground is not None:
        return refuse_row(row_no, ground)
    entry = NewEntry(
        kind=REPORTED,
        record_id=new_id(desk.now),
        indicator=row.indicator,
        department=desk.department,
        content=write_content(row.report),
        source_key=row.source_key,
        clerk=desk.clerk,
        batch_id=desk.batch_id,
    )
    appended = append_report(session, known.subject_id, entry, now=desk.now)
    if not isinstance(appended, AlreadyReported):
        return Receipt(row_no=row_no, outcome=Outcome.ACCEPTED, record_id=appended.record_id)
    if _was_said(session, appended.record_id, row.report):
        return Receipt(row_no=row_no, outcome=Outcome.DUPLICATE, code="duplicate", record_id=appended.record_id)
    return refuse_row(row_no, Ground(code="source_key_reused", law=OWN_GROUND))


def _find_disagreement(known: KnownSubject) -> Ground | None:
    if not known.kind_agrees:
        fault = Fault(place=Place.BODY, pointer="/subject_kind", code="other_kind")
        return Ground(code="wrong_subject", law=OWN_GROUND, faults=(fault,))
    return None if known.name_agrees else Ground(code="identity_in_doubt", law=IDENTITY_LAW)


def _was_said(session: Session, record_id: UUID, report: Report) -> bool:
    """Tell whether the record was reported or corrected with just this content: then the row brings nothing new."""
    return any(
        read_content(entry.content) == report
        for entry in list_entries_of_record(session, record_id)
        if entry.kind in {REPORTED, EventKind.CORRECTED}
    )
