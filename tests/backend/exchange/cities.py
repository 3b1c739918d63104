"""Several whole cities in one process: each its own application, database, keys and rules, and a network between them.

    with running_cities({"zhengzhou": url, "hangzhou": other_url}) as cities:
        cities["hangzhou"].client().post("/v1/visits", ...)

All share one clock. The network can be told to lose, delay or change what goes over it: see `Network`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from backend.app import ROOMS, create_app
from backend.clock import FixedClock, today
from backend.exchange.post import Post, PostOffice
from backend.gateways.exchange_keys import ExchangeKey, ExchangeKeys, read_exchange_keys
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.rulebook_files import read_city
from backend.gateways.scenario_files import read_benefits
from backend.gateways.sending import OutgoingCall, Send
from backend.gateways.token_keys import TokenKey
from backend.gateways.treaty_files import read_treaties
from backend.partners.callers import CityCallers
from backend.partners.city_keys import note_own_keys, store_keys
from backend.partners.partners import register_partner
from backend.partners.treaties import add_treaty
from backend.partners.treaty_signing import Signatures, sign_treaty
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.web import signed_calls
from tests.backend.city import NOON, City, running_city

TITLES = {"zhengzhou": "郑州市", "hangzhou": "杭州市", "nanjing": "南京市"}
Fate = Callable[[OutgoingCall, Callable[[], HttpAnswer]], HttpAnswer]


def name_url(code: str) -> str:
    """The address under which a city is found on the network."""
    return f"https://{code}.example"


def deliver(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:  # noqa: ARG001 - others need it
    """The fate of a call on a good day."""
    return arrive()


def lose(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:  # noqa: ARG001 - it never arrives
    """The fate of a call to a city that is away."""
    raise CallFailedError("lost", CallFault.NOT_REACHED)


class TurningKeys:
    """Keys of a city that can be exchanged while it runs."""

    def __init__(self, keys: Sequence[ExchangeKey]) -> None:
        self.keys = tuple(keys)

    def list_keys(self, now: datetime) -> Sequence[ExchangeKey]:  # noqa: ARG002 - as whoever holds keys is asked
        """The keys as they are now."""
        return self.keys


@dataclass
class Network:
    """Carries calls between the cities, each to its `fate`: by default it arrives and is answered."""

    cities: dict[str, City] = field(default_factory=dict)
    fate: Fate = deliver
    sent: list[OutgoingCall] = field(default_factory=list)

    def send(self, call: OutgoingCall) -> HttpAnswer:
        """Carry one call; raises CallFailedError as a real network does."""
        self.sent.append(call)
        return self.fate(call, lambda: self.arrive(call))

    def arrive(self, call: OutgoingCall) -> HttpAnswer:
        """Let a call arrive at the application that it is for."""
        parts = urlsplit(call.url)
        code = (parts.hostname or "").removesuffix(".example")
        answer = (
            self.cities[code]
            .client()
            .open(
                parts.path,
                query_string=parts.query,
                method=call.method,
                headers=dict(call.headers),
                data=call.body,
                base_url=name_url(code),
            )
        )
        return HttpAnswer(
            answer.status_code, answer.data, {name.lower(): value for name, value in answer.headers.items()}
        )


@dataclass(frozen=True)
class Cities:
    """The cities by code, the network between them, the clock that all of them have, and their keys."""

    by_code: Mapping[str, City]
    network: Network
    clock: FixedClock
    held: Mapping[str, TurningKeys]

    def __getitem__(self, code: str) -> City:
        """A city by its code."""
        return self.by_code[code]

    def now(self) -> datetime:
        """The moment at which all clocks stand."""
        return self.clock.now()

    def make_office(self, code: str) -> PostOffice:
        """What the post of a city works with."""
        context = self.by_code[code].context
        assert context.exchange_keys is not None
        return PostOffice(
            city=code,
            database=context.database,
            clock=context.clock,
            keys=context.exchange_keys,
            send=self.network.send,
        )

    def make_post(self, code: str) -> Post:
        """The post of a city, as its worker has it."""
        return Post(self.make_office(code))


@contextmanager
def running_cities(
    urls: Mapping[str, str], *, now: datetime = NOON, revise: Callable[[str], str] = str
) -> Iterator[Cities]:
    """The cities of `urls` (code and database), all treaties between them that are shipped signed and in force.

    `revise` changes the text of each treaty before it is signed.
    """
    clock, network = FixedClock(now), Network()
    held = {code: TurningKeys(read_exchange_keys(make_exchange_keys(now))) for code in urls}
    with ExitStack() as stack:
        for code, url in urls.items():
            partner = running_partner(code, url, clock, network.send, ExchangeKeys(held[code]))
            network.cities[code] = stack.enter_context(partner)
        for one, other in combinations(sorted(urls), 2):
            introduce(network.cities[one], network.cities[other], now)
            introduce(network.cities[other], network.cities[one], now)
        agree(network.cities, now, revise)
        yield Cities(network.cities, network, clock, held)


@contextmanager
def running_partner(code: str, url: str, clock: FixedClock, send: Send, keys: ExchangeKeys) -> Iterator[City]:
    """One city that takes part in the exchange with its `keys`, calling the others by `send`."""
    with running_city(url, **read_parts(code), clock=clock, exchange_keys=keys) as made:
        context = replace(made.context, settings=replace(made.context.settings, city=code, public_url=name_url(code)))
        app = create_app(context, ROOMS)
        app.extensions[signed_calls.EXTENSION] = CityCallers(context, send=send)
        app.extensions[HOME_CITIES] = make_home_cities(context, send=send)
        yield replace(made, app=app, context=context)


def read_parts(code: str) -> dict[str, Any]:
    """The parts of a context that are the rules of a city."""
    rules = read_city(code)
    return {"rules": rules, "benefits": read_benefits(code, rules)}


def introduce(city: City, partner: City, now: datetime) -> None:
    """Make one city the partner of another, and keep its keys."""
    code, keys, own = partner.context.rules.city, partner.context.exchange_keys, city.context.exchange_keys
    assert keys is not None
    assert own is not None
    with city.database.transaction() as session:
        ours = city.context.rules.city
        register_partner(session, code, title=TITLES[code], url=name_url(code), city=ours, by="zhao", now=now)
        store_keys(session, code, json.dumps({"keys": keys.describe(now)}), now=now)
        note_own_keys(session, ours, own, now=now)


def agree(cities: Mapping[str, City], now: datetime, revise: Callable[[str], str] = str) -> None:
    """Let both cities of each shipped treaty sign it, as `revise` has changed it."""
    for document in read_treaties():
        if not set(document.treaty.cities) <= set(cities):
            continue
        text = revise(document.text)
        signed = {code: sign_treaty(text, find_signer(cities[code], now)) for code in document.treaty.cities}
        one, other = document.treaty.cities
        for ours, theirs in ((one, other), (other, one)):
            city = cities[ours]
            rulebook = city.context.rules.rulebook_on(today(now))
            signatures = Signatures(signed[ours], signed[theirs])
            with city.database.transaction() as session:
                add_treaty(session, text, signatures, city=ours, rulebook=rulebook, by="zhao", now=now)


def find_signer(city: City, now: datetime) -> TokenKey:
    """The key with which a city signs what it exchanges."""
    keys = city.context.exchange_keys
    assert keys is not None
    return keys.find_signer(now)
