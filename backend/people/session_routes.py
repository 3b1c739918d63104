"""Signing out: the sessions of the person who asks, and the link of his mini-program account."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.orm import Session

from backend.people.mini_program import unlink_account
from backend.people.schemas import SessionListSchema
from backend.people.sessions import Ending, ShownSessions, end_all_sessions, end_session, show_sessions
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal

blueprint = Blueprint("sessions", __name__, description="Sessions, and signing out")

CITIZEN = {PrincipalKind.CITIZEN}


@blueprint.operation(
    "DELETE",
    "/account/mini-program-link",
    kinds=CITIZEN,
    scope="account:write",
    summary="Remove the link of my mini-program account, and sign out whoever came in by it",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    fresh=True,
)
def unlink_mini_program(*, principal: Principal, session: Session, now: datetime) -> Reply:
    """Remove the link; where there is none, nothing happens."""
    unlink_account(session, UUID(principal.id), now=now)
    return Reply()


@blueprint.operation(
    "GET",
    "/sessions",
    kinds=CITIZEN,
    scope="account:read",
    summary="See where I am signed in, and which sessions ended within 30 days, and why",
    response=SessionListSchema,
    example={
        "items": [
            {
                "session_id": "019a0000-0000-7000-8000-000000000000",
                "method": "ticket",
                "device": "华为手机",
                "opened_at": "2026-11-22T04:00:00Z",
                "last_used_at": "2026-11-22T04:10:00Z",
                "expires_at": "2026-12-22T04:10:00Z",
                "ended_at": None,
                "ended_because": None,
                "is_current": True,
            }
        ],
        "mini_program_linked_at": None,
    },
)
def list_my_sessions(*, principal: Principal, session: Session, now: datetime) -> ShownSessions:
    """List the newest 100 sessions of the person who asks."""
    return show_sessions(session, UUID(principal.id), current=principal.session, now=now)


@blueprint.operation(
    "DELETE",
    "/sessions/<uuid:session_id>",
    kinds=CITIZEN,
    scope="account:write",
    summary="Sign out one of my sessions; its access tokens are refused within two seconds",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.SESSION_NOT_FOUND},
)
def end_my_session(*, session_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """End the session, also the one that this call belongs to."""
    found = end_session(session, UUID(principal.id), session_id, because=Ending.SIGNED_OUT, now=now)
    return Reply() if found else Refusal(ProblemCode.SESSION_NOT_FOUND)


@blueprint.operation(
    "DELETE",
    "/sessions",
    kinds=CITIZEN,
    scope="account:write",
    summary="Sign out everywhere; every access token of mine is refused within two seconds",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
)
def end_my_sessions(*, principal: Principal, session: Session, now: datetime) -> Reply:
    """End all sessions, the one that this call belongs to included."""
    end_all_sessions(session, UUID(principal.id), now=now)
    return Reply()
