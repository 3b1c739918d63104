"""Visitors from partner cities: what merchants ask about them, and what they see and do themselves."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from backend.benefits import verification_examples
from backend.benefits.answers import Verification
from backend.benefits.judging import Tools
from backend.benefits.verification_presentation import present_verification
from backend.benefits.verification_schemas import VerificationSchema
from backend.clock import today
from backend.context import current_context
from backend.people.identity_numbers import IdentityFault, read_resident_id
from backend.principals import Principal, PrincipalKind
from backend.visits import examples
from backend.visits.counter import verify_visitor
from backend.visits.home_cities import HomeCities
from backend.visits.presentation import present_visit
from backend.visits.schemas import (
    NewVisitorVerificationSchema,
    NewVisitSchema,
    ScoreCardSchema,
    VisitPageQuerySchema,
    VisitPageSchema,
    VisitSchema,
)
from backend.visits.visiting import Visit, begin_visit, forget_visit, list_visits, present_score_card
from backend.visits.visitor_orders import make_visitor_order
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.problems import Fault, Place, ProblemCode, Refusal
from backend.web.requests import current_notes

HOME_CITIES = "shangding.home_cities"
CITIZEN, MERCHANT = {PrincipalKind.CITIZEN}, {PrincipalKind.MERCHANT}
READ, WRITE = "benefits:read", "benefits:write"

blueprint = Blueprint("visits", __name__, description="Visitors: what their home cities say, and what they get for it")


@blueprint.operation(
    "POST",
    "/visitor-verifications",
    kinds=MERCHANT,
    scope="benefits:verify",
    summary="Ask the home city of a visitor whether he gets a benefit, and give it at once",
    body=NewVisitorVerificationSchema,
    body_example=examples.NEW_VISITOR_VERIFICATION,
    response=VerificationSchema,
    example={**verification_examples.VERIFICATION, "order_no": "2026-1122-0003", "via": "visitor"},
    repeats=Repeats.HARMLESS,
    limit="600/minute",
    problems={ProblemCode.ORDER_NO_REUSED, ProblemCode.AMOUNT_REFUSED, ProblemCode.TOO_MANY_MISSES},
)
def verify_a_visitor(*, body: dict[str, Any], principal: Principal, now: datetime) -> Reply | Refusal:
    """Answer within two seconds, whatever the home city does. A repeat under the same order_no is the same question."""
    resident = read_resident_id(body["id_number"], today=today(now))
    if isinstance(resident, IdentityFault):
        fault = Fault(place=Place.BODY, pointer="/id_number", code=f"identity_{resident.code}")
        return Refusal(ProblemCode.INVALID_REQUEST, faults=(fault,))
    context = current_context()
    given = {**body, "id_number": resident.number}
    order = make_visitor_order(merchant=principal, **given, pseudonyms=context.pseudonyms)
    tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
    found = verify_visitor(_home_cities(), order, tools=tools)
    if not isinstance(found, Verification):
        return found
    language = current_notes().language
    return Reply(value=present_verification(found, language), headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/visits",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Let my home city be asked what I may have here, or what my level, score or records are",
    body=NewVisitSchema,
    body_example=examples.NEW_VISIT,
    response=VisitSchema,
    example=examples.VISIT,
    repeats=Repeats.HARMLESS,
    limit="10/minute",
    problems={
        ProblemCode.CITY_NOT_FOUND,
        ProblemCode.NOT_IN_TREATY,
        ProblemCode.HOME_CITY_REFUSED,
        ProblemCode.HOME_CITY_UNREACHABLE,
        ProblemCode.EXCHANGE_OFF,
    },
)
def begin_my_visit(*, body: dict[str, Any], principal: Principal) -> Reply | Refusal:
    """Ask the home city; a repeat gets what it said before, for as long as that stands."""
    return _reply(begin_visit(_home_cities(), UUID(principal.id), **body))


@blueprint.operation(
    "POST",
    "/visits/cards",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Present a score card that my home city has signed for this city",
    body=ScoreCardSchema,
    body_example=examples.SCORE_CARD,
    response=VisitSchema,
    example={**examples.VISIT, "via": "card", "scope": "level"},
    repeats=Repeats.HARMLESS,
    limit="30/minute",
    problems={ProblemCode.SCORE_CARD_REFUSED, ProblemCode.EXCHANGE_OFF},
)
def present_my_score_card(*, body: dict[str, Any], principal: Principal, session: Session) -> Reply | Refusal:
    """Read the card without asking anybody; presented again it gets the same answer."""
    return _reply(present_score_card(_home_cities(), session, UUID(principal.id), body["card"]))


@blueprint.operation(
    "GET",
    "/visits",
    kinds=CITIZEN,
    scope=READ,
    summary="See what home cities were asked about me, what stands and until when",
    query=VisitPageQuerySchema,
    response=VisitPageSchema,
    example={"items": [examples.VISIT], "next_cursor": None},
)
def list_my_visits(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply:
    """Give a page of questions, those of merchants and what has ended among them."""
    limit, language = query["limit"], current_notes().language
    found = list_visits(session, UUID(principal.id), before=_read_id(query["cursor"]), limit=limit + 1, now=now)
    page = cut_page(found, limit, lambda visit: (str(visit.question_id),))
    value = {"items": [_present(each) for each in page.items], "next_cursor": page.next_cursor}
    return Reply(value=value, headers={"Content-Language": language.value})


@blueprint.operation(
    "DELETE",
    "/visits/<uuid:question_id>",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Forget here what my home city said to one question; what is in use goes on",
    response=VisitSchema,
    example=examples.FORGOTTEN,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.VISIT_NOT_FOUND},
)
def forget_my_visit(*, question_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Delete the content and end what it entitled to; that it was asked stays to be seen."""
    return _reply(forget_visit(session, UUID(principal.id), question_id, now=now))


def _read_id(cursor: tuple[str, ...] | None) -> UUID | None:
    """Read behind which question a page begins; a cursor that no page gave begins anew."""
    try:
        return None if cursor is None else UUID(cursor[0])
    except ValueError:
        return None


def _home_cities() -> HomeCities:
    return cast("HomeCities", current_app.extensions[HOME_CITIES])


def _reply(found: Visit | Refusal) -> Reply | Refusal:
    if isinstance(found, Refusal):
        return found
    return Reply(value=_present(found), headers={"Content-Language": current_notes().language.value})


def _present(visit: Visit) -> dict[str, Any]:
    context = current_context()
    catalogue = context.benefits.catalogue_on(today(visit.asked_at))
    return present_visit(visit, catalogue, current_notes().language)
