"""Grants as merchants move them: begin, lower, end, and look at what is the final truth."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.grants import examples
from backend.grants import life as grant_life
from backend.grants.due import see_grants
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover
from backend.grants.queries import find_grant_by_order, list_grants_of_merchant
from backend.grants.schemas import (
    FinalAmountSchema,
    GrantPageSchema,
    GrantSchema,
    LowerHoldSchema,
    MerchantGrantPageQuerySchema,
    OwedAmountSchema,
)
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal

MERCHANT = {PrincipalKind.MERCHANT}
READ, WRITE = "grants:read", "grants:write"
ENDED = frozenset(
    {
        ProblemCode.GRANT_NOT_FOUND,
        ProblemCode.GRANT_ALREADY_COMPLETED,
        ProblemCode.GRANT_ALREADY_CANCELLED,
        ProblemCode.GRANT_ALREADY_EXPIRED,
        ProblemCode.GRANT_ALREADY_SETTLED,
        ProblemCode.GRANT_ALREADY_BROKEN,
    }
)

blueprint = Blueprint("grants", __name__, description="Benefits that were given, and what becomes of them")


@blueprint.operation(
    "GET",
    "/grants",
    kinds=MERCHANT,
    scope=READ,
    summary="List one's grants, the newest first: all, those that stand in some states now, or that of an order",
    query=MerchantGrantPageQuerySchema,
    response=GrantPageSchema,
    example={"items": [examples.RESERVED], "next_cursor": None},
)
def list_grants(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Page[Grant]:
    """Give a page of grants as they stand now; what is due has happened, whether written down or not."""
    states = query["state"] or frozenset()
    if query["order_no"] is not None:
        found = find_grant_by_order(session, principal.id, query["order_no"])
        seen = see_grants(session, [found] if found else [], now=now)
        return Page(tuple(grant for grant in seen if not states or grant.state in states), None)
    limit = int(query["limit"])
    grants = list_grants_of_merchant(
        session, principal.id, states=states, before=query["cursor"], limit=limit + 1, now=now
    )
    page = cut_page(grants, limit, lambda grant: (grant.granted_on.isoformat(), str(grant.grant_id)))
    return Page(tuple(see_grants(session, page.items, now=now)), page.next_cursor)


@blueprint.operation(
    "GET",
    "/grants/<uuid:grant_id>",
    kinds=MERCHANT,
    scope=READ,
    summary="Read a grant of one's own: the final truth about it",
    response=GrantSchema,
    example=examples.RESERVED,
    problems={ProblemCode.GRANT_NOT_FOUND},
)
def get_grant(*, grant_id: UUID, principal: Principal, session: Session, now: datetime) -> Grant | Refusal:
    """Give a grant as it stands now."""
    return grant_life.look_at(session, grant_id, _move_as(principal), now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/start",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Begin to use what is reserved, before it lapses",
    response=GrantSchema,
    example=examples.STARTED,
    repeats=Repeats.BY_KEY,
    problems=ENDED | {ProblemCode.GRANT_OVERDUE},
)
def start_grant(*, grant_id: UUID, principal: Principal, session: Session, now: datetime) -> Grant | Refusal:
    """Hand the thing over; from now on it lasts as long as the scenario says."""
    return grant_life.start(session, grant_id, _move_as(principal), now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/lower",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Hold less than until now; never more",
    body=LowerHoldSchema,
    body_example=examples.LOWER,
    response=GrantSchema,
    example=examples.LOWERED,
    repeats=Repeats.BY_KEY,
    problems=ENDED | {ProblemCode.AMOUNT_NOT_LOWER},
)
def lower_grant(
    *, grant_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Grant | Refusal:
    """Set what is held; what is let go of the person has again at once."""
    return grant_life.lower(session, grant_id, _move_as(principal), body["held_fen"], now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/complete",
    kinds=MERCHANT,
    scope=WRITE,
    summary="End what is in use, with what the person paid (0: all is well)",
    body=FinalAmountSchema,
    body_example=examples.COMPLETE,
    response=GrantSchema,
    example=examples.COMPLETED,
    repeats=Repeats.BY_KEY,
    problems=ENDED | {ProblemCode.GRANT_NOT_STARTED, ProblemCode.GRANT_OVERDUE, ProblemCode.AMOUNT_ABOVE_HOLD},
)
def complete_grant(
    *, grant_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Grant | Refusal:
    """Take the thing back; everything that was held is released."""
    return grant_life.complete(session, grant_id, _move_as(principal), body["final_fen"], now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/cancel",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Cancel what is reserved or in use, as if it had never been",
    response=GrantSchema,
    example=examples.CANCELLED,
    repeats=Repeats.BY_KEY,
    problems=ENDED - {ProblemCode.GRANT_ALREADY_CANCELLED} | {ProblemCode.GRANT_OVERDUE},
)
def cancel_grant(*, grant_id: UUID, principal: Principal, session: Session, now: datetime) -> Grant | Refusal:
    """Release everything, and give the places back."""
    return grant_life.cancel(session, grant_id, _move_as(principal), now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/settle",
    kinds=MERCHANT,
    scope=WRITE,
    summary="End what is overdue or was broken, now that it was returned or paid",
    body=FinalAmountSchema,
    body_example=examples.SETTLE,
    response=GrantSchema,
    example=examples.SETTLED,
    repeats=Repeats.BY_KEY,
    problems=ENDED | {ProblemCode.GRANT_NOT_STARTED, ProblemCode.GRANT_NOT_OVERDUE, ProblemCode.AMOUNT_ABOVE_HOLD},
)
def settle_grant(
    *, grant_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Grant | Refusal:
    """Close the matter; nothing is owed and nothing held any more."""
    return grant_life.settle(session, grant_id, _move_as(principal), body["final_fen"], now=now)


@blueprint.operation(
    "POST",
    "/grants/<uuid:grant_id>/break",
    kinds=MERCHANT,
    scope=WRITE,
    summary="Say of what is overdue that the promise was broken, and what is owed",
    body=OwedAmountSchema,
    body_example=examples.BREAK,
    response=GrantSchema,
    example=examples.BROKEN,
    repeats=Repeats.BY_KEY,
    problems=ENDED | {ProblemCode.GRANT_NOT_STARTED, ProblemCode.GRANT_NOT_OVERDUE, ProblemCode.AMOUNT_ABOVE_HOLD},
)
def break_grant(
    *, grant_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Grant | Refusal:
    """Note what is owed; it counts against the person's limit until it is settled."""
    return grant_life.break_(session, grant_id, _move_as(principal), body["final_fen"], now=now)


def _move_as(principal: Principal) -> Mover:
    return Mover(Actor.MERCHANT, merchant=principal.id, clerk=principal.acting)
