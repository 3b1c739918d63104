"""Quarantine: rows about somebody in doubt, as an operator sees them, and what he decides about each.

He has compared the identity document. Released, a row passes the law again as of the day on which it was received, and
is a record from now on; refused, it stays out for good. The person sees who looked and who decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.clock import today
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import Identified, identify_subject
from backend.people.tables import lock_subjects
from backend.principals import Principal
from backend.records.ledger import Report
from backend.records.quarantine_content import QuarantinedContent, open_content
from backend.records.quarantine_tables import (
    OPEN,
    REFUSED,
    RELEASED,
    Part,
    QuarantinedRow,
    find_quarantined,
    list_open,
    lock_quarantined,
)
from backend.records.release import release_row
from backend.records.rows import Desk, HandedInRow
from backend.records.tables import find_batch, list_entries_of_record
from backend.web.problems import ProblemCode, Refusal

SHOWN_ENDS = 4  # characters of a masked number that are shown at either end


class Decision(StrEnum):
    """What an operator can decide."""

    RELEASE = "release"
    REFUSE = "refuse"


class Verdict(NamedTuple):
    """What an operator decided, in which case, and why; `reason` is kept with the row."""

    decision: Decision
    case_no: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What it takes to open a row and to let it in."""

    rules: CityRules
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """A row in the queue, without anything about the person."""

    quarantine_id: UUID
    batch_id: UUID
    row_no: int
    part: Part
    department: str
    indicator: str
    code: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedDetail:
    """A row in quarantine with the two names side by side, what it reports, and what was decided."""

    waiting: WaitingRow
    state: str
    subject_id: UUID
    subject_kind: str
    masked_number: str = field(repr=False)
    name_given: str = field(repr=False)
    name_on_file: str | None = field(repr=False)
    name_is_verified: bool
    is_in_doubt: bool
    report: Report = field(repr=False)
    decided_at: datetime | None
    decided_by: str | None
    record_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a row; released, it is the record `record_id`."""

    quarantine_id: UUID
    state: str
    decided_at: datetime
    record_id: UUID | None


def list_waiting(session: Session, *, after: UUID | None, limit: int) -> Sequence[WaitingRow]:
    """List at most `limit` rows that wait for a decision, oldest first; only those after row `after`, if given."""
    return [_show(row) for row in list_open(session, after=after, limit=limit)]


def look_at_quarantined(
    session: Session,
    quarantine_id: UUID,
    *,
    principal: Principal,
    purpose: Purpose,
    case_no: str,
    sealer: Sealer,
    now: datetime,
) -> QuarantinedDetail | Refusal:
    """Show an operator a row with the name it gives and the name on file, and note the look for the person to see."""
    row = find_quarantined(session, quarantine_id)
    if row is None:
        return Refusal(ProblemCode.QUARANTINE_NOT_FOUND)
    person = identify_subject(session, row.subject_id, sealer=sealer)
    content = open_content(row.content_sealed, row.subject_id, sealer)
    record_look(
        session,
        subject_id=row.subject_id,
        principal=principal,
        purpose=purpose,
        answered={"kind": "quarantined_row", "indicator": row.indicator},
        case_no=case_no,
        now=now,
    )
    return _show_detail(row, person, content)


def decide_quarantined(
    session: Session,
    quarantine_id: UUID,
    verdict: Verdict,
    *,
    principal: Principal,
    tools: Tools,
    now: datetime,
) -> Decided | Refusal:
    """Release a row or refuse it, once; the person sees by whom and in which case.

    Refusals: not found, decided before, the subject still in doubt, not admitted (any more, or beside what its
    department has reported meanwhile).
    """
    found = find_quarantined(session, quarantine_id)
    if found is None:
        return Refusal(ProblemCode.QUARANTINE_NOT_FOUND)
    record_id = None
    # Subjects are held before the row is, as by everybody who holds both.
    lock_subjects(session, _list_subjects(session, found))
    row = lock_quarantined(session, found.subject_id, quarantine_id)
    if row.state != OPEN:
        return Refusal(ProblemCode.QUARANTINE_DECIDED)
    if verdict.decision is Decision.RELEASE:
        released = _release(session, row, tools, now)
        if isinstance(released, Refusal):
            return released
        record_id = released
    row.state = REFUSED if record_id is None else RELEASED
    row.decided_at, row.decided_by, row.record_id = now, principal.id, record_id
    row.case_no, row.reason = verdict.case_no, verdict.reason
    session.flush()
    record_look(
        session,
        subject_id=row.subject_id,
        principal=principal,
        purpose=Purpose.DATA_CHECK,
        answered={"kind": "quarantine_decided", "indicator": row.indicator, "state": row.state},
        case_no=verdict.case_no,
        now=now,
    )
    return Decided(quarantine_id=quarantine_id, state=row.state, decided_at=now, record_id=record_id)


def _release(session: Session, row: QuarantinedRow, tools: Tools, now: datetime) -> UUID | Refusal:
    person = identify_subject(session, row.subject_id, sealer=tools.sealer)
    if person.is_in_doubt:
        return Refusal(ProblemCode.SUBJECT_IN_DOUBT)
    content = open_content(row.content_sealed, row.subject_id, tools.sealer)
    handed_in = HandedInRow(
        source_key=row.source_key,
        subject_kind=SubjectKind(person.kind),
        id_number=person.number,
        name=content.name,
        indicator=row.indicator,
        report=content.report,
        legal_representative=content.representative,
    )
    batch = find_batch(session, row.batch_id)
    if batch is None:
        raise LookupError(f"row {row.quarantine_id} is of batch {row.batch_id}, which cannot be found")
    then = Desk(
        department=row.department,
        clerk=batch.clerk,
        batch_id=row.batch_id,
        catalogue=tools.rules.catalogue_on(today(row.received_at)),
        pseudonyms=tools.pseudonyms,
        sealer=tools.sealer,
        now=row.received_at,
    )
    return release_row(session, row, handed_in, then=then, desk=replace(then, now=now))


def _list_subjects(session: Session, row: QuarantinedRow) -> list[UUID]:
    """List whose subjects a decision holds: the row's, and that of the organisation whose record it derives from."""
    if row.derived_from is None:
        return [row.subject_id]
    return [row.subject_id, list_entries_of_record(session, row.derived_from)[0].subject_id]


def _show(row: QuarantinedRow) -> WaitingRow:
    return WaitingRow(
        quarantine_id=row.quarantine_id,
        batch_id=row.batch_id,
        row_no=row.row_no,
        part=Part(row.part),
        department=row.department,
        indicator=row.indicator,
        code=row.code,
        received_at=row.received_at,
    )


def _show_detail(row: QuarantinedRow, person: Identified, content: QuarantinedContent) -> QuarantinedDetail:
    number = person.number
    return QuarantinedDetail(
        waiting=_show(row),
        state=row.state,
        subject_id=row.subject_id,
        subject_kind=person.kind,
        masked_number=number[:SHOWN_ENDS] + "*" * (len(number) - 2 * SHOWN_ENDS) + number[-SHOWN_ENDS:],
        name_given=content.name,
        name_on_file=person.name,
        name_is_verified=person.name_is_verified,
        is_in_doubt=person.is_in_doubt,
        report=content.report,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        record_id=row.record_id,
    )
