"""Complaints: a citizen says that a merchant did not honour a benefit, did not release a hold, or charged wrongly.

The merchant reads it and answers within seven days; the steward decides with reasons. The citizen sees all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.clock import today
from backend.fulfilment.complaint_tables import (
    ComplaintRow,
    FoundComplaint,
    add_complaint_row,
    find_complaint_row,
    find_grant_of_verification,
    list_complaint_rows,
    lock_complaint_row,
)
from backend.fulfilment.proposal_states import find_deadline
from backend.fulfilment.sealed_texts import COMPLAINT_ANSWER, COMPLAINT_TEXT, open_text, seal_text
from backend.fulfilment.second_person import has_registered
from backend.gateways.sealing import Sealer
from backend.grants.grant import Actor, Grant, GrantState
from backend.grants.life import Mover, cancel, complete, look_at, settle
from backend.grants.queries import find_grant
from backend.merchants.events import EventKind, leave_event
from backend.principals import Principal
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

MERCHANT_DAYS = 7


class Grievance(StrEnum):
    """What a complaint is about."""

    NOT_HONOURED = "not_honoured"
    NOT_RELEASED = "not_released"
    CHARGED_WRONGLY = "charged_wrongly"


class ComplaintState(StrEnum):
    """Where a complaint stands."""

    OPEN = "open"
    ANSWERED = "answered"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Ruling(StrEnum):
    """What the steward can decide."""

    UPHOLD = "uphold"
    DISMISS = "dismiss"


DECIDED = {Ruling.UPHOLD: ComplaintState.UPHELD, Ruling.DISMISS: ComplaintState.DISMISSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComplaint:
    """What a citizen complains of: a grant of his, or the one that a verification ended in."""

    grant_id: UUID | None
    verification_id: UUID | None
    kind: Grievance
    text: str = field(repr=False)


class ComplaintVerdict(NamedTuple):
    """What was decided, in which case and why, and whether the grant's hold is let go."""

    ruling: Ruling
    case_no: str
    reason: str
    releases: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint as it stands. Texts are None where they are not told to whoever asked."""

    complaint_id: UUID
    merchant: str
    merchant_name: str
    grant_id: UUID
    order_no: str
    scenario: str
    kind: Grievance
    text: str | None = field(repr=False)
    complained_at: datetime
    answer_until: datetime
    state: ComplaintState
    answer: str | None = field(repr=False)
    answered_at: datetime | None
    decided_at: datetime | None
    case_no: str | None
    reason: str | None


def add_complaint(
    session: Session, new: NewComplaint, *, subject_id: UUID, sealer: Sealer, now: datetime
) -> Complaint | Refusal:
    """Complain, and tell the merchant.

    Refusals: `complaint_about_nothing`; `grant_not_found`, also for a verification that gave nothing;
    `complaint_open` where one of this kind about this grant waits for a decision.
    """
    grant_id = new.grant_id
    if grant_id is None and new.verification_id is not None:
        grant_id = find_grant_of_verification(session, new.verification_id, subject_id=subject_id)
    grant = None if grant_id is None else find_grant(session, grant_id, subject_id=subject_id)
    if grant is None:
        named = new.grant_id or new.verification_id
        return Refusal(ProblemCode.GRANT_NOT_FOUND if named else ProblemCode.COMPLAINT_ABOUT_NOTHING)
    complaint_id = new_id(now)
    row = ComplaintRow(
        subject_id=subject_id,
        complaint_id=complaint_id,
        merchant=grant.merchant,
        grant_id=grant.grant_id,
        kind=new.kind.value,
        text_sealed=seal_text(new.text, of=complaint_id, subject_id=subject_id, field=COMPLAINT_TEXT, sealer=sealer),
        complained_at=now,
        answer_until=find_deadline(now, MERCHANT_DAYS),
        state=ComplaintState.OPEN.value,
    )
    if not add_complaint_row(session, row):
        return Refusal(ProblemCode.COMPLAINT_OPEN)
    _tell_merchant(session, row, EventKind.COMPLAINT_OPENED, grant.order_no, now)
    return _read(session, complaint_id, sealer)


def answer_complaint(
    session: Session, complaint_id: UUID, text: str, *, principal: Principal, sealer: Sealer, now: datetime
) -> Complaint | Refusal:
    """Keep what the merchant has to say, once, as long as nothing is decided."""
    found = lock_complaint_row(session, complaint_id, merchant=principal.id)
    if found is None:
        return Refusal(ProblemCode.COMPLAINT_NOT_FOUND)
    row = found.row
    if row.state != ComplaintState.OPEN:
        return Refusal(ProblemCode.COMPLAINT_CLOSED, {"state": row.state})
    sealed = seal_text(text, of=complaint_id, subject_id=row.subject_id, field=COMPLAINT_ANSWER, sealer=sealer)
    row.state, row.answer_sealed, row.answered_at = ComplaintState.ANSWERED.value, sealed, now
    row.clerk = principal.acting
    session.flush()
    return _read(session, complaint_id, sealer)


def decide_complaint(
    session: Session,
    complaint_id: UUID,
    verdict: ComplaintVerdict,
    *,
    principal: Principal,
    sealer: Sealer,
    now: datetime,
) -> Complaint | Refusal:
    """Decide once, after the merchant has answered or his days are over; an upheld one counts in his figure.

    With `releases` an upheld one lets go of whatever the grant still holds, as if nothing were owed. Whoever registered
    the merchant dismisses nothing said against it: `second_person_needed`.
    """
    found = lock_complaint_row(session, complaint_id)
    if found is None:
        return Refusal(ProblemCode.COMPLAINT_NOT_FOUND)
    row = found.row
    if row.decided_at is not None:
        return Refusal(ProblemCode.COMPLAINT_CLOSED, {"state": row.state})
    if row.state == ComplaintState.OPEN and now < row.answer_until:
        return Refusal(ProblemCode.COMPLAINT_TOO_EARLY, {"answer_until": today(row.answer_until).isoformat()})
    if verdict.ruling is Ruling.DISMISS and has_registered(session, row.merchant, principal.id):
        return Refusal(ProblemCode.SECOND_PERSON_NEEDED)
    row.state, row.decided_at, row.decided_by = DECIDED[verdict.ruling].value, now, principal.id
    row.case_no, row.reason = verdict.case_no, verdict.reason
    session.flush()
    if verdict.ruling is Ruling.UPHOLD and verdict.releases:
        _release(session, row, principal, now)
    _tell_merchant(session, row, EventKind.COMPLAINT_DECIDED, found.order_no, now)
    _note_look(session, row, principal, "complaint_decided", asker_name=None, case_no=verdict.case_no, now=now)
    return _read(session, complaint_id, sealer)


def list_complaints(
    session: Session,
    *,
    subject_id: UUID | None = None,
    merchant: str | None = None,
    only_open: bool = False,
    before: UUID | None = None,
    limit: int,
    sealer: Sealer | None,
) -> Sequence[Complaint]:
    """List at most `limit` complaints of a person or about a merchant, or all; without a sealer no texts are told."""
    rows = list_complaint_rows(
        session, subject_id=subject_id, merchant=merchant, only_open=only_open, before=before, limit=limit
    )
    return [_show(found, sealer) for found in rows]


def look_at_complaint(
    session: Session, complaint_id: UUID, *, principal: Principal, merchant: str | None, sealer: Sealer, now: datetime
) -> Complaint | Refusal:
    """Show a complaint whole to its merchant or to an officer, and note the look for the person to see."""
    found = find_complaint_row(session, complaint_id, merchant=merchant)
    if found is None:
        return Refusal(ProblemCode.COMPLAINT_NOT_FOUND)
    name = None if merchant is None else found.merchant_name
    _note_look(session, found.row, principal, "complaint", asker_name=name, case_no=str(complaint_id), now=now)
    return _show(found, sealer)


def _release(session: Session, row: ComplaintRow, principal: Principal, now: datetime) -> None:
    """End the grant with nothing owed, by the turn that its state allows; one that has ended holds nothing."""
    mover = Mover(by=Actor.OPERATOR, subject_id=row.subject_id, clerk=principal.id)
    ended = look_at(session, row.grant_id, mover, now=now)
    match ended:
        case Grant(state=GrantState.RESERVED):
            ended = cancel(session, row.grant_id, mover, now=now)
        case Grant(state=GrantState.IN_USE):
            ended = complete(session, row.grant_id, mover, 0, now=now)
        case Grant(state=GrantState.OVERDUE | GrantState.BROKEN):
            ended = settle(session, row.grant_id, mover, 0, now=now)
    match ended:
        case Refusal():
            raise LookupError(f"the grant of complaint {row.complaint_id} cannot be released: {ended.code}")


def _note_look(
    session: Session,
    row: ComplaintRow,
    principal: Principal,
    kind: str,
    *,
    asker_name: str | None,
    case_no: str,
    now: datetime,
) -> None:
    record_look(
        session,
        subject_id=row.subject_id,
        principal=principal,
        purpose=Purpose.COMPLAINT_HANDLING,
        asker_name=asker_name,
        answered={"kind": kind, "state": row.state},
        case_no=case_no,
        now=now,
    )


def _tell_merchant(session: Session, row: ComplaintRow, event: EventKind, order_no: str, now: datetime) -> None:
    payload = {"grant_id": str(row.grant_id), "order_no": order_no, "kind": row.kind, "state": row.state}
    leave_event(session, merchant=row.merchant, event=event, about=row.complaint_id, payload=payload, now=now)


def _show(found: FoundComplaint, sealer: Sealer | None) -> Complaint:
    row = found.row
    return Complaint(
        complaint_id=row.complaint_id,
        merchant=row.merchant,
        merchant_name=found.merchant_name,
        grant_id=row.grant_id,
        order_no=found.order_no,
        scenario=found.scenario,
        kind=Grievance(row.kind),
        text=_open(row, row.text_sealed, COMPLAINT_TEXT, sealer),
        complained_at=row.complained_at,
        answer_until=row.answer_until,
        state=ComplaintState(row.state),
        answer=_open(row, row.answer_sealed, COMPLAINT_ANSWER, sealer),
        answered_at=row.answered_at,
        decided_at=row.decided_at,
        case_no=row.case_no,
        reason=row.reason,
    )


def _open(row: ComplaintRow, sealed: bytes | None, field: str, sealer: Sealer | None) -> str | None:
    if sealer is None:
        return None
    return open_text(sealed, of=row.complaint_id, subject_id=row.subject_id, field=field, sealer=sealer)


def _read(session: Session, complaint_id: UUID, sealer: Sealer) -> Complaint:
    found = find_complaint_row(session, complaint_id)
    if found is None:
        raise LookupError(f"complaint {complaint_id} was just written and cannot be found")
    return _show(found, sealer)
