"""Grants while processes are killed: exactly as many as there are places, and nothing lost or doubled."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.benefits import verification_routes
from backend.benefits.codes import OneTimeCode, make_code
from backend.benefits.grant_proof import prove
from backend.grants import routes as grant_routes
from backend.grants.giving import give_grant
from backend.grants.grant import Grant, Shortage, Wanted
from backend.storage.database import Database
from scenarios.catalogue import Quotas
from tests.backend.benefits.counter import BIKE, RACK, open_counters
from tests.backend.city import City, make_person, running_city
from tests.backend.grants import firing
from tests.backend.grants.firing import Race, kill, listening, serve, start, take_places
from tests.backend.grants.giving import make_scenario, settle_in
from tests.databases import migrated_database, run_sql

PROCESSES, CALLERS = 4, 8
ANSWER_S = 20.0
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_numbers = count(1)


# --- 64 clients race for the places of a scenario ---


def race(database: Database, url: str, folder: Path, *, places: int, kills: int) -> Race:
    """Let 64 clients in four processes race for the places, kill some of them meanwhile, and fill up in the end."""
    scenario = make_scenario(
        "raced_for", quotas=Quotas(scenario_total=places, citizen_total=places, merchant_day=places)
    )
    persons, chance = settle_in(database, persons=64), random.Random(places)  # noqa: S311 - so that it happens again
    if database.dialect_name == "postgresql":
        run_sql(database, "SELECT pg_stat_reset()")
    database.dispose()  # or the forked processes would share its connections
    ours = Race(url, scenario, persons, folder / "given.log", cancels=0.2)
    running = [start(take_places, ours, seed) for seed in range(PROCESSES)]
    for killed in range(kills):
        reached, deadline = places * (killed + 1) // (kills + 2), time.monotonic() + 60
        while len(ours.read_log()[0]) < reached and time.monotonic() < deadline:
            time.sleep(0.005)
        chosen = chance.randrange(PROCESSES)
        kill(running[chosen])
        running[chosen] = start(take_places, ours, PROCESSES + killed)
    for process in running:
        process.join(timeout=240)
        assert process.exitcode == 0
    last = start(take_places, Race(url, scenario, persons, ours.log, cancels=0), 99)
    last.join(timeout=60)
    assert last.exitcode == 0
    return ours


def check_race(database: Database, ran: Race, places: int) -> None:
    """There are exactly as many live grants as places, and all that was acknowledged, and it all adds up."""
    with database.reading() as session:
        states = {
            str(UUID(str(grant_id))): state
            for grant_id, state in session.execute(text("SELECT grant_id, state FROM benefit_grant"))
        }
        used = session.scalar(text("SELECT used FROM quota_use WHERE scenario = 'raced_for' AND period = ''"))
        differences = [each for found in prove(session).values() for each in found]
        if database.dialect_name == "postgresql":
            assert session.scalar(text(DEADLOCKS)) == 0
    given, cancelled = ran.read_log()
    live = [state for state in states.values() if state != "cancelled"]
    assert (len(live), used, differences) == (places, places, [])
    assert given <= states.keys()
    assert {states[each] for each in cancelled} <= {"cancelled"}


def test_places_are_given_exactly_once(postgresql_url: str, tmp_path: Path) -> None:
    """Where writers do not queue; the long one tries SQLite too."""
    with migrated_database(postgresql_url) as database:
        check_race(database, race(database, postgresql_url, tmp_path, places=60, kills=2), 60)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_five_hundred_places_are_given_exactly_once(database: Database, database_url: str, tmp_path: Path) -> None:
    check_race(database, race(database, database_url, tmp_path, places=500, kills=5), 500)


def test_a_quota_that_guards_nothing_is_found(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places that are looked at first and taken afterwards are taken too often (where writers do not queue anyway)."""

    def give_carelessly(session: Session, wanted: Wanted, *, now: datetime) -> Grant | Shortage:
        used = session.scalar(text("SELECT used FROM quota_use WHERE owner = '' AND period = ''")) or 0
        if used >= (wanted.scenario.quotas.scenario_total or 0):
            return Shortage.SCENARIO_QUOTA
        loose = replace(wanted.scenario, quotas=Quotas(scenario_total=10**6))
        return give_grant(session, replace(wanted, scenario=loose), now=now)

    monkeypatch.setattr(firing, "give_grant", give_carelessly)
    with migrated_database(postgresql_url) as database:
        ran = race(database, postgresql_url, tmp_path, places=20, kills=0)
        with pytest.raises(AssertionError):
            check_race(database, ran, 20)


# --- the application is killed under load ---


