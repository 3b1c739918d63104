"""Benefit cards: a citizen makes, shows and ends them; everybody reads the status lists that tell which ended."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits import card_examples as examples
from backend.benefits.card_ending import list_ended, list_numbers
from backend.benefits.card_schemas import (
    MOST_LISTED,
    CardListSchema,
    ImageQuerySchema,
    NewCardSchema,
    ShownCardSchema,
    StatusListsSchema,
)
from backend.benefits.card_signing import (
    LIST_DIGITS,
    STATUS_PATH,
    Signer,
    name_list,
    sign_card,
    sign_list,
)
from backend.benefits.cards import LISTS, Card, CardOrder, NotGiven, end_card, list_my_cards, make_card, read_card
from backend.benefits.code_images import ImageKind, draw_code
from backend.benefits.judging import Tools
from backend.benefits.wording import Explainer
from backend.clock import today
from backend.context import current_context
from backend.gateways.status_lists import LIST_MEDIA_TYPE
from backend.merchants.wording import choose
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

CITIZEN, ANYONE = {PrincipalKind.CITIZEN}, {PrincipalKind.ANYONE}
READ, WRITE = "benefits:read", "benefits:write"

blueprint = Blueprint("cards", __name__, description="Benefit cards for gates without network, and their status lists")


@blueprint.operation(
    "POST",
    "/cards",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Make a benefit card that a merchant's gate reads without network",
    body=NewCardSchema,
    body_example=examples.NEW_CARD,
    status=HTTPStatus.CREATED,
    response=ShownCardSchema,
    example=examples.SHOWN_CARD,
    repeats=Repeats.BY_KEY,
    limit="30/minute",
    problems={
        ProblemCode.SCENARIO_NOT_FOUND,
        ProblemCode.OFFER_NOT_FOUND,
        ProblemCode.CARD_NEEDS_GRANT,
        ProblemCode.TOO_MANY_CARDS,
        ProblemCode.BENEFIT_REFUSED,
    },
)
def make_my_card(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Judge as for any benefit; making the card is the consent to tell this merchant, for as long as it lasts."""
    order = CardOrder(scenario=body["scenario"], merchant=body["merchant"], minutes=body["minutes"])
    card = make_card(session, UUID(principal.id), order, tools=_tools(), now=now)
    if isinstance(card, NotGiven):
        return _refuse(card, now)
    if isinstance(card, Refusal):
        return card
    headers = {"Location": f"/v1/cards/{card.card_id}"}
    return Reply(value=_show_signed(card, body["image"], now), headers=headers)


@blueprint.operation(
    "GET",
    "/cards",
    kinds=CITIZEN,
    scope=READ,
    summary="List my benefit cards, the newest first; a day after its end a card is forgotten",
    response=CardListSchema,
    example={"items": [examples.CARD]},
)
def list_cards_of_mine(*, principal: Principal, session: Session, now: datetime) -> dict[str, object]:
    """List cards without what a gate reads."""
    cards = list_my_cards(session, UUID(principal.id), limit=MOST_LISTED, now=now)
    return {"items": [_show(card, now) for card in cards]}


@blueprint.operation(
    "GET",
    "/cards/<uuid:card_id>",
    kinds=CITIZEN,
    scope=READ,
    summary="Show one of my benefit cards again, signed anew",
    query=ImageQuerySchema,
    response=ShownCardSchema,
    example=examples.SHOWN_CARD,
    problems={ProblemCode.CARD_NOT_FOUND},
)
def get_my_card(
    *, card_id: UUID, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, object] | Refusal:
    """Give a card; one that is good no more comes without its signed text."""
    card = read_card(session, UUID(principal.id), card_id, now=now)
    return card if isinstance(card, Refusal) else _show_signed(card, query["image"], now)


@blueprint.operation(
    "DELETE",
    "/cards/<uuid:card_id>",
    kinds=CITIZEN,
    scope=WRITE,
    summary="End a benefit card before its time; gates learn it from the status list",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CARD_NOT_FOUND},
)
def delete_my_card(*, card_id: UUID, principal: Principal, session: Session, now: datetime) -> Refusal | None:
    """End a card and the consent that came with it; the place that it took is not given back."""
    return end_card(session, UUID(principal.id), card_id, now=now)


@blueprint.operation(
    "GET",
    STATUS_PATH.removeprefix("/v1"),
    kinds=ANYONE,
    summary="List the status lists in use, for gates that fetch all of them",
    response=StatusListsSchema,
    example=examples.STATUS_LISTS,
)
def list_status_lists(*, session: Session) -> dict[str, object]:
    """Give the URIs of the lists; the first one is always there."""
    public_url = current_context().settings.public_url
    return {"status_lists": [name_list(public_url, list_no) for list_no in list_numbers(session)]}


@blueprint.operation(
    "GET",
    f"{STATUS_PATH.removeprefix('/v1')}/<string(length={LIST_DIGITS}):list_no>",
    kinds=ANYONE,
    summary="Read a status list: a signed list of bits, of which one is set for each card that ended early",
    media_type=LIST_MEDIA_TYPE,
    example="e30.e30.c2lnbmF0dXJl",
)
def get_status_list(*, list_no: str, session: Session, now: datetime) -> Reply | Refusal:
    """Compute a list from the cards as they stand; it tells neither whose a place is nor whether it is taken."""
    if not (list_no.isascii() and list_no.isdigit() and int(list_no) < LISTS):
        return Refusal(ProblemCode.NOT_FOUND)
    number = int(list_no)
    token = sign_list(number, list_ended(session, number, tools=_tools(), now=now), _signer(), now=now)
    return Reply(value=token.text, version=token.version)


def _refuse(not_given: NotGiven, now: datetime) -> Refusal:
    context, offer, language = current_context(), not_given.offer, current_notes().language
    rulebook = context.rules.rulebook_on(today(now))
    explainer = Explainer(catalogue=offer.catalogue, rulebook=rulebook, language=language)
    values = {
        "why": explainer.explain(not_given.cause, offer.scenario),
        "otherwise": choose(offer.scenario.otherwise, language),
    }
    return Refusal(ProblemCode.BENEFIT_REFUSED, values)


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)


def _signer() -> Signer:
    context = current_context()
    return Signer(tokens=context.tokens, pseudonyms=context.pseudonyms, public_url=context.settings.public_url)


def _show(card: Card, now: datetime) -> dict[str, object]:
    return {
        "card_id": card.card_id,
        "merchant": card.merchant,
        "merchant_name": card.merchant_name,
        "scenario": card.scenario,
        "benefit": card.terms,
        "made_at": card.made_at,
        "expires_at": card.expires_at,
        "is_good": card.is_good(now),
        "ended_because": card.ended_because,
    }


def _show_signed(card: Card, image: ImageKind, now: datetime) -> dict[str, object]:
    text = sign_card(card, _signer(), now=now).text if card.is_good(now) else None
    drawn = None if text is None else draw_code(text, image)
    return {**_show(card, now), "card": text, "image": drawn}
