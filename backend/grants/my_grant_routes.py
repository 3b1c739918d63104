"""A citizen's own grants: what he has in use, until when, and what has become of the others."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.grants import examples
from backend.grants import life as grant_life
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover
from backend.grants.my_grants import describe_my_grants
from backend.grants.my_grants import list_my_grants as list_grants_of
from backend.grants.schemas import CitizenGrantPageQuerySchema, MyGrantPageSchema, MyGrantSchema
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

CITIZEN = {PrincipalKind.CITIZEN}
READ, WRITE = "benefits:read", "benefits:write"

blueprint = Blueprint("my-grants", __name__, description="The benefits that one has in use, and those that ended")


@blueprint.operation(
    "GET",
    "/account/grants",
    kinds=CITIZEN,
    scope=READ,
    summary="See one's grants, the newest first: what is held, until when, and what has happened",
    query=CitizenGrantPageQuerySchema,
    response=MyGrantPageSchema,
    example={"items": [examples.MINE], "next_cursor": None},
)
def list_my_grants(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply:
    """Give a page of one's grants as they stand now."""
    limit = int(query["limit"])
    grants = list_grants_of(session, UUID(principal.id), before=query["cursor"], limit=limit + 1, now=now)
    page = cut_page(grants, limit, lambda grant: (str(grant.grant_id),))
    items = _describe(session, list(page.items))
    return _reply({"items": items, "next_cursor": page.next_cursor})


@blueprint.operation(
    "GET",
    "/account/grants/<uuid:grant_id>",
    kinds=CITIZEN,
    scope=READ,
    summary="See one grant of one's own",
    response=MyGrantSchema,
    example=examples.MINE,
    problems={ProblemCode.GRANT_NOT_FOUND},
)
def get_my_grant(*, grant_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give a grant as it stands now."""
    return _answer(session, grant_life.look_at(session, grant_id, _move_as(principal), now=now))


@blueprint.operation(
    "POST",
    "/account/grants/<uuid:grant_id>/cancel",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Cancel what is only reserved; the merchant is told",
    response=MyGrantSchema,
    example=examples.MINE_CANCELLED,
    repeats=Repeats.BY_KEY,
    problems={
        ProblemCode.GRANT_NOT_FOUND,
        ProblemCode.GRANT_ALREADY_STARTED,
        ProblemCode.GRANT_OVERDUE,
        ProblemCode.GRANT_ALREADY_COMPLETED,
        ProblemCode.GRANT_ALREADY_EXPIRED,
        ProblemCode.GRANT_ALREADY_SETTLED,
        ProblemCode.GRANT_ALREADY_BROKEN,
    },
)
def cancel_my_grant(*, grant_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Release everything, and give the places back."""
    return _answer(session, grant_life.cancel(session, grant_id, _move_as(principal), now=now))


def _move_as(principal: Principal) -> Mover:
    return Mover(Actor.CITIZEN, subject_id=UUID(principal.id))


def _answer(session: Session, grant: Grant | Refusal) -> Reply | Refusal:
    return grant if isinstance(grant, Refusal) else _reply(_describe(session, [grant])[0])


def _describe(session: Session, grants: list[Grant]) -> list[dict[str, object]]:
    context, language = current_context(), current_notes().language
    return describe_my_grants(session, grants, benefits=context.benefits, language=language)


def _reply(value: dict[str, object]) -> Reply:
    return Reply(value=value, headers={"Content-Language": current_notes().language.value})
