"""Three cities that can be had hundreds of times: made once, and copied for each simulation with clocks of their own.

Each has its people at home, its shop and its visitors; what a process of it holds in memory is made anew by `restart`.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path
from random import Random
from typing import TypeAlias
from uuid import UUID

from backend.clock import FixedClock, today
from backend.context import EXTENSION as CONTEXT
from backend.exchange.post import Post, PostOffice
from backend.gateways.edition_watch import PublishedEditions
from backend.gateways.exchange_keys import ExchangeKey, ExchangeKeys, read_exchange_keys
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.sending import OutgoingCall, Send
from backend.gateways.treaty_files import read_treaties
from backend.merchants.contracts import NewContract, SignedContract, sign_contract
from backend.partners.callers import CityCallers
from backend.records.departments import register_departments
from backend.storage.database import Database
from backend.storage.revocations import Revocations
from backend.visits.home_cities import HomeCities, make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.web import signed_calls
from scenarios.treaty import Scope, Treaty
from scenarios.treaty_document import read_treaty
from tests.backend.city import NOON, City, Person, make_resident_id
from tests.backend.exchange.cities import TurningKeys, agree, introduce, running_partner
from tests.backend.exchange.facts import rescore
from tests.backend.exchange.visitors import let_tell
from tests.backend.merchants.shops import open_shop
from tests.backend.web.probe import HOUR

CODES = ("hangzhou", "nanjing", "zhengzhou")
REGIONS = {"hangzhou": "330105", "nanjing": "320105", "zhengzhou": "410105"}
OFFERED: Mapping[str, tuple[str, ...]] = {
    "hangzhou": ("medical_credit",),
    "nanjing": ("library_card",),
    "zhengzhou": ("bike_hire", "shared_items", "library_card"),
}
SHOP = "old_town_shop"
# By the name of a person: where the home is, and which cities are visited.
LIVES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "安然": ("hangzhou", ("zhengzhou", "nanjing")),
    "白露": ("hangzhou", ("zhengzhou",)),
    "陈舟": ("zhengzhou", ("hangzhou",)),
    "丁香": ("nanjing", ("hangzhou", "zhengzhou")),
}
# Who let which city be told what, by which consent.
StandingConsent: TypeAlias = tuple[str, UUID, str, Scope]


class CrashError(BaseException):
    """A process of a city dies: nothing of what it does catches that."""


@dataclass
class Town:
    """A city of the simulation: `processes` is how often it was started."""

    city: City
    held: TurningKeys
    send: Send
    people: Mapping[str, UUID]
    home: HomeCities = field(init=False)
    post: Post = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew, with nothing in memory."""
        context = self.city.context
        assert context.exchange_keys is not None
        self.home = make_home_cities(context, send=self.send)
        self.city.app.extensions[HOME_CITIES] = self.home
        self.city.app.extensions[signed_calls.EXTENSION] = CityCallers(context, send=self.send)
        office = PostOffice(
            city=context.city,
            database=context.database,
            clock=context.clock,
            keys=context.exchange_keys,
            send=self.send,
        )
        self.post = Post(office)


@dataclass(frozen=True)
class Mould:
    """What simulated cities are made of: cities as they begin, their databases as bytes, their keys and people."""

    cities: Mapping[str, City]
    databases: Mapping[str, bytes]
    keys: Mapping[str, tuple[ExchangeKey, ...]]
    people: Mapping[str, Mapping[str, UUID]]
    persons: Mapping[str, Person]
    treaties: Mapping[str, Treaty]
    consents: Sequence[StandingConsent]

    @contextmanager
    def pour(self, folder: Path, send: Callable[[str], Send]) -> Iterator[dict[str, Town]]:
        """Fresh cities as they begin; `send(code)` is the way out of one of them."""
        towns: dict[str, Town] = {}
        with ExitStack() as stack:
            for code, made in self.cities.items():
                path = folder / f"{code}.sqlite"
                path.write_bytes(self.databases[code])
                stack.callback(_remove, path)
                database, held = Database(f"sqlite:///{path}"), TurningKeys(self.keys[code])
                stack.callback(database.dispose)
                context = replace(
                    made.context,
                    clock=FixedClock(NOON),
                    database=database,
                    exchange_keys=ExchangeKeys(held),
                    editions=PublishedEditions(database, made.context.editions.shipped, fresh_for=HOUR),
                    revocations=Revocations(database, fresh_for=timedelta(0)),
                )
                made.app.extensions[CONTEXT] = context
                towns[code] = Town(replace(made, context=context), held, send(code), self.people[code])
            yield towns


