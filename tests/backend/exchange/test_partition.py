"""Two cities in processes of their own with a faulty line between them (R08): merchants are answered all the same."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.client import HTTPConnection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.app import create_app
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.key_making import make_exchange_keys
from tests.backend.city import NOON, City, Person, make_person, running_city
from tests.backend.exchange.cities import agree, introduce, read_parts
from tests.backend.exchange.journeys import HOME, HOST
from tests.backend.exchange.reading import count
from tests.backend.exchange.visitors import BIKE, SHOP, let_tell, settle_in
from tests.backend.merchants.shops import open_shop
from tests.databases import run_sql
from tests.fault_proxy import HOST as LOOPBACK
from tests.fault_proxy import FaultProxy

AT_ONCE = 4
PATIENCE_S = 30.0
# Threads and files of a process that come and go by themselves: a pool fills up, a log is opened.
SLACK = 12


class RunningClock:
    """A clock that goes on from noon, the same in all processes of this machine."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self._begun_s)

    def machine_now(self) -> datetime:
        return self.now()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing of requests."""


def serve(app: Flask, address: str) -> None:
    """Serve an application on a Unix socket until the process ends."""
    make_server(f"unix://{address}", 0, app, threaded=True, request_handler=_Quiet).serve_forever()


@dataclass
class Line:
    """Both cities, each behind a proxy of its own, in processes that can be looked at."""

    cities: dict[str, City]
    proxies: dict[str, FaultProxy]
    processes: dict[str, BaseProcess] = field(default_factory=dict)

    def ask(self, person: Person, order_no: str) -> str:
        """What a merchant of the host is answered about a visitor."""
        body = {"order_no": order_no, "scenario": BIKE, "home_city": HOME, "id_number": person.id_number}
        connection = HTTPConnection(LOOPBACK, self.proxies[HOST].port, timeout=PATIENCE_S)
        try:
            headers = {"Content-Type": "application/json", **self.cities[HOST].merchant(SHOP)}
            connection.request("POST", "/v1/visitor-verifications", json.dumps(body), headers)
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, found
        return str(found["answer"])

    def ask_all(self, people: list[Person], turn: str) -> set[str]:
        """What several merchants are answered at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            orders = [f"{turn}-{number}" for number in range(len(people))]
            return set(pool.map(self.ask, people, orders))

    def measure(self, code: str) -> int:
        """How many threads and open files a process has."""
        place = Path(f"/proc/{self.processes[code].pid}")
        return sum(1 for folder in ("task", "fd") for _ in (place / folder).iterdir())


@contextmanager
def running_line(folder: Path) -> Iterator[Line]:
    """Both cities in processes of their own, who find each other through the proxies."""
    clock, cities, proxies = RunningClock(), dict[str, City](), dict[str, FaultProxy]()
    with ExitStack() as stack:
        for code in (HOME, HOST):
            proxies[code] = stack.enter_context(FaultProxy(folder / f"{code}.sock"))
            keys = ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(NOON)))
            parts = {**read_parts(code), "clock": clock, "exchange_keys": keys}
            made = stack.enter_context(running_city(f"sqlite:///{folder}/{code}.sqlite", **parts))
            url = f"http://{LOOPBACK}:{proxies[code].port}"
            settings = replace(made.context.settings, city=code, public_url=url, exchange_targets="any")
            context = replace(made.context, settings=settings)
            cities[code] = replace(made, app=create_app(context), context=context)
        for code, other in ((HOME, HOST), (HOST, HOME)):
            introduce(cities[code], cities[other], NOON)
            url = cities[other].context.settings.public_url
            run_sql(cities[code].database, f"UPDATE partner SET url = '{url}'")  # noqa: S608 - ours
        agree(cities, NOON)
        yield Line(cities, proxies)


def start(line: Line, code: str) -> None:
    """Serve a city in a process of its own."""
    city = line.cities[code]
    city.database.dispose()
    process = multiprocessing.get_context("fork").Process(
        target=serve, args=(city.app, str(line.proxies[code].target)), daemon=True
    )
    process.start()
    line.processes[code] = process
    while not line.proxies[code].target.exists():
        assert process.is_alive()
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_merchant_is_answered_whatever_becomes_of_the_line(tmp_path: Path) -> None:
    with running_line(tmp_path) as line:
        home, host = line.cities[HOME], line.cities[HOST]
        open_shop(host, SHOP, BIKE)
        people = [make_person() for _ in range(2 * AT_ONCE)]
        for person in people:
            let_tell(home, settle_in(home, person, 800), HOST)
        start(line, HOME)
        start(line, HOST)
        try:
            check_line(line, people[:AT_ONCE], people[AT_ONCE:])
        finally:
            for process in line.processes.values():
                process.terminate()
                process.join()
        assert count(host.database, "benefit_grant") == 2 * AT_ONCE
        assert count(home.database, "disclosure") == count(home.database, "answered_question")


def check_line(line: Line, first: list[Person], later: list[Person]) -> None:
    """Ask on a good day, through every fault, and when it is over."""
    proxy = line.proxies[HOME]
    assert line.ask_all(first, "good") == {"granted"}
    before = line.measure(HOST)
    faults: dict[str, Callable[[], None]] = {
        "swallowed": proxy.swallow,
        "refused": proxy.refuse,
        "muted": proxy.mute,
        "slow": lambda: proxy.delay(3.0),
    }
    for name, begin in faults.items():
        begin()
        assert line.ask_all(later, name) == {"cannot_say"}, name
        assert line.ask_all(later, name) == {"cannot_say"}, name  # the same orders get the same answers
        proxy.pass_on()
    until, turn = time.monotonic() + PATIENCE_S, 0
    while line.ask(later[0], f"healed-{turn}") != "granted":
        assert time.monotonic() < until, "the line is well again, and nobody has noticed"
        turn += 1
        time.sleep(0.5)
    assert line.ask_all(later[1:], "well") == {"granted"}
    while proxy.held or line.measure(HOST) > before + SLACK:
        assert time.monotonic() < until + PATIENCE_S, (proxy.held, line.measure(HOST), before)
        time.sleep(0.2)
