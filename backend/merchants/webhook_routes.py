"""Webhooks of a merchant: where its events go, how the receivers stand, what became of each delivery, and replay."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.merchants import webhook_examples as examples
from backend.merchants.deliveries import Delivery, Replayed, replay_event, replay_given_up, show_deliveries
from backend.merchants.endpoints import Endpoint, ask_for_probe, end_endpoint, list_endpoints, register_endpoint
from backend.merchants.webhook_presentation import present_endpoint
from backend.merchants.webhook_schemas import (
    DeliveryPageQuerySchema,
    DeliveryPageSchema,
    EndpointListSchema,
    EndpointSchema,
    NewEndpointSchema,
    NewReplaySchema,
    ReplaySchema,
)
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

MERCHANT = {PrincipalKind.MERCHANT}
READ, WRITE = "webhooks:read", "webhooks:write"
SMALL_BODY_LIMIT = 4 * 1024

blueprint = Blueprint("webhooks", __name__, description="Events that merchants are told of, and where they are sent")


@blueprint.operation(
    "POST",
    "/webhooks",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Register an endpoint for events; they come once it has refused what is forged or too old",
    body=NewEndpointSchema,
    body_example=examples.NEW_ENDPOINT,
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=EndpointSchema,
    example=examples.ENDPOINT,
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.WEBHOOK_REFUSED, ProblemCode.TOO_MANY_WEBHOOKS, ProblemCode.MERCHANT_NOT_FOUND},
)
def create_webhook(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Register an endpoint; a worker probes it at once."""
    registered = register_endpoint(
        session,
        principal.id,
        url=body["url"],
        events=body["events"],
        targets=current_context().settings.webhook_targets,
        by=_name_caller(principal),
        now=now,
    )
    return registered if isinstance(registered, Refusal) else _show(registered)


@blueprint.operation(
    "GET",
    "/webhooks",
    kinds=MERCHANT,
    scope=READ,
    summary="List one's own endpoints and how they stand",
    response=EndpointListSchema,
    example={"items": [examples.ENDPOINT]},
)
def list_my_webhooks(*, principal: Principal, session: Session) -> Reply:
    """List the endpoints that have not ended, the oldest first."""
    language = current_notes().language
    items = [present_endpoint(each, language) for each in list_endpoints(session, principal.id)]
    return Reply(value={"items": items}, headers={"Content-Language": language.value})


@blueprint.operation(
    "DELETE",
    "/webhooks/<uuid:endpoint_id>",
    kinds=MERCHANT,
    scope=WRITE,
    summary="End an endpoint; what waits for it is not sent any more",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.WEBHOOK_NOT_FOUND},
)
def delete_webhook(*, endpoint_id: UUID, principal: Principal, session: Session, now: datetime) -> Refusal | None:
    """End an endpoint for good."""
    return end_endpoint(session, principal.id, endpoint_id, by=_name_caller(principal), now=now)


@blueprint.operation(
    "POST",
    "/webhooks/<uuid:endpoint_id>/probe",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Have an endpoint probed now: a right message, a forged one and one that is too old",
    status=HTTPStatus.ACCEPTED,
    response=EndpointSchema,
    example=examples.ENDPOINT,
    repeats=Repeats.HARMLESS,
    limit="10/minute",
    problems={ProblemCode.WEBHOOK_NOT_FOUND},
)
def probe_webhook(*, endpoint_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Have a worker probe it; how it went stands in the list of endpoints a few seconds later."""
    asked = ask_for_probe(session, principal.id, endpoint_id, now=now)
    return asked if isinstance(asked, Refusal) else _show(asked)


@blueprint.operation(
    "GET",
    "/webhook-deliveries",
    kinds=MERCHANT,
    scope=READ,
    summary="List what was sent, what waits and what was given up, the newest event first; kept for 30 days",
    query=DeliveryPageQuerySchema,
    response=DeliveryPageSchema,
    example={"items": [examples.DELIVERY], "next_cursor": None},
)
def list_my_deliveries(*, query: dict[str, Any], principal: Principal, session: Session) -> Page[Delivery]:
    """Give a page of deliveries."""
    limit, cursor = int(query["limit"]), query["cursor"]
    found = show_deliveries(
        session,
        principal.id,
        endpoint_id=query["endpoint_id"],
        state=query["state"],
        before=None if cursor is None else (UUID(cursor[0]), UUID(cursor[1])),
        limit=limit + 1,
    )
    return cut_page(found, limit, lambda each: (str(each.event_id), str(each.endpoint_id)))


@blueprint.operation(
    "POST",
    "/webhook-deliveries/<uuid:event_id>/replay",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Send one event again, to every endpoint that had it",
    response=ReplaySchema,
    example={"replayed": 1, "has_more": False},
    repeats=Repeats.HARMLESS,
    limit="60/minute",
    problems={ProblemCode.EVENT_NOT_FOUND},
)
def replay_one_event(*, event_id: UUID, principal: Principal, session: Session, now: datetime) -> Replayed | Refusal:
    """Send an event again, under the same event_id; what waits anyway is left as it is."""
    return replay_event(session, principal.id, event_id, now=now)


@blueprint.operation(
    "POST",
    "/webhook-deliveries/replay",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Send again what was given up since a moment, a thousand deliveries at once",
    body=NewReplaySchema,
    body_example={"since": "2026-11-22T00:00:00Z"},
    body_limit=SMALL_BODY_LIMIT,
    response=ReplaySchema,
    example={"replayed": 12, "has_more": False},
    repeats=Repeats.HARMLESS,
    limit="10/minute",
)
def replay_lost_events(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Replayed:
    """Send what was given up again, the oldest first."""
    return replay_given_up(session, principal.id, since=body["since"], now=now)


def _show(endpoint: Endpoint) -> Reply:
    language = current_notes().language
    return Reply(value=present_endpoint(endpoint, language), headers={"Content-Language": language.value})


def _name_caller(principal: Principal) -> str:
    return principal.acting or principal.client or principal.id
