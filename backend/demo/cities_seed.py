"""Fills the three cities: people with a past, a merchant each, and what makes the cities partners of one another."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import permutations

from backend.clock import today
from backend.demo.cities_cast import SHOPS, list_travellers
from backend.demo.cities_place import CityPlace
from backend.demo.performance import Performer
from backend.demo.shops import open_shop
from backend.demo.steps import HAND_IN_UTC, HandInBatch, Step, moment_of
from backend.demo.stories import Teller
from backend.demo.timeline import find_first_day
from backend.demo.workplace import DemoError
from backend.gateways.treaty_files import TreatyDocument, read_treaties
from backend.partners.city_keys import note_own_keys, store_keys
from backend.partners.partners import register_partner
from backend.partners.treaties import add_treaty
from backend.partners.treaty_signing import Signatures, sign_treaty
from backend.records.departments import register_departments
from backend.records.receipts import Outcome
from scenarios.catalogue import Wording
from scenarios.treaty import OPEN
from scenarios.treaty_document import read_treaty
from scoring.days import ONE_DAY

STEWARD = "demo"
INVENTED = {
    "authority": Wording(zh="演示信用中心（虚构）", en="Credit centre of the demo (invented)"),
    "contact": Wording(zh="演示热线0000-0000（虚构）", en="Phone 0000-0000 (invented)"),
}


def seed_people(city: CityPlace, *, now: datetime) -> None:
    """Let the people of a city have a past there, and its merchant contracts, through the ordinary use cases."""
    context = city.context
    with context.database.transaction() as session:
        for edition in context.rules.editions:
            register_departments(session, edition.catalogue)
        performer = Performer(session, context)
        for step in sorted(_tell(city, now), key=lambda step: step.at):
            performer.perform(step)
            session.expunge_all()
        open_shop(session, SHOPS[city.code], context.benefits, by=STEWARD, now=now)
    refused = {code: count for code, count in performer.receipts.items() if code != Outcome.ACCEPTED}
    if refused:
        raise DemoError(f"{city.code} does not take the records of its people: {refused}")


def _tell(city: CityPlace, now: datetime) -> Iterator[Step]:
    rules, day = city.context.rules, today(now) - ONE_DAY
    teller = Teller(catalogue=rules.catalogue_on(day), first_day=find_first_day(rules, day), day=day)
    for traveller, person in list_travellers(day):
        if traveller.home != city.code or not traveller.is_known:
            continue
        yield from teller.tell_steps(traveller.persona, person)
        for each in teller.tell_deeds(traveller.persona, person):
            yield HandInBatch(moment_of(min(day, each.on), HAND_IN_UTC), each.department, (each.row,))


def introduce_all(cities: Mapping[str, CityPlace], *, now: datetime) -> None:
    """Register each city as the partner of the others, with the public keys that were brought along."""
    for city, partner in permutations(cities.values(), 2):
        keys, own = partner.context.exchange_keys, city.context.exchange_keys
        if keys is None or own is None:
            raise DemoError("a city has no exchange keys")
        with city.context.database.transaction() as session:
            register_partner(
                session,
                partner.code,
                title=partner.title,
                url=partner.place.service_url,
                city=city.code,
                by=STEWARD,
                now=now,
            )
            store_keys(session, partner.code, json.dumps({"keys": keys.describe(now)}), now=now)
            note_own_keys(session, city.code, own, now=now)


def _name_parties(document: TreatyDocument) -> TreatyDocument:
    """Fill in, with invented names, who processes for each city: the shipped proposals leave that open."""
    text = document.text
    for key, named in INVENTED.items():
        text = text.replace(_write(key, OPEN), _write(key, named))
    return TreatyDocument(document.name, text, read_treaty(text, document.name))


def _write(key: str, wording: Wording) -> str:
    return f'{key} = {{ zh = "{wording.zh}", en = "{wording.en}" }}'


def sign_all(cities: Mapping[str, CityPlace], *, now: datetime) -> list[TreatyDocument]:
    """Let both cities sign each shipped treaty between two of them, and put it into force in both."""
    signed = []
    for document in map(_name_parties, read_treaties()):
        parties = document.treaty.cities
        if not set(parties) <= set(cities):
            continue
        signatures = {code: sign_treaty(document.text, cities[code].find_signer(now)) for code in parties}
        for ours, theirs in permutations(parties, 2):
            context = cities[ours].context
            with context.database.transaction() as session:
                add_treaty(
                    session,
                    document.text,
                    Signatures(signatures[ours], signatures[theirs]),
                    city=ours,
                    rulebook=context.rules.rulebook_on(today(now)),
                    by=STEWARD,
                    now=now,
                )
        signed.append(document)
    return signed
