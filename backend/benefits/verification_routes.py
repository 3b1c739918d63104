"""What merchants ask: by a one-time code at once, or by an identity number through the app of its owner."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits import verification_examples as examples
from backend.benefits.answers import Verification
from backend.benefits.asks import Question, ask
from backend.benefits.judging import Tools
from backend.benefits.probing import ProbeWindow, list_probes
from backend.benefits.scans import Scan
from backend.benefits.verification import read_verification, verify_code
from backend.benefits.verification_presentation import present_verification
from backend.benefits.verification_schemas import (
    NewAskSchema,
    NewVerificationSchema,
    OrderQuerySchema,
    ProbeListSchema,
    VerificationSchema,
)
from backend.clock import today
from backend.context import current_context
from backend.people.identity_numbers import IdentityFault, read_resident_id
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import Fault, Place, ProblemCode, Refusal
from backend.web.requests import current_notes

MERCHANT, OPERATOR = {PrincipalKind.MERCHANT}, {PrincipalKind.OPERATOR}
VERIFY = "benefits:verify"
MOST_PROBES = 100
_ASKED = {ProblemCode.ORDER_NO_REUSED, ProblemCode.AMOUNT_REFUSED, ProblemCode.TOO_MANY_MISSES}

blueprint = Blueprint("verifications", __name__, description="May this person have this benefit from me, now?")


@blueprint.operation(
    "POST",
    "/verifications",
    kinds=MERCHANT,
    scope=VERIFY,
    summary="Ask whether whoever showed this code gets a benefit, and give it at once",
    body=NewVerificationSchema,
    body_example=examples.NEW_VERIFICATION,
    response=VerificationSchema,
    example=examples.VERIFICATION,
    repeats=Repeats.HARMLESS,
    limit="60000/minute",
    problems=_ASKED | {ProblemCode.UNAVAILABLE},
)
def verify(*, body: dict[str, Any], principal: Principal, now: datetime) -> Reply | Refusal:
    """Answer a scan. A repeat under the same order_no is the same question, and gets the same answer."""
    scan = Scan(merchant=principal, **body)
    return _reply(verify_code(current_context().database, scan, tools=_tools(), now=now))


@blueprint.operation(
    "POST",
    "/asks",
    kinds=MERCHANT,
    scope=VERIFY,
    summary="Ask the owner of an identity number, who answers in the app",
    body=NewAskSchema,
    body_example=examples.NEW_ASK,
    status=HTTPStatus.ACCEPTED,
    response=VerificationSchema,
    example=examples.ASK,
    repeats=Repeats.HARMLESS,
    limit="600/minute",
    problems=_ASKED | {ProblemCode.UNAVAILABLE},
)
def ask_owner(*, body: dict[str, Any], principal: Principal, now: datetime) -> Reply | Refusal:
    """Put a question; the answer comes as an event, or is read under verification_id."""
    resident = read_resident_id(body["identity_number"], today=today(now))
    if isinstance(resident, IdentityFault):
        fault = Fault(place=Place.BODY, pointer="/identity_number", code=f"identity_{resident.code}")
        return Refusal(ProblemCode.INVALID_REQUEST, faults=(fault,))
    question = Question(merchant=principal, **{**body, "identity_number": resident.number})
    context = current_context()
    return _reply(ask(context.database, question, pseudonyms=context.pseudonyms, tools=_tools(), now=now))


@blueprint.operation(
    "GET",
    "/verifications/<uuid:verification_id>",
    kinds=MERCHANT,
    scope=VERIFY,
    summary="Read an answer of one's own again",
    response=VerificationSchema,
    example=examples.VERIFICATION,
    problems={ProblemCode.VERIFICATION_NOT_FOUND},
)
def get_verification(
    *, verification_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Give a verification as it stands; what came of a grant is told by the grant."""
    found = read_verification(
        session, principal.id, verification_id=verification_id, order_no=None, tools=_tools(), now=now
    )
    return _reply(found)


@blueprint.operation(
    "GET",
    "/verifications",
    kinds=MERCHANT,
    scope=VERIFY,
    summary="Read an answer of one's own again by the order it was about",
    query=OrderQuerySchema,
    response=VerificationSchema,
    example=examples.VERIFICATION,
    problems={ProblemCode.VERIFICATION_NOT_FOUND},
)
def get_verification_of_order(
    *, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Give the verification under a key of the merchant."""
    found = read_verification(
        session, principal.id, verification_id=None, order_no=query["order_no"], tools=_tools(), now=now
    )
    return _reply(found)


@blueprint.operation(
    "GET",
    "/probes",
    kinds=OPERATOR,
    scope="merchants:read",
    summary="List the newest ten minutes in which a merchant asked too much in vain",
    response=ProbeListSchema,
    example=examples.PROBES,
)
def list_noted_probes(*, session: Session) -> dict[str, list[ProbeWindow]]:
    """Give windows in which merchants were slowed down, the newest first."""
    return {"items": list_probes(session, limit=MOST_PROBES)}


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)


def _reply(found: Verification | Refusal) -> Reply | Refusal:
    if isinstance(found, Refusal):
        return found
    language = current_notes().language
    return Reply(value=present_verification(found, language), headers={"Content-Language": language.value})