@contextmanager
def made_mould(revise: Callable[[str], str]) -> Iterator[Mould]:
    """Make three cities, all partners of one another, with people at home, visitors, and a shop in each.

    `revise` changes the text of each treaty before both sign it.
    """
    clock, cities, persons = FixedClock(NOON), dict[str, City](), make_persons()
    keys = {code: read_exchange_keys(make_exchange_keys(NOON)) for code in CODES}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simulation-")))
        for code in CODES:
            url, own = f"sqlite:///{folder}/{code}.sqlite", ExchangeKeys.from_keys(keys[code])
            cities[code] = stack.enter_context(running_partner(code, url, clock, _send_nothing, own))
        for one, other in permutations(CODES, 2):
            introduce(cities[one], cities[other], NOON)
        agree(cities, NOON, revise)
        people = {code: _populate(code, cities[code], persons) for code in CODES}
        consents = _let_begin(cities, people)
        for city in cities.values():
            city.database.dispose()
        databases = {code: (folder / f"{code}.sqlite").read_bytes() for code in CODES}
        treaties = [read_treaty(revise(each.text), each.name) for each in read_treaties()]
        yield Mould(cities, databases, keys, people, persons, {treaty.id: treaty for treaty in treaties}, consents)


def make_persons() -> dict[str, Person]:
    """The people of the simulation, the same ones whenever they are made."""
    born_on = date(1990, 3, 7)
    return {name: Person(name, make_resident_id(born_on, sequence=500 + number)) for number, name in enumerate(LIVES)}


def _populate(code: str, city: City, persons: Mapping[str, Person]) -> dict[str, UUID]:
    """Enrol who lives here, know who visits, and open the shop; gives the ids by name."""
    with city.database.transaction() as session:
        register_departments(session, city.context.rules.catalogue_on(NOON.date()))
    open_shop(city, SHOP)
    for scenario in OFFERED[code]:
        _sign(city, code, scenario)
    ids = {}
    for name, person in persons.items():
        home, visited = LIVES[name]
        if home == code:
            ids[name] = city.enrol(person)
        elif code in visited:
            ids[name] = city.know(person)
    return ids


def _let_begin(cities: Mapping[str, City], people: Mapping[str, Mapping[str, UUID]]) -> list[StandingConsent]:
    """Let everybody stand well at home, and the cities that are visited be told so; gives the consents."""
    consents: list[StandingConsent] = []
    for name, (home, visited) in LIVES.items():
        subject_id = people[home][name]
        rescore(cities[home], subject_id, Random(1))  # noqa: S311 - anything would do
        consents += [(name, let_tell(cities[home], subject_id, host), host, Scope.ENTITLEMENT) for host in visited]
    return consents


def _sign(city: City, code: str, scenario: str) -> None:
    catalogue = city.context.benefits.catalogue_on(NOON.date())
    assert catalogue is not None
    figures = {"limit_fen": 10_000} if catalogue.scenarios[scenario].benefit.figure_by_contract else {}
    new = NewContract(
        merchant=SHOP,
        scenario=scenario,
        region=REGIONS[code],
        starts_on=today(NOON) - timedelta(days=1),
        ends_on=None,
        figures=figures,
    )
    with city.database.transaction() as session:
        made = sign_contract(session, new, catalogue=catalogue, by="zhao", now=NOON)
    assert isinstance(made, SignedContract), made


def _send_nothing(call: OutgoingCall) -> HttpAnswer:
    raise CallFailedError(call.method, CallFault.NOT_REACHED)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
