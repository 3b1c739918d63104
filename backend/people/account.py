"""The account: taking part begins with an agreement and a consent, and ends with either being taken back."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.sealing import Sealer
from backend.people.agreement import agreement_on
from backend.people.standing import Status, find_standing
from backend.people.tables import (
    ConsentRow,
    add_consent,
    close_enrolment,
    list_consents,
    lock_subject,
    open_enrolment,
    withdraw_consents,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

SCORE_PURPOSE = "score"
CREDIT_CENTRE = "credit_centre"
SCORE_SCOPE = "score"
_REFUSALS = {
    Status.IDENTITY_IN_DOUBT: ProblemCode.IDENTITY_IN_DOUBT,
    Status.UNDER_AGE: ProblemCode.UNDER_AGE,
    Status.ENROLLED: ProblemCode.ALREADY_ENROLLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent as its giver sees it; it stands while it is neither withdrawn nor expired."""

    consent_id: UUID
    purpose: str
    recipient: str
    scope: str
    agreement_version: str
    given_at: datetime
    expires_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How a person stands, what was agreed to when, and every consent ever given, oldest first."""

    status: Status
    opened_on: date | None
    agreement_version: str | None
    current_agreement_version: str
    consents: tuple[Consent, ...]


def read_account(session: Session, subject_id: UUID, *, sealer: Sealer, now: datetime) -> Account:
    """Read the account of a person; there is an answer for those too who have none."""
    standing = find_standing(session, subject_id, sealer=sealer, now=now)
    return Account(
        status=standing.status,
        opened_on=standing.since,
        agreement_version=standing.agreement_version,
        current_agreement_version=agreement_on(today(now)).version,
        consents=tuple(_show_consent(row) for row in list_consents(session, subject_id)),
    )


def open_account(
    session: Session,
    subject_id: UUID,
    *,
    agreement_version: str,
    consents_to_score: bool,
    sealer: Sealer,
    now: datetime,
) -> Account | Refusal:
    """Open the account of a person who has agreed and consented (PIPL Art. 14); a closed one may be opened again.

    Refusals: `identity_in_doubt`, `under_age`, `already_enrolled`, `agreement_outdated` (names the current version),
    `consent_missing`. An unknown subject is a LookupError.
    """
    if lock_subject(session, subject_id) is None:
        raise LookupError(f"there is no subject {subject_id}; only who has signed in can open an account")
    status = find_standing(session, subject_id, sealer=sealer, now=now).status
    if status in _REFUSALS:
        return Refusal(_REFUSALS[status])
    current = agreement_on(today(now)).version
    if agreement_version != current:
        return Refusal(ProblemCode.AGREEMENT_OUTDATED, {"version": current})
    if not consents_to_score:
        return Refusal(ProblemCode.CONSENT_MISSING)
    if open_enrolment(session, subject_id, agreement_version=current, now=now) is None:
        return Refusal(ProblemCode.ALREADY_ENROLLED)
    add_consent(session, _make_consent(subject_id, current, now))
    return read_account(session, subject_id, sealer=sealer, now=now)


def close_account(session: Session, subject_id: UUID, *, because: str, now: datetime) -> bool:
    """Close the open enrolment (`closed` or `consent_withdrawn`) and withdraw every consent; False if none is open.

    Holds the subject until the transaction ends.
    """
    lock_subject(session, subject_id)
    if not close_enrolment(session, subject_id, because=because, now=now):
        return False
    withdraw_consents(session, subject_id, now=now)
    return True


def _make_consent(subject_id: UUID, agreement_version: str, now: datetime) -> ConsentRow:
    return ConsentRow(
        subject_id=subject_id,
        consent_id=new_id(now),
        purpose=SCORE_PURPOSE,
        recipient=CREDIT_CENTRE,
        scope=SCORE_SCOPE,
        agreement_version=agreement_version,
        given_at=now,
    )


def _show_consent(row: ConsentRow) -> Consent:
    return Consent(
        consent_id=row.consent_id,
        purpose=row.purpose,
        recipient=row.recipient,
        scope=row.scope,
        agreement_version=row.agreement_version,
        given_at=row.given_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
    )
