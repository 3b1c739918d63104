"""Benefit cards: what a person shows at a gate that has no network, for one merchant, for minutes or a day.

A card is made like a benefit that is given at once: whoever gets one has been judged, has consented, and has taken his
place for good, because nobody can know afterwards whether a gate has seen it. It says what is given and to whom only in
the sense that the same person has the same pseudonym with the same merchant; nothing of the score is in it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer
from backend.benefits.card_tables import (
    CardEnd,
    FoundCard,
    add_card,
    count_live_cards,
    end_card_row,
    find_card,
    list_cards,
)
from backend.benefits.consents import put_consent, withdraw_consent
from backend.benefits.judging import Cause, Offer, Order, Tools, find_offer, judge
from backend.benefits.looks import Told, note_look
from backend.benefits.wording import word_offered
from backend.clock import today
from backend.gateways.status_lists import BITS
from backend.grants.grant import Grant, Via
from backend.people.tables import lock_subject
from backend.principals import Principal, PrincipalKind
from backend.storage.identifiers import new_id
from backend.web.messages import Language
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import ScenarioCatalogue

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 1440
MOST_LIVE = 10
LISTS = 100
TRIES_A_LIST = 4


class NoPlaceError(Exception):
    """All status lists are as good as full: far more cards are live than a city makes in a day."""


class CardOrder(NamedTuple):
    """What a person wants a card for, and for how long."""

    scenario: str
    merchant: str
    minutes: int


class NotGiven(NamedTuple):
    """No card, and why not; for the person alone."""

    cause: Cause
    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as its owner sees it. `terms` is what it says that he gets; `ended_because` why it ended before its time.

    Its bit stands at `place` of the status list `list_no`.
    """

    subject_id: UUID
    card_id: UUID
    merchant: str
    merchant_name: str
    scenario: str
    terms: Mapping[str, Any]
    list_no: int
    place: int
    made_at: datetime
    expires_at: datetime
    ended_because: CardEnd | None

    def is_good(self, now: datetime) -> bool:
        """Tell whether a gate should open for it."""
        return self.ended_because is None and now < self.expires_at


def make_card(
    session: Session, subject_id: UUID, order: CardOrder, *, tools: Tools, now: datetime
) -> Card | NotGiven | Refusal:
    """Make a card for whoever gets the benefit now; making it is the consent to tell this merchant, for its window.

    Refusals: `scenario_not_found`, `card_needs_grant` for a benefit that is held, `offer_not_found`, `too_many_cards`.
    An unknown subject is a LookupError.
    """
    refusal = _find_refusal(order, tools.find_catalogue(now))
    if refusal is not None:
        return refusal
    subject = lock_subject(session, subject_id)
    if subject is None:
        raise LookupError(f"there is no subject {subject_id}; only who has signed in can make a card")
    offer = find_offer(session, order.merchant, order.scenario, catalogue=tools.find_catalogue(now), now=now)
    if offer is None:
        return Refusal(ProblemCode.OFFER_NOT_FOUND)
    if count_live_cards(session, subject_id, now) >= MOST_LIVE:
        return Refusal(ProblemCode.TOO_MANY_CARDS, {"most": MOST_LIVE})
    card_id = new_id(now)
    asked = Order(order_no=f"card-{card_id}", amount_fen=None, via=Via.CARD, clerk=None)
    outcome = judge(session, subject_id, offer, asked, consents=True, tools=tools, now=now).outcome
    if not isinstance(outcome, Grant):
        return NotGiven(outcome, offer)
    expires_at = now.replace(microsecond=0) + timedelta(minutes=order.minutes)
    consent = put_consent(
        session, subject_id, merchant=order.merchant, scenario=order.scenario, expires_at=expires_at, now=now, once=True
    )
    values = {
        "subject_id": subject_id,
        "card_id": card_id,
        "merchant": order.merchant,
        "scenario": order.scenario,
        "terms": describe_terms(offer),
        "consent_id": consent.consent_id,
        "grant_id": outcome.grant_id,
        "made_at": now,
        "expires_at": expires_at,
        "facts_version": subject.facts_version,
        "checked_on": today(now),
    }
    _take_place(session, values)
    _tell(session, outcome, offer, consent_id=consent.consent_id, now=now)
    found = find_card(session, subject_id, card_id, now)
    if found is None:
        raise LookupError(f"card {card_id} was added and is not there")
    return _show(found)


