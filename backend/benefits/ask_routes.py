"""What a citizen answers to merchants who ask, and reserves before going there."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits import offer_examples as examples
from backend.benefits.applications import Application, apply_for_benefit
from backend.benefits.asks import AskedOfMe, confirm_ask, decline_ask, list_my_asks
from backend.benefits.judging import Tools
from backend.benefits.offer_presentation import present_application, present_ask
from backend.benefits.offer_schemas import ApplicationSchema, AskListSchema, AskSchema, NewApplicationSchema
from backend.benefits.wording import Explainer
from backend.clock import today
from backend.context import current_context
from backend.grants.grant import Grant
from backend.merchants.wording import choose
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.messages import Language
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from scenarios.catalogue import ScenarioCatalogue

CITIZEN = {PrincipalKind.CITIZEN}
READ, WRITE = "benefits:read", "benefits:write"
MOST_ASKS = 50

blueprint = Blueprint("asks", __name__, description="What merchants ask about me, and what I reserve with them")


@blueprint.operation(
    "POST",
    "/applications",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Reserve a benefit at a merchant; that is the consent to tell this merchant of it",
    body=NewApplicationSchema,
    body_example=examples.NEW_APPLICATION,
    status=HTTPStatus.CREATED,
    response=ApplicationSchema,
    example=examples.APPLICATION,
    repeats=Repeats.BY_KEY,
    problems={
        ProblemCode.OFFER_NOT_FOUND,
        ProblemCode.CODE_NEEDED,
        ProblemCode.AMOUNT_REFUSED,
        ProblemCode.BENEFIT_REFUSED,
    },
)
def apply_for_my_benefit(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """Reserve it, or say in words why not; then the merchant learns nothing."""
    application = apply_for_benefit(session, UUID(principal.id), **body, tools=_tools(), now=now)
    if isinstance(application, Refusal):
        return application
    if isinstance(application.outcome, Grant):
        return present_application(application, application.outcome)
    return _refuse(application, now)


@blueprint.operation(
    "GET",
    "/asks",
    kinds=CITIZEN,
    scope=READ,
    summary="List what merchants ask about me, the newest first",
    response=AskListSchema,
    example={"items": [examples.ASK]},
)
def list_asks_about_me(*, principal: Principal, session: Session, now: datetime) -> Reply:
    """Give the newest questions, open or not, and what the merchant would be told."""
    found = list_my_asks(session, UUID(principal.id), tools=_tools(), limit=MOST_ASKS, now=now)
    language = current_notes().language
    items = [_present(each, now) for each in found]
    return Reply(value={"items": items}, headers={"Content-Language": language.value})


@blueprint.operation(
    "PUT",
    "/asks/<uuid:verification_id>/confirmation",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Let the merchant know, once; it learns only of a benefit that I get",
    response=AskSchema,
    example=examples.ASK
    | {"is_open": False, "answer": "granted", "confirmed_at": "2026-11-22T04:01:00Z", "grant_id": examples.GRANT_ID},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.ASK_NOT_FOUND, ProblemCode.ASK_CLOSED},
)
def confirm_ask_about_me(
    *, verification_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Consent and be weighed in one step; a repeat gets what the first one got."""
    return _reply(confirm_ask(session, UUID(principal.id), verification_id, tools=_tools(), now=now), now)


@blueprint.operation(
    "PUT",
    "/asks/<uuid:verification_id>/declined",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Do not let the merchant know; nothing else comes of it",
    response=AskSchema,
    example=examples.ASK | {"is_open": False, "answer": "not_granted", "declined_at": "2026-11-22T04:01:00Z"},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.ASK_NOT_FOUND, ProblemCode.ASK_CLOSED},
)
def decline_ask_about_me(
    *, verification_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Decline; to the merchant it is as if nobody had been found."""
    return _reply(decline_ask(session, UUID(principal.id), verification_id, tools=_tools(), now=now), now)


def _reply(asked: AskedOfMe | Refusal, now: datetime) -> Reply | Refusal:
    if isinstance(asked, Refusal):
        return asked
    return Reply(value=_present(asked, now), headers={"Content-Language": current_notes().language.value})


def _present(asked: AskedOfMe, now: datetime) -> dict[str, Any]:
    language, catalogue = current_notes().language, _tools().find_catalogue(now)
    explainer = None if catalogue is None else _explain_in(language, catalogue, now)
    return present_ask(asked, explainer, language)


def _refuse(application: Application, now: datetime) -> Refusal:
    offer, cause, language = application.offer, application.outcome, current_notes().language
    if isinstance(cause, Grant):
        raise TypeError("an application that led to a grant is refused")
    why = _explain_in(language, offer.catalogue, now).explain(cause, offer.scenario)
    values = {"why": why, "otherwise": choose(offer.scenario.otherwise, language)}
    return Refusal(ProblemCode.BENEFIT_REFUSED, values)


def _explain_in(language: Language, catalogue: ScenarioCatalogue, now: datetime) -> Explainer:
    rulebook = current_context().rules.rulebook_on(today(now))
    return Explainer(catalogue=catalogue, rulebook=rulebook, language=language)


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
