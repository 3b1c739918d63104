"""The officers' view of partner cities, and stopping the exchange with one of them at once."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.partners import examples
from backend.partners.overview import PartnerState, TreatyState, describe_partners, describe_treaty, is_in_force
from backend.partners.schemas import NewTreatyWordSchema, PartnersSchema, TreatySchema
from backend.partners.treaties import AgreedTreaty, resume_treaty, suspend_treaty
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal

OPERATOR = {PrincipalKind.OPERATOR}
READ, WRITE = "exchange:read", "exchange:write"
SMALL_BODY_LIMIT = 4 * 1024

blueprint = Blueprint("partners", __name__, description="Partner cities and treaties, as officers see them")


@blueprint.operation(
    "GET",
    "/partners",
    kinds=OPERATOR,
    scope=READ,
    summary="List partner cities with their treaties, what waits for them and when they answered last",
    response=PartnersSchema,
    example={"items": [examples.PARTNER]},
)
def list_partner_cities(*, session: Session, now: datetime) -> dict[str, list[PartnerState]]:
    """Give all partners, ended ones too; they are few."""
    return {"items": describe_partners(session, now)}


@blueprint.operation(
    "POST",
    "/treaty-suspensions",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Suspend a treaty at once; the partner city is told",
    body=NewTreatyWordSchema,
    body_example=examples.NEW_TREATY_WORD,
    body_limit=SMALL_BODY_LIMIT,
    response=TreatySchema,
    example=examples.SUSPENDED_TREATY,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.TREATY_NOT_FOUND},
)
def suspend_signed_treaty(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> TreatyState | Refusal:
    """Suspend a version; the first suspension stays. One whose first day is still to come begins suspended."""
    city = current_context().settings.city
    return _describe(session, suspend_treaty(session, **body, city=city, by=principal.id, now=now), now)


@blueprint.operation(
    "POST",
    "/treaty-resumptions",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Resume a treaty that this city has suspended; the partner city is told",
    body=NewTreatyWordSchema,
    body_example=examples.NEW_TREATY_WORD,
    body_limit=SMALL_BODY_LIMIT,
    response=TreatySchema,
    example=examples.TREATY,
    repeats=Repeats.HARMLESS,
    problems={
        ProblemCode.TREATY_NOT_FOUND,
        ProblemCode.NOT_SUSPENDED,
        ProblemCode.PARTNER_ENDED,
        ProblemCode.TREATY_SUSPENDED_BY_PARTNER,
    },
)
def resume_signed_treaty(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> TreatyState | Refusal:
    """Resume a version; where the partner has suspended it too, it stays so."""
    city = current_context().settings.city
    return _describe(session, resume_treaty(session, **body, city=city, by=principal.id, now=now), now)


def _describe(session: Session, agreed: AgreedTreaty | Refusal, now: datetime) -> TreatyState | Refusal:
    if isinstance(agreed, Refusal):
        return agreed
    return describe_treaty(agreed, is_in_force=is_in_force(session, agreed, now))
