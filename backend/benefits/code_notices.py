"""What may keep a code from working, told to whoever made it and to nobody else.

The code is made all the same, so that showing one tells nothing; and nothing of it reaches a merchant.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.consents import ANY_SCENARIO, PURPOSE
from backend.benefits.offer_tables import has_consent_in_force
from backend.benefits.pausing import find_end_of_pause
from backend.benefits.verification_tables import list_declined
from backend.benefits.visitor_tables import list_entitlements
from backend.clock import today
from backend.gateways.sealing import Sealer
from backend.merchants.contracts import find_contract, list_offering
from backend.merchants.suspensions import find_suspended_merchants, find_suspended_scenarios
from backend.people.standing import Status, find_standing


class CodeNotice(StrEnum):
    """Why a scan of a code cannot lead to a benefit as things stand."""

    NOT_ENROLLED = "not_enrolled"
    PAUSED = "paused"
    DECLINED = "declined"
    SUSPENDED = "suspended"
    NO_MERCHANT = "no_merchant"
    NOT_OFFERED = "not_offered"
    NO_CONSENT = "no_consent"


def list_notices(
    session: Session, subject_id: UUID, *, scenario: str | None, merchant: str | None, sealer: Sealer, now: datetime
) -> tuple[CodeNotice, ...]:
    """List what stands against a code for a scenario, a merchant, both or none, in the order of `CodeNotice`."""
    offer = _find_lack_of_offer(session, scenario, merchant, now)
    entitled = {each.scenario for each in list_entitlements(session, subject_id, now)}
    is_visitor = bool(entitled) if scenario is None else scenario in entitled
    status = find_standing(session, subject_id, sealer=sealer, now=now).status
    holds = {
        CodeNotice.NOT_ENROLLED: status != Status.ENROLLED and not is_visitor,
        CodeNotice.PAUSED: find_end_of_pause(session, subject_id, now=now) is not None,
        CodeNotice.DECLINED: scenario in list_declined(session, subject_id),
        CodeNotice.NO_CONSENT: merchant is None and not _has_consent(session, subject_id, scenario, now),
    }
    return tuple(notice for notice in CodeNotice if notice is offer or holds.get(notice, False))


def _find_lack_of_offer(
    session: Session, scenario: str | None, merchant: str | None, now: datetime
) -> CodeNotice | None:
    if scenario is not None and find_suspended_scenarios(session, [scenario]):
        return CodeNotice.SUSPENDED
    if merchant is not None and find_suspended_merchants(session, [merchant]):
        return CodeNotice.NOT_OFFERED
    if scenario is None:
        return None
    if merchant is not None:
        return None if find_contract(session, merchant, scenario, today(now)) else CodeNotice.NOT_OFFERED
    return None if list_offering(session, scenario, today(now), limit=1) else CodeNotice.NO_MERCHANT


def _has_consent(session: Session, subject_id: UUID, scenario: str | None, now: datetime) -> bool:
    scopes = None if scenario is None else (scenario, ANY_SCENARIO)
    return has_consent_in_force(session, subject_id, purpose=PURPOSE, scopes=scopes, now=now)
