"""Slow peers before the front cost nobody an answer; the same ones before the bare service do."""

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Event
from typing import Self

import pytest

from tests.deploy.front import NAME, PATIENCE_S, Front, Service
from tests.deploy.slow_peers import BORNE, ENDED, Door, SlowPeers, stop_in_body, trickle_head

THREADS_OF_SERVICE = 8
CALLERS = 4
LIVE = f"GET /health/live HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()


class Callers:
    """Normal callers over kept connections, as long as the block lasts; every answer is kept with its time."""

    def __init__(self, front: Front) -> None:
        self._front, self._enough = front, Event()
        self._pool = ThreadPoolExecutor(CALLERS)
        self.statuses: list[int] = []
        self.times_s: list[float] = []

    def __enter__(self) -> Self:
        self._running = [self._pool.submit(self._call) for _ in range(CALLERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for each in self._running:
            each.result()
        self._pool.shutdown()

    def find_p99_ms(self) -> float:
        return sorted(self.times_s)[int(len(self.times_s) * 0.99)] * 1000

    def _call(self) -> None:
        connection = HTTPConnection(NAME)
        connection.sock = self._front.connect()
        while not self._enough.is_set():
            begun = time.monotonic()
            connection.request("GET", "/health/live")
            answer = connection.getresponse()
            answer.read()
            self.times_s.append(time.monotonic() - begun)
            self.statuses.append(answer.status)
            self._enough.wait(0.02)
        connection.close()


def wait_until_closed(peers: SlowPeers, number: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while peers.count_closed() < number and time.monotonic() < until:
        time.sleep(0.05)


def name_sources(number: int) -> list[str]:
    return [f"127.0.1.{last}" for last in range(1, number + 1)]


def test_slow_peers_are_closed_and_nobody_waits_for_them(front: Front) -> None:
    door = Door(port=front.port, trust=front.trust)
    with SlowPeers(door, ENDED, count=40, sources=name_sources(4)) as peers, Callers(front) as callers:
        wait_until_closed(peers, 40)
    assert (peers.left, peers.count_closed()) == (0, 40)
    assert set(callers.statuses) == {200}
    assert len(callers.statuses) > CALLERS


def test_who_trickles_a_body_is_borne_up_to_a_number(front: Front) -> None:
    door = Door(port=front.port, trust=front.trust)
    with SlowPeers(door, BORNE, count=40, sources=["127.0.2.1"]) as peers, Callers(front) as callers:
        wait_until_closed(peers, 8)
    assert (peers.left, peers.count_closed()) == (32, 8)
    assert set(callers.statuses) == {200}


def test_without_the_front_the_service_starves(service: Service) -> None:
    """The planted defect is the missing front: more slow peers than the service has threads, and nobody is served."""
    slow = {each.__name__: each for each in (trickle_head, stop_in_body)}
    door = Door(path=str(service.address))
    with socket.socket(socket.AF_UNIX) as bare:
        with SlowPeers(door, slow, count=2 * THREADS_OF_SERVICE):
            bare.connect(str(service.address))
            bare.sendall(LIVE)
            bare.settimeout(2)
            with pytest.raises(TimeoutError):
                bare.recv(64)
        bare.settimeout(PATIENCE_S)
        assert bare.recv(64).startswith(b"HTTP/1.1 200 ")


@pytest.mark.long
def test_five_hundred_slow_peers_for_a_while(front: Front, capsys: pytest.CaptureFixture[str]) -> None:
    """R21. The figures are printed; what is asserted is that all were answered and all slow ones closed."""
    with Callers(front) as calm:
        time.sleep(10)
    door, manners = Door(port=front.port, trust=front.trust), {**ENDED, **BORNE}
    with SlowPeers(door, manners, count=500, sources=name_sources(20)) as peers, Callers(front) as callers:
        wait_until_closed(peers, 400)
        time.sleep(10)
    assert set(calm.statuses) | set(callers.statuses) == {200}
    assert {name: len(times) for name, times in peers.closed_after_s.items() if name in ENDED} == dict.fromkeys(
        ENDED, 100
    )
    ratio = callers.find_p99_ms() / calm.find_p99_ms()
    longest = {name: round(max(times), 1) for name, times in peers.closed_after_s.items() if times}
    with capsys.disabled():
        sys.stdout.write(
            f"\np99 calm {calm.find_p99_ms():.1f} ms, beside 500 slow peers {callers.find_p99_ms():.1f} ms: {ratio:.2f}"
            f"\nclosed after at most (s) {longest}, {peers.left} trickling bodies borne\n"
        )
