"""Score cards: a person carries his level or score to one city himself, for minutes or a day.

Making one is the consent to tell that city this once. What the card says is on record like an answer, so that it is put
right or withdrawn there like one: its id takes the place of the question's.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.disclosures.consents import ConsentOrder, find_wanted, put_consent
from backend.disclosures.looks import CARD, ExchangeLook, note_exchange_look
from backend.disclosures.person_tables import find_person
from backend.disclosures.scopes import CARD_PURPOSE, find_limit, name_recipient
from backend.disclosures.tables import DisclosureRow, count_live_cards
from backend.disclosures.telling import Content, Silence, Tools, tell
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.score_cards import sign_score_card
from backend.partners.city_keys import find_sealing_key
from backend.partners.open_cities import OpenCity, find_open_city
from backend.partners.sealed_persons import seal_person
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import SubjectRow, lock_subject
from backend.scores.tables import keep_score
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Role, Scope, TreatyPurpose

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 1440
MOST_LIVE = 5
SCOPES = frozenset({Scope.LEVEL, Scope.SCORE})
VISITOR = "visitor"


class CardOrder(NamedTuple):
    """For which city a person wants a card, what it should say, how long it should be good, and what for.

    With `benefit` that city may give what the treaty has for him; with `own_view` it may show him what it says.
    """

    city: str
    scope: Scope
    minutes: int
    purpose: TreatyPurpose = TreatyPurpose.OWN_VIEW


class NothingToTell(NamedTuple):
    """No card, and why; for the person alone."""

    because: Silence


class ScoreCard(NamedTuple):
    """A card just made: its text is signed here and kept nowhere. `content` is what it says."""

    card_id: UUID
    found: OpenCity
    consent_id: UUID
    purpose: TreatyPurpose
    scope: Scope
    content: Content
    text: str
    made_at: datetime
    expires_at: datetime


def make_score_card(
    session: Session, subject_id: UUID, order: CardOrder, *, keys: ExchangeKeys, tools: Tools, now: datetime
) -> ScoreCard | NothingToTell | Refusal:
    """Make a card for one city; making it is the consent to tell it this, for as long as the card is good.

    Refusals: `city_not_found`, `not_in_treaty`, `too_many_cards`, `unavailable` while nothing can be sealed to the
    city. An unknown subject is a LookupError.
    """
    found = find_open_city(session, order.city, now=now)
    if found is None:
        return Refusal(ProblemCode.CITY_NOT_FOUND)
    ends_at = now.replace(microsecond=0) + timedelta(minutes=order.minutes)
    consented = ConsentOrder(order.city, order.purpose, order.scope, None, ends_at)
    wanted = find_wanted(found, consented, home=tools.city)
    if isinstance(wanted, Refusal) or order.scope not in SCOPES:
        return Refusal(ProblemCode.NOT_IN_TREATY)
    subject = lock_subject(session, subject_id)
    person = find_person(session, subject_id, now=now)
    if subject is None or person is None:
        raise LookupError(f"there is no subject {subject_id}; only who has signed in can make a card")
    if count_live_cards(session, subject_id, now) >= MOST_LIVE:
        return Refusal(ProblemCode.TOO_MANY_CARDS, {"most": MOST_LIVE})
    limits = {order.scope.value: find_limit(found.treaty, ends_at, now)}
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, subject_id, telling.computed, now=now)
    if telling.because is not None:
        return NothingToTell(telling.because)
    card_id = new_id(now)
    person_sealed = _seal_person(session, subject, order.city, card_id, tools)
    if person_sealed is None:
        return Refusal(ProblemCode.UNAVAILABLE)
    claims = {
        "aud": name_recipient(order.city),
        "sub": tools.pseudonyms.name_for(name_recipient(order.city), subject_id=subject_id),
        "jti": str(card_id),
        "treaty": {"id": found.treaty.id, "version": found.treaty.version, "digest": found.treaty.digest},
        "purpose": order.purpose.value,
        "scope": order.scope.value,
        "content": telling.content,
        "person": person_sealed,
    }
    until = limits[order.scope.value]
    signed = sign_score_card(claims, keys=keys, home=tools.city, now=now, until=until)
    purpose = CARD_PURPOSE[order.purpose]
    consent = put_consent(session, subject_id, consented, treaty=found.treaty, purpose=purpose, now=now)
    made = ScoreCard(
        card_id=card_id,
        found=found,
        consent_id=consent.consent_id,
        purpose=order.purpose,
        scope=order.scope,
        content=telling.content,
        text=signed.text,
        made_at=now,
        expires_at=signed.expires_at,
    )
    _note(session, subject, made, now=now)
    return made


def _seal_person(session: Session, subject: SubjectRow, city: str, card_id: UUID, tools: Tools) -> str | None:
    """Seal who the card is of to the city that it is for; None while no key of that city is known."""
    key = find_sealing_key(session, city)
    if key is None:
        return None
    number = tools.sealer.open(subject.identity_sealed, subject_id=subject.subject_id, field=IDENTITY_FIELD)
    return seal_person(number, key, question_id=card_id, sender=tools.city)


def _note(session: Session, subject: SubjectRow, made: ScoreCard, *, now: datetime) -> None:
    """Note what the city may learn by the card; whether it ever saw it nobody knows."""
    found = made.found
    row = DisclosureRow(
        subject_id=subject.subject_id,
        question_id=made.card_id,
        partner=found.partner.code,
        treaty_id=found.treaty.id,
        treaty_version=found.treaty.version,
        via=CARD,
        scope=made.scope.value,
        scenarios={"asked": [], "rests_on": {made.scope.value: str(made.consent_id)}},
        purpose=made.purpose.value,
        role=Role.CITIZEN.value,
        acting=VISITOR,
        consent_id=made.consent_id,
        told=made.content,
        told_at=now,
        until=made.expires_at,
        checked_version=subject.facts_version,
        checked_on=today(now),
    )
    session.add(row)
    session.flush()
    look = ExchangeLook(
        partner=row.partner,
        title=found.partner.title,
        role=row.role,
        acting=VISITOR,
        told=CARD,
        scope=row.scope,
        purpose=row.purpose,
        question_id=made.card_id,
        case_no=None,
        consent_id=made.consent_id,
    )
    note_exchange_look(session, subject.subject_id, look, now=now)
