"""What a person lets another city be told: a consent of its own for each city, purpose and scope (PIPL Art. 23).

A consent to `entitlement` may be limited to one scenario. It is one to the terms of one version of the treaty: under
another it must be given anew. Withdrawing one ends all that was told on it, there too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.consents import MOST_DAYS
from backend.clock import today
from backend.disclosures.ending import end_resting_on
from backend.disclosures.person_tables import (
    find_person,
    list_city_consents,
    withdraw_city_consent,
)
from backend.disclosures.scopes import (
    CARD_PURPOSE,
    PURPOSE,
    RECIPIENT,
    list_roles,
    name_recipient,
    name_scope,
    name_terms,
    read_scope,
    read_terms,
)
from backend.disclosures.tables import withdraw_consents_to
from backend.disclosures.telling import Tools, Wanted, tell
from backend.partners.open_cities import OpenCity, find_open_city
from backend.partners.partners import find_partner, list_partners
from backend.partners.treaties import find_treaty, find_version, treaty_ends_at
from backend.people.tables import ConsentRow, add_consent, lock_subject, share_subject
from backend.scores.tables import keep_score
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Party, Scope, Treaty, TreatyPurpose

_PURPOSES = {name: purpose for names in (PURPOSE, CARD_PURPOSE) for purpose, name in names.items()}


class ConsentOrder(NamedTuple):
    """What a person lets a city be told: for a purpose, in a scope, of one scenario or of whatever the scope has."""

    city: str
    purpose: TreatyPurpose
    scope: Scope
    scenario: str | None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityConsent:
    """A consent as its giver sees it; `once` says that it came with a card and is good for nothing else.

    `is_outdated` says that another version of the treaty is in force than the one it was given under: it counts no
    more, and must be given anew. `receiver` is the other party as that version has it.
    """

    consent_id: UUID
    city: str
    city_title: str
    purpose: TreatyPurpose
    scope: Scope
    scenario: str | None
    treaty_id: str
    treaty_version: str
    is_outdated: bool
    once: bool
    receiver: Party | None
    given_at: datetime
    expires_at: datetime | None
    withdrawn_at: datetime | None


class WithdrawnFromCity(NamedTuple):
    """How much somebody has taken back from a city: consents that stood, and what was told on them and ended by it."""

    city: str
    city_title: str
    withdrawn_consents: int
    ended_disclosures: int


def find_wanted(found: OpenCity, order: ConsentOrder, *, home: str) -> Wanted | Refusal:
    """Say what an order comes to under the treaty; a Refusal `not_in_treaty` for what it does not have."""
    treaty = found.treaty
    given = treaty.list_scenarios(home=home, host=order.city)
    is_there = order.scenario is None or (order.scope is Scope.ENTITLEMENT and order.scenario in given)
    if not (is_there and order.scope in treaty.scopes and order.purpose in treaty.purposes):
        return Refusal(ProblemCode.NOT_IN_TREATY)
    asked = (given if order.scenario is None else (order.scenario,)) if order.scope is Scope.ENTITLEMENT else ()
    return Wanted(treaty, order.city, order.scope, asked)


def find_asked(found: OpenCity, order: ConsentOrder, *, home: str) -> Wanted | Refusal:
    """Say the same of what cities ask; `not_in_treaty` also for a scope that nobody asks for that purpose."""
    if not list_roles(order.scope, order.purpose):
        return Refusal(ProblemCode.NOT_IN_TREATY)
    return find_wanted(found, order, home=home)


def give_consent(
    session: Session, subject_id: UUID, order: ConsentOrder, *, tools: Tools, now: datetime
) -> CityConsent | Refusal:
    """Let a city be told something from now until a moment or until withdrawn.

    Refusals: `city_not_found` without a treaty in force, `not_in_treaty`, `window_refused` for an end that is over or
    years ahead. A person who has no account may consent as well: what is answered says nothing about that.
    """
    found = find_open_city(session, order.city, now=now)
    if found is None:
        return Refusal(ProblemCode.CITY_NOT_FOUND)
    wanted = find_asked(found, order, home=tools.city)
    if isinstance(wanted, Refusal):
        return wanted
    if order.expires_at is not None and not now < order.expires_at <= now + timedelta(days=MOST_DAYS):
        return Refusal(ProblemCode.WINDOW_REFUSED, {"most_days": MOST_DAYS})
    share_subject(session, subject_id)
    purpose = PURPOSE[order.purpose]
    row = put_consent(session, subject_id, order, treaty=found.treaty, purpose=purpose, now=now)
    _warm(session, subject_id, wanted, tools=tools, now=now)
    return _show(row, found.partner.title, in_force=found.treaty, agreed=found.treaty)


def put_consent(
    session: Session, subject_id: UUID, order: ConsentOrder, *, treaty: Treaty, purpose: str, now: datetime
) -> ConsentRow:
    """Add a consent that was given just now under a treaty, unchecked; `purpose` is as consents name it."""
    row = ConsentRow(
        subject_id=subject_id,
        consent_id=new_id(now),
        purpose=purpose,
        recipient=name_recipient(order.city),
        scope=name_scope(order.scope, order.scenario),
        agreement_version=name_terms(treaty),
        given_at=now,
        expires_at=order.expires_at,
        withdrawn_at=None,
    )
    add_consent(session, row)
    return row


def list_consents(
    session: Session, subject_id: UUID, *, before: UUID | None, limit: int, now: datetime
) -> list[CityConsent]:
    """List at most `limit` consents to cities, the newest first; only those before consent `before`, if given."""
    rows = list_city_consents(session, subject_id, purposes=list(_PURPOSES), before=before, limit=limit)
    return _show_all(session, rows, now)


def withdraw_consent(session: Session, subject_id: UUID, consent_id: UUID, *, now: datetime) -> CityConsent | Refusal:
    """Withdraw one consent; one that was withdrawn before stays as it is. Refusal: `consent_not_found`.

    What was told on it ends, and the city gets one notice that names all of it. Holds the person, so that no answer
    that rests on it can be on its way when this returns.
    """
    lock_subject(session, subject_id)
    row = withdraw_city_consent(session, subject_id, consent_id, purposes=list(_PURPOSES), now=now)
    if row is None:
        return Refusal(ProblemCode.CONSENT_NOT_FOUND)
    end_resting_on(session, subject_id, {consent_id}, about=consent_id, now=now)
    return _show_all(session, [row], now)[0]


def withdraw_from_city(session: Session, subject_id: UUID, city: str, *, now: datetime) -> WithdrawnFromCity | Refusal:
    """Withdraw all that a city may be told, cards included; what was told ends, and one notice names all of it.

    Also where there is no treaty with it any more. Refusal: `city_not_found` for a city that never was a partner.
    """
    partner = find_partner(session, city)
    if partner is None:
        return Refusal(ProblemCode.CITY_NOT_FOUND)
    lock_subject(session, subject_id)
    recipient = name_recipient(city)
    consents = withdraw_consents_to(session, subject_id, recipient, purposes=list(_PURPOSES), now=now)
    ended = end_resting_on(session, subject_id, consents, about=subject_id, now=now)
    return WithdrawnFromCity(city, partner.title, len(consents), ended)


def _warm(session: Session, subject_id: UUID, wanted: Wanted, *, tools: Tools, now: datetime) -> None:
    """Keep the score, so that how long the first answer takes does not tell whether there was much to compute."""
    person = find_person(session, subject_id, now=now)
    if person is None:
        return
    limits = dict.fromkeys(wanted.list_parts(), treaty_ends_at(wanted.treaty))
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, subject_id, telling.computed, now=now)


def _show_all(session: Session, rows: Sequence[ConsentRow], now: datetime) -> list[CityConsent]:
    titles = {partner.code: partner.title for partner in list_partners(session)}
    cities = [row.recipient.removeprefix(RECIPIENT) for row in rows]
    treaties = {city: find_treaty(session, city, today(now)) for city in set(cities)}
    versions = {name: find_version(session, *read_terms(name)) for name in {row.agreement_version for row in rows}}
    agreed = {name: None if found is None else found.treaty for name, found in versions.items()}
    return [
        _show(row, titles.get(city, ""), in_force=treaties[city], agreed=agreed[row.agreement_version])
        for row, city in zip(rows, cities, strict=True)
    ]


def _show(row: ConsentRow, city_title: str, *, in_force: Treaty | None, agreed: Treaty | None) -> CityConsent:
    treaty_id, treaty_version = read_terms(row.agreement_version)
    scope, scenario = read_scope(row.scope)
    city = row.recipient.removeprefix(RECIPIENT)
    return CityConsent(
        consent_id=row.consent_id,
        city=city,
        city_title=city_title or city,
        purpose=_PURPOSES[row.purpose],
        scope=scope,
        scenario=scenario,
        treaty_id=treaty_id,
        treaty_version=treaty_version,
        is_outdated=in_force is not None and name_terms(in_force) != row.agreement_version,
        once=row.purpose in CARD_PURPOSE.values(),
        receiver=None if agreed is None else agreed.party(city),
        given_at=row.given_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
    )
