"""What only a sandbox serves: its twenty people, what they do in the app, and its clock."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.card_signing import Signer, sign_card
from backend.benefits.cards import CardOrder
from backend.benefits.codes import OneTimeCode
from backend.benefits.judging import Tools
from backend.context import current_context
from backend.fulfilment.complaint_schemas import NewComplaintSchema
from backend.fulfilment.complaints import NewComplaint
from backend.fulfilment.proposal_schemas import OwnWordsSchema
from backend.merchants.wording import choose
from backend.principals import Principal, PrincipalKind
from backend.sandbox import examples
from backend.sandbox.moving import SandboxClock, move_to, read_clock
from backend.sandbox.people import (
    apply_at,
    confirm_for_owner,
    list_fixed_people,
    make_card_for,
    refuse_for_owner,
    show_code,
)
from backend.sandbox.promises import MadeComplaint, answer_as, complain_as, object_as
from backend.sandbox.schemas import (
    ApplicationAtMerchantSchema,
    CardAtMerchantSchema,
    ComplaintAtMerchantSchema,
    NewApplicationAtMerchantSchema,
    NewCardAtMerchantSchema,
    NewSandboxTimeSchema,
    NewShownCodeSchema,
    SandboxClockSchema,
    SandboxPeopleSchema,
    ShownCodeSchema,
)
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

MERCHANT = {PrincipalKind.MERCHANT}
VERIFY = "benefits:verify"
LIMIT = "6000/minute"  # what only moves a test along must not use up what is tested
# Each of them has somebody of the twenty in its path.
PERSON = frozenset({ProblemCode.PERSON_NOT_FOUND, ProblemCode.PERSON_UNKNOWN})

blueprint = Blueprint("sandbox", __name__, description="What only a sandbox serves", url_prefix="/sandbox")


@blueprint.operation(
    "GET",
    "/people",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="List the twenty people of the sandbox and what each is for; all of them are invented",
    response=SandboxPeopleSchema,
    example={"items": [examples.PERSON]},
)
def list_sandbox_people(*, session: Session) -> Reply:
    """List the fixed people by number."""
    language = current_notes().language
    items = [
        {
            "person_no": person.person_no,
            "name": person.name,
            "identity_number": person.identity_number,
            "purpose": choose(person.purpose, language),
        }
        for person in list_fixed_people(session)
    ]
    return Reply(value={"items": items}, headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/codes",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have a person show a code, as in the app",
    body=NewShownCodeSchema,
    body_example={"scenario": None, "merchant": "sandbox_merchant"},
    status=HTTPStatus.CREATED,
    response=ShownCodeSchema,
    example=examples.CODE,
    repeats=Repeats.HARMLESS,
    problems=PERSON | {ProblemCode.SCENARIO_NOT_FOUND, ProblemCode.MERCHANT_NOT_FOUND},
)
def make_sandbox_code(
    *, person_no: str, body: dict[str, Any], session: Session, now: datetime
) -> OneTimeCode | Refusal:
    """Make a code; one more does no harm, and a kept answer would keep the code."""
    return show_code(session, person_no, **body, tools=_tools(), now=now)


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/applications",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have a person apply in the app for a benefit that is held, at the calling merchant",
    body=NewApplicationAtMerchantSchema,
    body_example={"scenario": "library_card", "amount_fen": 10_000},
    status=HTTPStatus.CREATED,
    response=ApplicationAtMerchantSchema,
    example={"grant_id": "019a0000-0000-7000-8000-000000000002"},
    repeats=Repeats.BY_KEY,
    problems=PERSON | {ProblemCode.OFFER_NOT_FOUND, ProblemCode.CODE_NEEDED, ProblemCode.AMOUNT_REFUSED},
)
def apply_in_sandbox(
    *, person_no: str, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, UUID | None] | Refusal:
    """Apply; without a grant a merchant in the city would never hear of it."""
    applied = apply_at(session, person_no, merchant=principal.id, **body, tools=_tools(), now=now)
    return applied if isinstance(applied, Refusal) else {"grant_id": None if applied is None else applied.grant_id}


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/cards",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have a person make a benefit card for the gate of the calling merchant, as in the app",
    body=NewCardAtMerchantSchema,
    body_example={"scenario": "scenic_ticket", "minutes": 60},
    status=HTTPStatus.CREATED,
    response=CardAtMerchantSchema,
    example={"card": "e30.e30.c2lnbmF0dXJl"},
    repeats=Repeats.BY_KEY,
    problems=PERSON
    | {
        ProblemCode.SCENARIO_NOT_FOUND,
        ProblemCode.OFFER_NOT_FOUND,
        ProblemCode.CARD_NEEDS_GRANT,
        ProblemCode.TOO_MANY_CARDS,
    },
)
def make_sandbox_card(
    *, person_no: str, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, str | None] | Refusal:
    """Make a card and sign it."""
    context, order = current_context(), CardOrder(merchant=principal.id, **body)
    made = make_card_for(session, person_no, order, tools=_tools(), now=now)
    if isinstance(made, Refusal):
        return made
    signer = Signer(tokens=context.tokens, pseudonyms=context.pseudonyms, public_url=context.settings.public_url)
    return {"card": None if made is None else sign_card(made, signer, now=now).text}


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/complaints",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have a person complain about what came of a grant or a verification, as in the app",
    body=NewComplaintSchema,
    body_example=examples.NEW_COMPLAINT,
    status=HTTPStatus.CREATED,
    response=ComplaintAtMerchantSchema,
    example=examples.COMPLAINT,
    repeats=Repeats.BY_KEY,
    problems=PERSON | {ProblemCode.GRANT_NOT_FOUND, ProblemCode.COMPLAINT_ABOUT_NOTHING, ProblemCode.COMPLAINT_OPEN},
)
def complain_in_sandbox(
    *, person_no: str, body: dict[str, Any], session: Session, now: datetime
) -> MadeComplaint | Refusal:
    """Complain; the merchant reads and answers it as in the city."""
    return complain_as(session, person_no, NewComplaint(**body), sealer=current_context().sealer, now=now)


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/proposals/<uuid:proposal_id>/answers",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have the person of a report answer it, as in the app",
    body=OwnWordsSchema,
    body_example=examples.ANSWER,
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.BY_KEY,
    problems=PERSON | {ProblemCode.PROPOSAL_NOT_FOUND, ProblemCode.PROPOSAL_CLOSED},
)
def answer_in_sandbox(
    *, person_no: str, proposal_id: UUID, body: dict[str, Any], session: Session, now: datetime
) -> Refusal | None:
    """Answer; the merchant reads it with the report."""
    return answer_as(session, person_no, proposal_id, body["text"], sealer=current_context().sealer, now=now)


@blueprint.operation(
    "POST",
    "/people/<string(length=2):person_no>/proposals/<uuid:proposal_id>/objections",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have the person of a report object to it, as in the app",
    body=OwnWordsSchema,
    body_example=examples.OBJECTION,
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.BY_KEY,
    problems=PERSON | {ProblemCode.PROPOSAL_NOT_FOUND, ProblemCode.PROPOSAL_CLOSED, ProblemCode.OBJECTED_BEFORE},
)
def object_in_sandbox(
    *, person_no: str, proposal_id: UUID, body: dict[str, Any], session: Session, now: datetime
) -> Refusal | None:
    """Object; from now on nothing counts until a steward has decided, whom a sandbox has not."""
    return object_as(session, person_no, proposal_id, body["text"], sealer=current_context().sealer, now=now)


@blueprint.operation(
    "POST",
    "/asks/<uuid:verification_id>/confirmation",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have the person confirm an ask, as in the app",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.ASK_NOT_FOUND, ProblemCode.ASK_CLOSED},
)
def confirm_sandbox_ask(
    *, verification_id: UUID, principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """Confirm; the merchant reads or hears what came of it as in the city."""
    return confirm_for_owner(session, principal.id, verification_id, tools=_tools(), now=now)


@blueprint.operation(
    "POST",
    "/asks/<uuid:verification_id>/refusal",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Have the person decline an ask, as in the app",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.ASK_NOT_FOUND, ProblemCode.ASK_CLOSED},
)
def refuse_sandbox_ask(
    *, verification_id: UUID, principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """Decline; the ask stays pending until its time is over, as in the city."""
    return refuse_for_owner(session, principal.id, verification_id, tools=_tools(), now=now)


@blueprint.operation(
    "GET",
    "/clock",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Read what time it is in the sandbox",
    response=SandboxClockSchema,
    example=examples.CLOCK,
)
def get_sandbox_clock() -> SandboxClock:
    """Give the moved clock and that of the machine."""
    return read_clock(current_context().clock)


@blueprint.operation(
    "PUT",
    "/clock",
    kinds=MERCHANT,
    scope=VERIFY,
    limit=LIMIT,
    summary="Move the clock of the sandbox forward, ten years at most; what is due by then happens at once",
    body=NewSandboxTimeSchema,
    body_example={"now": "2027-01-01T12:00:00+08:00"},
    response=SandboxClockSchema,
    example=examples.CLOCK,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CLOCK_REFUSED, ProblemCode.UNAVAILABLE},
)
def move_sandbox_clock(*, body: dict[str, Any]) -> SandboxClock | Refusal:
    """Move the clock for everybody in the sandbox; access tokens end by it, too."""
    context = current_context()
    return move_to(context.database, body["now"], clock=context.clock, tools=_tools())


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
