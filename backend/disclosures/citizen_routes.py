"""What a citizen lets other cities be told, what they were told, and what he used there."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.disclosures import examples
from backend.disclosures.consents import (
    CityConsent,
    ConsentOrder,
    give_consent,
    list_consents,
    withdraw_consent,
    withdraw_from_city,
)
from backend.disclosures.presentation import (
    present_card,
    present_city,
    present_consent,
    present_disclosure,
    present_preview,
    present_use,
    word_silence,
)
from backend.disclosures.previews import list_my_disclosures, preview
from backend.disclosures.schemas import (
    CityConsentPageSchema,
    CityConsentSchema,
    CityQuerySchema,
    ConsentPageQuerySchema,
    DisclosurePageSchema,
    ExchangeCityListSchema,
    ExchangePreviewSchema,
    MomentPageQuerySchema,
    MyScoreCardSchema,
    NewCityConsentSchema,
    NewScoreCardSchema,
    PreviewQuerySchema,
    UsedAwayPageSchema,
    WithdrawnFromCitySchema,
)
from backend.disclosures.score_cards import CardOrder, NothingToTell, make_score_card
from backend.disclosures.telling import Tools
from backend.disclosures.uses import list_my_uses
from backend.partners.open_cities import list_open_cities
from backend.partners.partners import list_partners
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from scenarios.treaty import Scope

CITIZEN = {PrincipalKind.CITIZEN}
READ, WRITE = "exchange:read", "exchange:write"

blueprint = Blueprint(
    "exchange_of_citizens", __name__, url_prefix="/exchange", description="What other cities are told about a citizen"
)


@blueprint.operation(
    "GET",
    "/cities",
    kinds=CITIZEN,
    scope=READ,
    summary="List the cities with a treaty in force, and what each may be told about me if I consent",
    response=ExchangeCityListSchema,
    example={"items": [examples.CITY]},
)
def list_exchange_cities(*, session: Session, now: datetime) -> Reply:
    """Give the cities and their treaties; the same for everybody."""
    home, language = current_context().city, current_notes().language
    return _reply({"items": [present_city(each, home, language) for each in list_open_cities(session, now=now)]})


@blueprint.operation(
    "GET",
    "/preview",
    kinds=CITIZEN,
    scope=READ,
    summary="See exactly what would leave if a city asked about me now and I consented",
    query=PreviewQuerySchema,
    response=ExchangePreviewSchema,
    example=examples.PREVIEW,
    problems={ProblemCode.CITY_NOT_FOUND, ProblemCode.NOT_IN_TREATY},
)
def preview_exchange(
    *, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Give what would leave; where it is nothing, why, which the city would not learn."""
    found = preview(session, UUID(principal.id), ConsentOrder(**query), tools=_tools(), now=now)
    if isinstance(found, Refusal):
        return found
    return _reply(present_preview(found, query["purpose"], current_notes().language))


