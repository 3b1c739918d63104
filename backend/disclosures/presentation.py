"""From cities, consents and disclosures to what citizens read, in their language."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from backend.disclosures.consents import CityConsent
from backend.disclosures.previews import Disclosure, Preview
from backend.disclosures.score_cards import ScoreCard
from backend.disclosures.telling import Silence
from backend.disclosures.uses import UsedAway
from backend.gateways.rulebook_files import list_cities, read_city
from backend.gateways.scenario_files import find_scenario_folder, list_scenario_cities, read_folder
from backend.merchants.wording import choose
from backend.partners.open_cities import OpenCity
from backend.web.messages import Language, get_message
from scenarios.catalogue import Wording
from scenarios.treaty import Party, Scope, Treaty, TreatyPurpose

_HOUR_S = 3600


def present_city(found: OpenCity, home: str, language: Language) -> dict[str, Any]:
    """Shape a city with its treaty: everything that a person must know before he consents."""
    treaty, host = found.treaty, found.partner.code
    title, titles = choose(treaty.party(host).title, language), _list_titles(host)
    scenarios = treaty.list_scenarios(home=home, host=host)
    return {
        "city": host,
        "title": title,
        "receiver": _present_receiver(treaty.party(host), language),
        "treaty": present_treaty(treaty, language),
        "scopes": [_present_scope(scope, title, language) for scope in Scope if scope in treaty.scopes],
        "purposes": [_present_purpose(each, title, language) for each in TreatyPurpose if each in treaty.purposes],
        "scenarios": [
            {"code": code, "title": choose(titles[code], language) if code in titles else code} for code in scenarios
        ],
        "data_life_hours": int(treaty.data_life.total_seconds()) // _HOUR_S,
        "on_suspension": {
            "code": treaty.on_suspension,
            "text": get_message(f"exchange.suspension_{treaty.on_suspension}", language),
        },
    }


def present_treaty(treaty: Treaty, language: Language) -> dict[str, Any]:
    """Shape what is said of a treaty everywhere."""
    same = {name: getattr(treaty, name) for name in ("id", "version", "starts_on", "ends_on", "basis", "note")}
    return {**same, "title": choose(treaty.title, language)}


def present_preview(found: Preview, purpose: TreatyPurpose, language: Language) -> dict[str, Any]:
    """Shape what would leave, and why nothing would."""
    treaty, telling = found.found.treaty, found.telling
    title = choose(treaty.party(found.wanted.host).title, language)
    because = telling.because
    return {
        "city": found.wanted.host,
        "city_title": title,
        "receiver": _present_receiver(treaty.party(found.wanted.host), language),
        "treaty": present_treaty(treaty, language),
        "scope": _present_scope(found.wanted.scope, title, language),
        "purpose": _present_purpose(purpose, title, language),
        "content": telling.content,
        "until": telling.until,
        "is_consented": found.is_consented,
        "because": None if because is None else {"code": because, "text": word_silence(because, language)},
    }


def present_consent(consent: CityConsent, language: Language) -> dict[str, Any]:
    """Shape a consent with all that PIPL Art. 23 wants told: who receives what, for what, how and until when."""
    left_out = {"receiver", "purpose", "scope"}
    return {
        **{name: getattr(consent, name) for name in CityConsent.__slots__ if name not in left_out},
        "receiver": None if consent.receiver is None else _present_receiver(consent.receiver, language),
        "purpose": _present_purpose(consent.purpose, consent.city_title, language),
        "scope": _present_scope(consent.scope, consent.city_title, language),
    }


def present_disclosure(told: Disclosure, language: Language) -> dict[str, Any]:
    """Shape what a city was told, and what became of it."""
    left_out = {"told", "scope", "purpose"}
    return {
        **{name: getattr(told, name) for name in Disclosure.__slots__ if name not in left_out},
        "content": told.told,
        "scope": _present_scope(Scope(told.scope), told.city_title, language),
        "purpose": _present_purpose(TreatyPurpose(told.purpose), told.city_title, language),
    }


def present_use(use: UsedAway, titles: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Shape something that was used away; `titles` names the cities."""
    values = use._asdict()
    city = values.pop("partner")
    state_text = get_message(f"grant.state.{use.state}", language)
    return {**values, "state_text": state_text, "city": city, "city_title": titles.get(city, city)}


def present_card(card: ScoreCard, language: Language) -> dict[str, Any]:
    """Shape a card just made: what is signed, and what it says in clear."""
    title = choose(card.found.treaty.party(card.found.partner.code).title, language)
    return {
        "card_id": card.card_id,
        "consent_id": card.consent_id,
        "city": card.found.partner.code,
        "city_title": title,
        "purpose": _present_purpose(card.purpose, title, language),
        "scope": _present_scope(card.scope, title, language),
        "content": card.content,
        "card": card.text,
        "made_at": card.made_at,
        "expires_at": card.expires_at,
    }


def word_silence(because: Silence, language: Language) -> str:
    """Say why nothing is told."""
    return get_message(f"exchange.{because}", language)


def _present_receiver(party: Party, language: Language) -> dict[str, Any]:
    return {
        "authority": choose(party.authority, language),
        "contact": choose(party.contact, language),
        "method": get_message("exchange.method", language),
    }


def _present_scope(scope: Scope, city_title: str, language: Language) -> dict[str, Any]:
    return {"code": scope, "told": get_message(f"exchange.told_{scope}", language, city=city_title)}


def _present_purpose(purpose: TreatyPurpose, city_title: str, language: Language) -> dict[str, Any]:
    return {"code": purpose, "text": get_message(f"exchange.purpose_{purpose}", language, city=city_title)}


@cache
def _list_titles(city: str) -> Mapping[str, Wording]:
    """List what scenarios of another city are called, as far as its catalogue is shipped."""
    if city not in list_scenario_cities():
        return MappingProxyType({})
    rules = read_city(city) if city in list_cities() else None
    newest = read_folder(find_scenario_folder(city), rules).editions[-1]
    return MappingProxyType({code: scenario.title for code, scenario in newest.scenarios.items()})
