"""Applying from the app: the person reserves a benefit at a merchant before going there, and consents with that."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer
from backend.benefits.consents import put_consent
from backend.benefits.judging import Cause, Offer, Order, Tools, find_offer, judge
from backend.benefits.looks import Told, note_look
from backend.clock import format_moment
from backend.grants.grant import Grant, Via
from backend.merchants.events import EventKind, leave_event
from backend.principals import Principal, PrincipalKind
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

_ORDER = "app-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What came of an application: a grant that is reserved, or why there is none."""

    outcome: Grant | Cause
    offer: Offer


def apply_for_benefit(
    session: Session,
    subject_id: UUID,
    *,
    merchant: str,
    scenario: str,
    amount_fen: int | None,
    tools: Tools,
    now: datetime,
) -> Application | Refusal:
    """Reserve a held benefit at a merchant, which is told of it under an order number of ours.

    Refusals: `offer_not_found` where the merchant may not give it, `code_needed` for what is enjoyed at once,
    `amount_refused`. Without a grant the merchant is told nothing.
    """
    offer = find_offer(session, merchant, scenario, catalogue=tools.find_catalogue(now), now=now)
    if offer is None:
        return Refusal(ProblemCode.OFFER_NOT_FOUND)
    if not offer.benefit.is_held:
        return Refusal(ProblemCode.CODE_NEEDED)
    if offer.exceeds(amount_fen):
        return Refusal(ProblemCode.AMOUNT_REFUSED, {"limit_fen": offer.limit_fen})
    application_id = new_id(now)
    order = Order(order_no=f"{_ORDER}{application_id}", amount_fen=amount_fen, via=Via.APPLICATION, clerk=None)
    outcome = judge(session, subject_id, offer, order, consents=True, tools=tools, now=now).outcome
    if isinstance(outcome, Grant):
        _tell(session, outcome, offer, now=now)
    return Application(outcome=outcome, offer=offer)


def _tell(session: Session, grant: Grant, offer: Offer, *, now: datetime) -> None:
    """Note the consent that lies in the application and the look that follows from it, and tell the merchant."""
    consent = put_consent(
        session,
        grant.subject_id,
        merchant=grant.merchant,
        scenario=grant.scenario,
        expires_at=grant.due_at,
        now=now,
        once=True,
    )
    told = Told(
        via=Via.APPLICATION,
        scenario=grant.scenario,
        about=grant.grant_id,
        answer=Answer.GRANTED,
        because=None,
        consent_id=consent.consent_id,
    )
    merchant = Principal(kind=PrincipalKind.MERCHANT, id=grant.merchant)
    note_look(session, grant.subject_id, told, principal=merchant, name=offer.contract.merchant_name, now=now)
    payload: dict[str, str | int | None] = {
        "grant_id": str(grant.grant_id),
        "order_no": grant.order_no,
        "scenario": grant.scenario,
        "state": grant.state,
        "held_fen": grant.held_fen,
        "reserved_until": None if grant.due_at is None else format_moment(grant.due_at),
    }
    leave_event(
        session,
        merchant=grant.merchant,
        event=EventKind.GRANT_RESERVED,
        about=grant.grant_id,
        payload=payload,
        now=now,
    )