def list_my_cards(session: Session, subject_id: UUID, *, limit: int, now: datetime) -> list[Card]:
    """List at most `limit` cards of a person, the newest first; those that expired a day ago are forgotten."""
    return [_show(found) for found in list_cards(session, subject_id, now, limit=limit)]


def read_card(session: Session, subject_id: UUID, card_id: UUID, *, now: datetime) -> Card | Refusal:
    """Read a card of a person; a Refusal `card_not_found`."""
    found = find_card(session, subject_id, card_id, now)
    return Refusal(ProblemCode.CARD_NOT_FOUND) if found is None else _show(found)


def end_card(session: Session, subject_id: UUID, card_id: UUID, *, now: datetime) -> Refusal | None:
    """End a card before its time, and the consent with it; once more changes nothing. Refusal: `card_not_found`."""
    lock_subject(session, subject_id)
    found = find_card(session, subject_id, card_id, now)
    if found is None:
        return Refusal(ProblemCode.CARD_NOT_FOUND)
    end_card_row(session, subject_id, card_id, because=CardEnd.CITIZEN, now=now)
    withdraw_consent(session, subject_id, found.row.consent_id, now=now)
    return None


def describe_terms(offer: Offer) -> dict[str, object]:
    """Say what is given in the words of the scenario, with the figures of the contract where it sets them."""
    benefit = offer.benefit
    figures = {"charged_percent": benefit.charged_percent, "free_minutes": benefit.free_minutes}
    given = {name: figure for name, figure in figures.items() if figure is not None}
    told = {"zh": Language.CHINESE, "en": Language.ENGLISH}
    words = {name: word_offered(offer.scenario.benefit, benefit, language) for name, language in told.items()}
    return {"kind": benefit.kind.value, **given, **words}


def _find_refusal(order: CardOrder, catalogue: ScenarioCatalogue | None) -> Refusal | None:
    scenario = None if catalogue is None else catalogue.scenarios.get(order.scenario)
    if scenario is None:
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    return Refusal(ProblemCode.CARD_NEEDS_GRANT) if scenario.benefit.is_held else None


def _take_place(session: Session, values: dict[str, object]) -> None:
    """Take a place by chance on the first list that has room, so that a place tells nothing.

    A list counts as full when four places in a row were taken; the next one is tried then.
    """
    for attempt in range(LISTS * TRIES_A_LIST):
        place = {"list_no": attempt // TRIES_A_LIST, "place": secrets.randbelow(BITS)}
        if add_card(session, {**values, **place}):
            return
    raise NoPlaceError(f"no place in {LISTS} status lists; purge cards, or raise their number")


def _tell(session: Session, grant: Grant, offer: Offer, *, consent_id: UUID, now: datetime) -> None:
    """Note what the merchant may learn by the card; whether a gate ever saw it nobody knows."""
    told = Told(
        via=Via.CARD,
        scenario=grant.scenario,
        about=grant.grant_id,
        answer=Answer.GRANTED,
        because=None,
        consent_id=consent_id,
    )
    merchant = Principal(kind=PrincipalKind.MERCHANT, id=grant.merchant)
    note_look(session, grant.subject_id, told, principal=merchant, name=offer.contract.merchant_name, now=now)


def _show(found: FoundCard) -> Card:
    row = found.row
    return Card(
        subject_id=row.subject_id,
        card_id=row.card_id,
        merchant=row.merchant,
        merchant_name=found.merchant_name,
        scenario=row.scenario,
        terms=row.terms,
        list_no=row.list_no,
        place=row.place,
        made_at=row.made_at,
        expires_at=row.expires_at,
        ended_because=found.ended,
    )