@dataclass
class Order:
    """An order at the counter: the code that was shown, how it is to end, and what was answered at each step."""

    order_no: str
    code: str
    ends: str
    verified: dict[str, Any] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Callers who scan codes, hand over and take back, and send each call again until it is answered."""

    port: int
    headers: dict[str, str]
    waiting: Queue[Order]
    until: Event = field(default_factory=Event)
    done: list[Order] = field(default_factory=list)
    interrupted: int = 0

    def run(self) -> None:
        """Serve one order after the other until told to stop; what was begun is brought to its end."""
        while not self.until.is_set():
            try:
                self._serve(order := self.waiting.get_nowait())
            except Empty:
                return
            self.done.append(order)

    def _serve(self, order: Order) -> None:
        asked = {"order_no": order.order_no, "scenario": BIKE, "code": order.code}
        order.verified = self._post("/v1/verifications", asked)
        if order.verified["answer"] != "granted":
            return
        path = f"/v1/grants/{order.verified['grant_id']}"
        final = {"final_fen": 0} if order.ends == "complete" else None
        order.states = [
            self._post(f"{path}/{turn}", body)["state"] for turn, body in (("start", None), (order.ends, final))
        ]

    def _post(self, path: str, body: object) -> dict[str, Any]:
        """Send a call until it is answered, under one key: whoever hears nothing cannot know whether it was done."""
        sent = None if body is None else json.dumps(body)
        headers = self.headers | {"Idempotency-Key": f"under-fire-{next(_numbers)}", "Connection": "close"}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
            try:
                connection.request("POST", path, sent, headers)
                answer = connection.getresponse()
                content = json.loads(answer.read())
            except (OSError, HTTPException):
                self.interrupted += 1
                continue
            finally:
                connection.close()
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return dict(content)
            assert answer.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}, content
            time.sleep(0.02)
        raise TimeoutError(f"{path} was not answered within {ANSWER_S} seconds")


def show_codes(city: City, number: int) -> Queue[Order]:
    """So many orders, each with a code of one of some people who have just enrolled."""
    people, orders = [city.enrol(make_person()) for _ in range(number // 8 + 4)], Queue[Order]()
    catalogue = city.context.benefits.catalogue_on(city.now().date())
    with city.database.transaction() as session:
        for each in range(number):
            made = make_code(
                session,
                people[each % len(people)],
                scenario=BIKE,
                merchant=RACK,
                catalogue=catalogue,
                now=city.now(),
            )
            assert isinstance(made, OneTimeCode), made
            orders.put(Order(f"order-{next(_numbers)}", made.code, "cancel" if each % 4 == 0 else "complete"))
    return orders


def fire(city: City, *, kills: int, orders: int) -> Load:
    """Serve callers from a process that is killed so often at random moments, and let them come to an end."""
    chance, waiting = random.Random(kills), show_codes(city, orders)  # noqa: S311 - so that it happens again
    with listening() as server, ThreadPoolExecutor(CALLERS) as pool:
        load = Load(server.getsockname()[1], city.merchant(RACK), waiting)
        city.database.dispose()  # or the forked processes would share its connections
        serving = start(serve, city.app, server)
        try:
            calling = [pool.submit(load.run) for _ in range(CALLERS)]
            for killed in range(kills):
                reached, deadline = orders * (killed + 1) // (kills + 2), time.monotonic() + 60
                while len(load.done) < reached and time.monotonic() < deadline:
                    time.sleep(0.002)
                time.sleep(chance.uniform(0, 0.02))
                kill(serving)
                serving = start(serve, city.app, server)
            for each in calling:
                each.result()
        finally:
            load.until.set()
            kill(serving)
    return load


def check_orders(city: City, load: Load, orders: int) -> None:
    """What was answered is so, once for each order, and everything adds up."""
    with city.database.reading() as session:
        check_in(session, load, orders)


def check_in(session: Session, load: Load, orders: int) -> None:
    """What was answered is so in what this session sees."""
    assert len(load.done) == orders
    differences = [each for found in prove(session).values() for each in found]
    rows = session.execute(text("SELECT order_no, grant_id, state FROM benefit_grant"))
    kept = {order_no: (UUID(str(grant_id)), state) for order_no, grant_id, state in rows}
    events = Counter(session.scalars(text("SELECT event FROM grant_event")).all())
    transfers = session.scalar(text("SELECT count(*) FROM hold_transfer"))
    looks = session.scalar(text("SELECT count(*) FROM access_entry"))
    ends = {"complete": "completed", "cancel": "cancelled"}
    granted = [order for order in load.done if order.verified["answer"] == "granted"]
    told = {order.order_no: (UUID(order.verified["grant_id"]), ends[order.ends]) for order in granted}
    assert differences == []
    assert told == kept
    assert all(order.states == ["in_use", ends[order.ends]] for order in granted)
    assert events == Counter(["started"] * len(granted) + [state for _, state in told.values()])
    assert (transfers, looks) == (2 * len(granted), orders)
    assert len(granted) > orders // 2


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    rooms = (verification_routes.blueprint, grant_routes.blueprint)
    with running_city(database_url, rooms=rooms) as city:
        open_counters(city)
        yield city


def test_nothing_is_lost_or_doubled_when_the_application_is_killed(city: City) -> None:
    load = fire(city, kills=4, orders=36)
    check_orders(city, load, 36)
    assert load.interrupted > 0


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_in_fifty_kills(city: City) -> None:
    load = fire(city, kills=50, orders=1000)
    check_orders(city, load, 1000)
    assert load.interrupted > 25


def test_what_was_lost_or_doubled_is_found(sqlite_url: str) -> None:
    """The same check, after somebody has undone or repeated what was acknowledged."""
    with running_city(sqlite_url, rooms=(verification_routes.blueprint, grant_routes.blueprint)) as city:
        open_counters(city)
        load = fire(city, kills=0, orders=8)
        check_orders(city, load, 8)
        for defect in (LOST, DOUBLED, UNBALANCED):
            with pytest.raises(AssertionError):
                check_after(city, load, defect)


LOST = "UPDATE benefit_grant SET order_no = 'another' WHERE order_no = (SELECT min(order_no) FROM benefit_grant)"
DOUBLED = (
    "INSERT INTO grant_event SELECT subject_id, grant_id, 9, event, state, held_fen, amount_fen, by, clerk, happened_at"
    " FROM grant_event WHERE event <> 'started' LIMIT 1"
)
UNBALANCED = "UPDATE benefit_account SET held_fen = 1"


def check_after(city: City, load: Load, statement: str) -> None:
    """Check orders after a statement that is taken back then."""
    with city.database.transaction() as session:
        session.execute(text(statement))
        try:
            check_in(session, load, len(load.done))
        finally:
            session.rollback()
