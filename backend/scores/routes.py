"""The citizen's own score, the public rulebook, and leaving."""

from collections.abc import Callable
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.scores import examples
from backend.scores.closing import leave
from backend.scores.current import read_current_score
from backend.scores.facts import Facts, read_facts
from backend.scores.outlook import SupposedRecord, find_route, look_ahead, look_back, state_score, suppose
from backend.scores.presentation import (
    present_current,
    present_forecast,
    present_history,
    present_route,
    present_rulebook,
    present_statement,
    present_supposition,
)
from backend.scores.rulebook_schemas import RulebookSchema
from backend.scores.schemas import (
    ForecastSchema,
    HistorySchema,
    RouteSchema,
    ScoreSchema,
    StatementQuerySchema,
    StatementSchema,
    SupposedScoreSchema,
    SuppositionSchema,
)
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

Found = TypeVar("Found")

blueprint = Blueprint("scores", __name__, description="The explained score")
CITIZEN = {PrincipalKind.CITIZEN}
READ = "score:read"
NO_SCORE = {
    ProblemCode.NOT_ENROLLED,
    ProblemCode.UNDER_AGE,
    ProblemCode.IDENTITY_IN_DOUBT,
    ProblemCode.CONSENT_WITHDRAWN,
}


@blueprint.operation(
    "GET",
    "/score",
    kinds=CITIZEN,
    scope=READ,
    summary="Read my score of today",
    response=ScoreSchema,
    example=examples.SCORE,
    problems=NO_SCORE | {ProblemCode.UNAVAILABLE},
)
def read_my_score(*, principal: Principal, now: datetime) -> dict[str, Any] | Refusal:
    """Give today's score, its level and dimensions, and the first day on which it may change by itself."""
    context = current_context()
    score = read_current_score(
        context.database, UUID(principal.id), rules=context.rules, sealer=context.sealer, now=now
    )
    return score if isinstance(score, Refusal) else present_current(score, current_notes().language)


@blueprint.operation(
    "GET",
    "/score/statement",
    kinds=CITIZEN,
    scope=READ,
    summary="Read every point of my score explained, of today or of an earlier day",
    query=StatementQuerySchema,
    response=StatementSchema,
    example=examples.STATEMENT,
    problems=NO_SCORE | {ProblemCode.DAY_OUT_OF_RANGE},
)
def read_my_statement(
    *, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """State a day's score line by line; the balance of the last line is the score.

    `as_of` is a day since the account was opened, today when left out. `known_at` is the moment whose knowledge counts:
    for a past day its end, unless another is given.
    """
    score = _with_facts(
        session,
        principal,
        now,
        lambda facts: state_score(facts, as_of=query["as_of"], known_at=query["known_at"]),
    )
    return score if isinstance(score, Refusal) else present_statement(score, current_notes().language)


@blueprint.operation(
    "GET",
    "/score/history",
    kinds=CITIZEN,
    scope=READ,
    summary="See each day on which my score changed, and why",
    query=PageQuerySchema,
    response=HistorySchema,
    example=examples.HISTORY,
    problems=NO_SCORE,
)
def read_my_history(
    *, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """List past changes, newest first, each day as it was known at its end."""
    found = _with_facts(session, principal, now, look_back)
    if isinstance(found, Refusal):
        return found
    opened_on, first, steps = found
    before = query["cursor"][0] if query["cursor"] else date.max.isoformat()
    wanted = [step for step in reversed(steps) if step.on.isoformat() < before]
    page = cut_page(wanted[: query["limit"] + 1], query["limit"], lambda step: (step.on.isoformat(),))
    return present_history(opened_on, first, page, current_notes().language)


@blueprint.operation(
    "GET",
    "/score/forecast",
    kinds=CITIZEN,
    scope=READ,
    summary="See each coming day on which my score changes if nothing new happens",
    response=ForecastSchema,
    example=examples.FORECAST,
    problems=NO_SCORE,
)
def read_my_forecast(*, principal: Principal, session: Session, now: datetime) -> dict[str, Any] | Refusal:
    """List coming changes over six years: lapses, clean years, announced rulebooks."""
    found = _with_facts(session, principal, now, look_ahead)
    return found if isinstance(found, Refusal) else present_forecast(*found, current_notes().language)


@blueprint.operation(
    "POST",
    "/score/what-if",
    kinds=CITIZEN,
    scope=READ,
    summary="See what my score would be with other records; nothing is stored",
    body=SuppositionSchema,
    body_example=examples.SUPPOSITION,
    response=SupposedScoreSchema,
    example=examples.SUPPOSED,
    repeats=Repeats.HARMLESS,
    writes=False,
    problems=NO_SCORE | {ProblemCode.SUPPOSITION_REFUSED},
)
def suppose_my_score(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, Any] | Refusal:
    """Compare today's score with what it would be; records are supposed by the catalogue's indicators and items."""
    added = [SupposedRecord(**record) for record in body["add"]]
    removed = [str(record_id) for record_id in body["remove"]]
    found = _with_facts(session, principal, now, lambda facts: suppose(facts, added=added, removed=removed))
    return found if isinstance(found, Refusal) else present_supposition(found, current_notes().language)


@blueprint.operation(
    "GET",
    "/score/route",
    kinds=CITIZEN,
    scope=READ,
    summary="See the smallest sets of actions that reach the next level",
    response=RouteSchema,
    example=examples.ROUTE,
    problems=NO_SCORE,
)
def read_my_route(*, principal: Principal, session: Session, now: datetime) -> dict[str, Any] | Refusal:
    """Give the ways to the next level with caps already used, and the day on which waiting alone gets there."""
    found = _with_facts(session, principal, now, find_route)
    return found if isinstance(found, Refusal) else present_route(found, current_notes().language)


@blueprint.operation(
    "DELETE",
    "/account",
    kinds=CITIZEN,
    scope="account:write",
    summary="Close my account: computing stops, the score is gone, statutory records stay",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    fresh=True,
    problems={ProblemCode.NOT_ENROLLED},
)
def close_my_account(*, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Close the account. It can be opened again at any time."""
    return leave(session, UUID(principal.id), because="closed", now=now) or Reply()


@blueprint.operation(
    "DELETE",
    "/account/consent",
    kinds=CITIZEN,
    scope="account:write",
    summary="Withdraw my consent to scoring, with the same effect as closing the account",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    fresh=True,
    problems={ProblemCode.NOT_ENROLLED},
)
def withdraw_my_consent(*, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Withdraw the consent. It can be given again at any time, by opening the account."""
    return leave(session, UUID(principal.id), because="consent_withdrawn", now=now) or Reply()


@blueprint.operation(
    "GET",
    "/rulebook",
    kinds={PrincipalKind.ANYONE},
    summary="Read the rulebook in force: every rule with its figures, its basis, and where they come from",
    response=RulebookSchema,
    example=examples.RULEBOOK,
)
def read_rulebook(*, now: datetime) -> dict[str, Any]:
    """Publish the rulebook: whoever is scored by rules may read them (PIPL Art. 24, 48)."""
    return present_rulebook(current_context().rules.rulebook_on(today(now)), current_notes().language)


def _with_facts(
    session: Session, principal: Principal, now: datetime, ask: Callable[[Facts], Found | Refusal]
) -> Found | Refusal:
    """Read the caller's own facts and ask them something, unless he has no score."""
    context = current_context()
    facts = read_facts(session, UUID(principal.id), rules=context.rules, sealer=context.sealer, now=now)
    return facts if isinstance(facts, Refusal) else ask(facts)
