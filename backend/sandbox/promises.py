"""What the fixed people of a sandbox do about a promise: complain of a merchant, answer a report, object to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.fulfilment.complaints import NewComplaint, add_complaint
from backend.fulfilment.proposals import answer_proposal, object_to_proposal
from backend.gateways.sealing import Sealer
from backend.sandbox.people import find_subject
from backend.web.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeComplaint:
    """A complaint as its merchant hears of it, and until when the answer is due."""

    complaint_id: UUID
    answer_until: datetime


def complain_as(
    session: Session, person_no: str, new: NewComplaint, *, sealer: Sealer, now: datetime
) -> MadeComplaint | Refusal:
    """Complain as a person would in the app.

    Refusals: those of `find_subject`; `grant_not_found` for what is not this person's, `complaint_open`.
    """
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    made = add_complaint(session, new, subject_id=subject_id, sealer=sealer, now=now)
    if isinstance(made, Refusal):
        return made
    return MadeComplaint(complaint_id=made.complaint_id, answer_until=made.answer_until)


def answer_as(
    session: Session, person_no: str, proposal_id: UUID, text: str, *, sealer: Sealer, now: datetime
) -> Refusal | None:
    """Answer a report as the person it is about would.

    Refusals: those of `find_subject`; `proposal_not_found` for a report about somebody else, `proposal_closed`.
    """
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    answered = answer_proposal(session, proposal_id, text, subject_id=subject_id, sealer=sealer, now=now)
    return answered if isinstance(answered, Refusal) else None


def object_as(
    session: Session, person_no: str, proposal_id: UUID, text: str, *, sealer: Sealer, now: datetime
) -> Refusal | None:
    """Object to a report as the person it is about would; refusals as for an answer, and `objected_before`."""
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    objected = object_to_proposal(session, proposal_id, text, subject_id=subject_id, sealer=sealer, now=now)
    return objected if isinstance(objected, Refusal) else None
