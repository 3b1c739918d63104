"""What is offered: a merchant's view of itself, who offers a scenario, and switching a scenario off for everybody."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.merchants import examples
from backend.merchants.contracts import list_offering, list_open_scenarios
from backend.merchants.own_view import show_own_view
from backend.merchants.presentation import present_offering, present_own_view
from backend.merchants.schemas import NewSuspensionSchema, OfferingPageSchema, OwnViewSchema, SuspensionSchema
from backend.merchants.suspensions import Suspension, lift_scenario_suspension, suspend_scenario
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

OPERATOR = {PrincipalKind.OPERATOR}
WRITE = "merchants:write"
SMALL_BODY_LIMIT = 4 * 1024

blueprint = Blueprint("offering", __name__, description="What merchants offer, and switching it off")


@blueprint.operation(
    "GET",
    "/merchant",
    kinds={PrincipalKind.MERCHANT},
    scope="benefits:verify",
    summary="Read how I stand as a merchant, and what I have signed",
    response=OwnViewSchema,
    example=examples.OWN_VIEW,
    problems={ProblemCode.MERCHANT_NOT_FOUND},
)
def show_my_contracts(*, principal: Principal, session: Session, now: datetime) -> dict[str, Any] | Refusal:
    """Give the merchant's own view; it tells nothing of any citizen."""
    day = today(now)
    catalogue = current_context().benefits.catalogue_on(day)
    view = show_own_view(session, principal.id, catalogue=catalogue, today=day)
    return view if isinstance(view, Refusal) else present_own_view(view, current_notes().language)


@blueprint.operation(
    "GET",
    "/scenarios/<code:scenario>/merchants",
    kinds={PrincipalKind.ANYONE},
    summary="List the merchants that offer a scenario today, in order of their codes",
    query=PageQuerySchema,
    response=OfferingPageSchema,
    example={"items": [examples.OFFERING], "next_cursor": None},
    problems={ProblemCode.SCENARIO_NOT_FOUND},
)
def list_offering_merchants(
    *, scenario: str, query: dict[str, Any], session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """Give a page of merchants; none for a scenario that is suspended or that nobody offers."""
    day, limit, after = today(now), query["limit"], query["cursor"]
    if scenario not in list_open_scenarios(current_context().benefits.catalogue_on(day), day):
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    found = list_offering(session, scenario, day, after=None if after is None else after[0], limit=limit + 1)
    page = cut_page(found, limit, lambda offering: (offering.merchant,))
    language = current_notes().language
    return {"items": [present_offering(each, language) for each in page.items], "next_cursor": page.next_cursor}


@blueprint.operation(
    "PUT",
    "/scenarios/<code:scenario>/suspension",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Switch a scenario off for everybody at once; what was given goes on",
    body=NewSuspensionSchema,
    body_example={"because": "名额系统核查期间暂停"},
    body_limit=SMALL_BODY_LIMIT,
    response=SuspensionSchema,
    example={**examples.SUSPENSION, "because": "名额系统核查期间暂停"},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.SCENARIO_NOT_FOUND},
)
def put_scenario_suspension(
    *, scenario: str, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Suspension | Refusal:
    """Suspend a scenario; the first reason stays."""
    scenarios = list_open_scenarios(current_context().benefits.catalogue_on(today(now)), today(now))
    return suspend_scenario(session, scenario, scenarios=scenarios, because=body["because"], by=principal.id, now=now)


@blueprint.operation(
    "DELETE",
    "/scenarios/<code:scenario>/suspension",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Switch a scenario on again",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.NOT_SUSPENDED},
)
def delete_scenario_suspension(
    *, scenario: str, principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """Let merchants give by a scenario again."""
    return lift_scenario_suspension(session, scenario, by=principal.id, now=now)
