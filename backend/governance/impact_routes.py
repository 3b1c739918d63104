"""What a draft would do: its impact on the city of today, and its shadow run beside the rules in force."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.governance import examples
from backend.governance.diary import Officer
from backend.governance.draft_views import Draft
from backend.governance.impacts import AttachedImpact, ask_impact, read_impact
from backend.governance.schemas import RuleDraftSchema, RuleImpactSchema, ShadowSchema
from backend.governance.shadows import Shadow, read_shadow, start_shadow, stop_shadow
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal

OPERATOR = {PrincipalKind.OPERATOR}
READ, WRITE = "rules:read", "rules:write"
_NEEDED = {
    ProblemCode.RULE_DRAFT_NOT_FOUND,
    ProblemCode.DRAFT_CLOSED,
    ProblemCode.DRAFT_NOT_CHECKED,
    ProblemCode.DRAFT_NOT_SOUND,
}

blueprint = Blueprint("rule-impacts", __name__, description="What a draft of rules would do to the city")


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/impacts",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Have the server measure what a draft would do to everybody in the city today",
    status=HTTPStatus.ACCEPTED,
    response=RuleDraftSchema,
    example=examples.ASKED,
    problems=_NEEDED,
    repeats=Repeats.BY_KEY,
)
def ask_rule_impact(*, draft_id: UUID, principal: Principal, session: Session, now: datetime) -> Draft | Refusal:
    """Leave it to a worker that has the files of the city; it takes a minute or two."""
    return ask_impact(session, draft_id, by=Officer.of(principal), city=current_context().city, now=now)


@blueprint.operation(
    "GET",
    "/rule-drafts/<uuid:draft_id>/impact",
    kinds=OPERATOR,
    scope=READ,
    summary="Read the impact report of a draft",
    response=RuleImpactSchema,
    example=examples.IMPACT,
    problems={ProblemCode.RULE_DRAFT_NOT_FOUND, ProblemCode.IMPACT_NOT_FOUND},
)
def get_rule_impact(*, draft_id: UUID, session: Session) -> AttachedImpact | Refusal:
    """Give the figures; `shangding governance impact` draws them."""
    return read_impact(session, draft_id)


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/shadow",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Run a draft beside the rules in force, night by night, without touching anybody's score",
    response=ShadowSchema,
    example=examples.SHADOW,
    problems=_NEEDED,
    repeats=Repeats.HARMLESS,
)
def start_rule_shadow(*, draft_id: UUID, principal: Principal, session: Session, now: datetime) -> Shadow | Refusal:
    """Start it, or let it go on; its figures begin with the next nightly run."""
    return start_shadow(session, draft_id, by=Officer.of(principal), now=now)


@blueprint.operation(
    "DELETE",
    "/rule-drafts/<uuid:draft_id>/shadow",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Stop running a draft beside the rules in force; its figures stay",
    response=ShadowSchema,
    example=examples.STOPPED_SHADOW,
    problems={ProblemCode.RULE_DRAFT_NOT_FOUND, ProblemCode.SHADOW_NOT_FOUND},
    repeats=Repeats.HARMLESS,
)
def stop_rule_shadow(*, draft_id: UUID, principal: Principal, session: Session, now: datetime) -> Shadow | Refusal:
    """Stop it; one that was stopped stays so."""
    return stop_shadow(session, draft_id, by=Officer.of(principal), now=now)


@blueprint.operation(
    "GET",
    "/rule-drafts/<uuid:draft_id>/shadow",
    kinds=OPERATOR,
    scope=READ,
    summary="Read what a draft would have done, day by day",
    response=ShadowSchema,
    example=examples.SHADOW,
    problems={ProblemCode.RULE_DRAFT_NOT_FOUND, ProblemCode.SHADOW_NOT_FOUND},
)
def get_rule_shadow(*, draft_id: UUID, session: Session) -> Shadow | Refusal:
    """Give the latest run of the draft."""
    return read_shadow(session, draft_id)
