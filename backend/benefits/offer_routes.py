"""What a citizen can get now, and can do without anybody else: decline, pause, consent, and show a code."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits import offer_examples as examples
from backend.benefits.code_images import draw_code
from backend.benefits.code_notices import list_notices
from backend.benefits.codes import make_code
from backend.benefits.consents import BenefitConsent, give_consent, list_consents, withdraw_consent
from backend.benefits.judging import Tools
from backend.benefits.offer_presentation import present_code, present_consent, present_offers
from backend.benefits.offer_schemas import (
    BenefitConsentSchema,
    ConsentPageSchema,
    ConsentQuerySchema,
    DeclinedSchema,
    MadeCodeSchema,
    NewConsentSchema,
    OffersSchema,
    OneTimeCodeSchema,
    PauseSchema,
)
from backend.benefits.offers import decline, list_offers, undecline
from backend.benefits.pausing import pause_benefits, resume_benefits
from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.scores.current import read_current_score
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

CITIZEN = {PrincipalKind.CITIZEN}
READ, WRITE = "benefits:read", "benefits:write"
NO_SCORE = {
    ProblemCode.NOT_ENROLLED,
    ProblemCode.UNDER_AGE,
    ProblemCode.IDENTITY_IN_DOUBT,
    ProblemCode.CONSENT_WITHDRAWN,
}

blueprint = Blueprint("offers", __name__, description="What a citizen can get, and whom it may be told")


@blueprint.operation(
    "GET",
    "/benefits",
    kinds=CITIZEN,
    scope=READ,
    summary="See what I can get now, what is missing for the rest, and what the next level would add",
    response=OffersSchema,
    example=examples.OFFERS,
    problems=NO_SCORE | {ProblemCode.OFFER_NOT_FOUND},
)
def list_my_offers(*, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give every offer of the city as it stands for the person who asks."""
    found = list_offers(session, UUID(principal.id), tools=_tools(), now=now)
    if isinstance(found, Refusal):
        return found
    language = current_notes().language
    return Reply(value=present_offers(found, language), headers={"Content-Language": language.value})


@blueprint.operation(
    "PUT",
    "/benefits/declined",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Decline an offer, or take that back; nothing else comes of it",
    body=DeclinedSchema,
    body_example=examples.DECLINED,
    response=DeclinedSchema,
    example=examples.DECLINED,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.SCENARIO_NOT_FOUND},
)
def decline_offer(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """Note whether the person wants it; merchants cannot tell."""
    turn = decline if body["declined"] else undecline
    return turn(session, UUID(principal.id), body["scenario"], tools=_tools(), now=now) or body


@blueprint.operation(
    "PUT",
    "/benefits/pause",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Pause all benefits until a moment",
    body=PauseSchema,
    body_example=examples.PAUSE,
    response=PauseSchema,
    example=examples.PAUSE,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.WINDOW_REFUSED},
)
def pause_my_benefits(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, datetime] | Refusal:
    """Let nobody give this person a benefit for a while; what is in use goes on."""
    until = pause_benefits(session, UUID(principal.id), body["until"], now=now)
    return until if isinstance(until, Refusal) else {"until": until}


@blueprint.operation(
    "DELETE",
    "/benefits/pause",
    kinds=CITIZEN,
    scope=WRITE,
    summary="End the pause",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
)
def resume_my_benefits(*, principal: Principal, session: Session) -> None:
    """Let benefits be given again."""
    resume_benefits(session, UUID(principal.id))


@blueprint.operation(
    "POST",
    "/codes",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Make a one-time code to show to a merchant; one that names the merchant is the consent for its scan",
    body=OneTimeCodeSchema,
    body_example=examples.NEW_CODE,
    status=HTTPStatus.CREATED,
    response=MadeCodeSchema,
    example=examples.MADE_CODE,
    repeats=Repeats.HARMLESS,
    limit="30/minute",
    problems={ProblemCode.SCENARIO_NOT_FOUND, ProblemCode.MERCHANT_NOT_FOUND, ProblemCode.UNAVAILABLE},
)
def make_my_code(*, body: dict[str, Any], principal: Principal, now: datetime) -> Reply | Refusal:
    """Make a code for whoever is signed in, whatever the score; a repeat makes another one, of which one suffices."""
    context, tools, subject_id = current_context(), _tools(), UUID(principal.id)
    # So that the scan finds the score right: how long it takes then does not tell whether there was much to compute.
    read_current_score(context.database, subject_id, rules=context.rules, sealer=context.sealer, now=now)
    with context.database.transaction() as session:
        code = make_code(
            session,
            subject_id,
            scenario=body["scenario"],
            merchant=body["merchant"],
            catalogue=tools.find_catalogue(now),
            now=now,
        )
        if isinstance(code, Refusal):
            return code
        notices = list_notices(
            session, subject_id, scenario=code.scenario, merchant=code.merchant, sealer=context.sealer, now=now
        )
    language = current_notes().language
    value = present_code(code, draw_code(code.code, body["image"]), notices, language)
    return Reply(value=value, status=HTTPStatus.CREATED, headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/benefit-consents",
    kinds=CITIZEN,
    scope=READ,
    summary="List whom I let be told about benefits, the newest first",
    query=ConsentQuerySchema,
    response=ConsentPageSchema,
    example={"items": [examples.CONSENT], "next_cursor": None},
)
def list_my_consents(*, query: dict[str, Any], principal: Principal, session: Session) -> Reply:
    """Give a page of consents to merchants, withdrawn and expired ones too."""
    limit = query["limit"]
    found = list_consents(session, UUID(principal.id), before=_read_id(query["cursor"]), limit=limit + 1)
    page = cut_page(found, limit, lambda consent: (str(consent.consent_id),))
    language = current_notes().language
    items = [present_consent(each, language) for each in page.items]
    return Reply(value={"items": items, "next_cursor": page.next_cursor}, headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/benefit-consents",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Let one merchant be told about one benefit or all, until a moment or until withdrawn",
    body=NewConsentSchema,
    body_example=examples.NEW_CONSENT,
    status=HTTPStatus.CREATED,
    response=BenefitConsentSchema,
    example=examples.CONSENT,
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.MERCHANT_NOT_FOUND, ProblemCode.SCENARIO_NOT_FOUND, ProblemCode.WINDOW_REFUSED},
)
def add_my_consent(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give a consent of its own for this merchant."""
    consent = give_consent(session, UUID(principal.id), **body, catalogue=_tools().find_catalogue(now), now=now)
    return _reply_consent(consent)


@blueprint.operation(
    "DELETE",
    "/benefit-consents/<uuid:consent_id>",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Withdraw one consent; what is in use goes on, what is only reserved is cancelled",
    response=BenefitConsentSchema,
    example=examples.CONSENT | {"withdrawn_at": "2026-11-23T04:00:00Z"},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CONSENT_NOT_FOUND},
)
def withdraw_benefit_consent(
    *, consent_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Withdraw it from now on; what was told before was told."""
    return _reply_consent(withdraw_consent(session, UUID(principal.id), consent_id, now=now))


def _reply_consent(consent: BenefitConsent | Refusal) -> Reply | Refusal:
    if isinstance(consent, Refusal):
        return consent
    language = current_notes().language
    return Reply(value=present_consent(consent, language), headers={"Content-Language": language.value})


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)


def _read_id(cursor: tuple[str, ...] | None) -> UUID | None:
    """Read behind which consent a page begins; a cursor that no page gave begins anew."""
    try:
        return None if cursor is None else UUID(cursor[0])
    except ValueError:
        return None
