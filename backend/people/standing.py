"""How a person stands towards the score: taking part, or why not."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_resident_id
from backend.people.subject_states import SubjectState, find_state
from scoring.days import age_on

ADULT_YEARS = 18
IDENTITY_FIELD = "identity_number"


class Status(StrEnum):
    """How a person stands; only the enrolled have a score."""

    ENROLLED = "enrolled"
    NOT_ENROLLED = "not_enrolled"
    UNDER_AGE = "under_age"
    IDENTITY_IN_DOUBT = "identity_in_doubt"
    CONSENT_WITHDRAWN = "consent_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A status; for the enrolled also the city day on which the present enrolment began, and what was agreed to."""

    status: Status
    since: date | None = None
    agreement_version: str | None = None


def find_standing(session: Session, subject_id: UUID, *, sealer: Sealer, now: datetime) -> Standing:
    """Find how a subject stands at `now`; whoever is unknown, or no natural person, is not enrolled.

    A doubt outranks an enrolment. The resident id is unsealed only for those who are not enrolled, to know their
    age; raises SealError when it cannot be.
    """
    state = find_state(session, subject_id)
    if state is None or state.kind != SubjectKind.NATURAL_PERSON:
        return Standing(status=Status.NOT_ENROLLED)
    if state.in_doubt:
        return Standing(status=Status.IDENTITY_IN_DOUBT)
    if state.opened_at is not None and state.closed_at is None:
        return Standing(status=Status.ENROLLED, since=today(state.opened_at), agreement_version=state.agreement_version)
    return Standing(status=_find_status_outside(subject_id, state, sealer, today(now)))


def _find_status_outside(subject_id: UUID, state: SubjectState, sealer: Sealer, day: date) -> Status:
    if state.opened_at is None and _is_under_age(subject_id, state, sealer, day):  # who took part before is of age
        return Status.UNDER_AGE
    if state.closed_because == Status.CONSENT_WITHDRAWN:
        return Status.CONSENT_WITHDRAWN
    return Status.NOT_ENROLLED


def _is_under_age(subject_id: UUID, state: SubjectState, sealer: Sealer, day: date) -> bool:
    number = sealer.open(state.identity_sealed, subject_id=subject_id, field=IDENTITY_FIELD)
    resident = read_resident_id(number, today=day)
    # A number that cannot be read now was readable when it was sealed, so only the clock can have gone back.
    return isinstance(resident, IdentityFault) or age_on(resident.born_on, day) < ADULT_YEARS