@blueprint.operation(
    "GET",
    "/consents",
    kinds=CITIZEN,
    scope=READ,
    summary="List which cities I let be told what, the newest first",
    query=ConsentPageQuerySchema,
    response=CityConsentPageSchema,
    example={"items": [examples.CONSENT], "next_cursor": None},
)
def list_my_city_consents(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply:
    """Give a page of consents to cities, withdrawn and expired ones too."""
    limit, language = query["limit"], current_notes().language
    found = list_consents(session, UUID(principal.id), before=_read_id(query["cursor"]), limit=limit + 1, now=now)
    page = cut_page(found, limit, lambda consent: (str(consent.consent_id),))
    return _reply_page(page, [present_consent(each, language) for each in page.items])


@blueprint.operation(
    "POST",
    "/consents",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Let one city be told one thing for one purpose, until a moment or until withdrawn",
    body=NewCityConsentSchema,
    body_example=examples.NEW_CONSENT,
    status=HTTPStatus.CREATED,
    response=CityConsentSchema,
    example=examples.CONSENT,
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.CITY_NOT_FOUND, ProblemCode.NOT_IN_TREATY, ProblemCode.WINDOW_REFUSED},
)
def add_my_city_consent(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Give a consent of its own for this city, purpose and scope."""
    order = ConsentOrder(**body)
    return _reply_consent(give_consent(session, UUID(principal.id), order, tools=_tools(), now=now))


@blueprint.operation(
    "DELETE",
    "/consents/<uuid:city_consent_id>",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Withdraw one consent; what was told on it ends, and the city is told to delete it",
    response=CityConsentSchema,
    example=examples.CONSENT | {"withdrawn_at": "2026-11-23T04:00:00Z"},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CONSENT_NOT_FOUND},
)
def withdraw_my_city_consent(
    *, city_consent_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Withdraw it; no answer that rests on it leaves after this one."""
    return _reply_consent(withdraw_consent(session, UUID(principal.id), city_consent_id, now=now))


@blueprint.operation(
    "DELETE",
    "/consents",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Withdraw all that I let one city be told; what was told ends, and the city is told to delete it",
    query=CityQuerySchema,
    response=WithdrawnFromCitySchema,
    example=examples.WITHDRAWN,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CITY_NOT_FOUND},
)
def withdraw_all_from_city(
    *, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Withdraw all of it and say how much it was; a repeat finds nothing more."""
    found = withdraw_from_city(session, UUID(principal.id), query["city"], now=now)
    return found if isinstance(found, Refusal) else _reply(found._asdict())


@blueprint.operation(
    "GET",
    "/disclosures",
    kinds=CITIZEN,
    scope=READ,
    summary="See what other cities were told about me: when, for which case, until when, and what became of it",
    query=MomentPageQuerySchema,
    response=DisclosurePageSchema,
    example={"items": [examples.DISCLOSURE], "next_cursor": None},
)
def list_my_exchange_disclosures(*, query: dict[str, Any], principal: Principal, session: Session) -> Reply:
    """Give a page of what was told, the latest first; three years after its end it is forgotten."""
    limit, language = query["limit"], current_notes().language
    before = _read_position(query["cursor"])
    found = list_my_disclosures(session, UUID(principal.id), before=before, limit=limit + 1)
    page = cut_page(found, limit, lambda each: (each.told_at.isoformat(), str(each.question_id)))
    return _reply_page(page, [present_disclosure(each, language) for each in page.items])


@blueprint.operation(
    "GET",
    "/uses",
    kinds=CITIZEN,
    scope=READ,
    summary="See what I used in other cities, as they reported it",
    query=MomentPageQuerySchema,
    response=UsedAwayPageSchema,
    example={"items": [examples.USE], "next_cursor": None},
)
def list_my_uses_away(*, query: dict[str, Any], principal: Principal, session: Session) -> Reply:
    """Give a page of uses away, the latest first."""
    limit, language = query["limit"], current_notes().language
    titles = {partner.code: partner.title for partner in list_partners(session)}
    found = list_my_uses(session, UUID(principal.id), before=_read_position(query["cursor"]), limit=limit + 1)
    page = cut_page(found, limit, lambda each: (each.happened_at.isoformat(), str(each.use_id)))
    return _reply_page(page, [present_use(each, titles, language) for each in page.items])


@blueprint.operation(
    "POST",
    "/cards",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Make a score card to carry to one city, which reads it without asking here",
    body=NewScoreCardSchema,
    body_example=examples.NEW_CARD,
    status=HTTPStatus.CREATED,
    response=MyScoreCardSchema,
    example=examples.CARD,
    repeats=Repeats.BY_KEY,
    limit="30/minute",
    problems={
        ProblemCode.CITY_NOT_FOUND,
        ProblemCode.NOT_IN_TREATY,
        ProblemCode.TOO_MANY_CARDS,
        ProblemCode.NOTHING_TO_TELL,
        ProblemCode.EXCHANGE_OFF,
    },
)
def make_my_score_card(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Make a card; making it is the consent to tell this city this once, for as long as it lasts."""
    keys, language = current_context().exchange_keys, current_notes().language
    if keys is None:
        return Refusal(ProblemCode.EXCHANGE_OFF)
    order = CardOrder(**{**body, "scope": Scope(body["scope"])})
    card = make_score_card(session, UUID(principal.id), order, keys=keys, tools=_tools(), now=now)
    if isinstance(card, NothingToTell):
        return Refusal(ProblemCode.NOTHING_TO_TELL, {"why": word_silence(card.because, language)})
    return card if isinstance(card, Refusal) else _reply(present_card(card, language))


def _tools() -> Tools:
    context = current_context()
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer, pseudonyms=context.pseudonyms)


def _reply(value: dict[str, Any]) -> Reply:
    return Reply(value=value, headers={"Content-Language": current_notes().language.value})


def _reply_page(page: Page[Any], items: list[dict[str, Any]]) -> Reply:
    return _reply({"items": items, "next_cursor": page.next_cursor})


def _reply_consent(consent: CityConsent | Refusal) -> Reply | Refusal:
    if isinstance(consent, Refusal):
        return consent
    return _reply(present_consent(consent, current_notes().language))


def _read_id(cursor: tuple[str, ...] | None) -> UUID | None:
    """Read behind which consent a page begins; a cursor that no page gave begins anew."""
    try:
        return None if cursor is None else UUID(cursor[0])
    except ValueError:
        return None


def _read_position(cursor: tuple[str, ...] | None) -> tuple[datetime, UUID] | None:
    """Read behind which moment and id a page begins; a cursor that no page gave begins anew."""
    if cursor is None:
        return None
    try:
        moment, identifier = datetime.fromisoformat(cursor[0]).astimezone(UTC), UUID(cursor[1])
    except (ValueError, OverflowError):
        return None
    return moment, identifier
