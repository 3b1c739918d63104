"""A small client that keeps connections busy and counts answers: raw sockets, one thread, nothing else to slow it.

It tells what it cost itself, so that a figure of a server can be told from a figure of the client.
"""

import re
import selectors
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter, process_time

PATIENCE_S = 30.0
READ_BYTES = 65536
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What a stretch of load came to. `times_s` are the times of single requests, sorted."""

    seconds: float
    answered: int
    refused: int
    client_cpu_s: float
    times_s: list[float] = field(repr=False)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def client_us(self) -> float:
        """CPU time of the client for one request, in microseconds."""
        return self.client_cpu_s / max(self.answered, 1) * 1_000_000

    def find_quantile_ms(self, share: float) -> float:
        """Find the time within which that share of the requests was answered, in milliseconds."""
        return self.times_s[min(int(len(self.times_s) * share), len(self.times_s) - 1)] * 1000


@dataclass(slots=True)
class _Caller:
    connection: socket.socket
    requests: Iterator[bytes]
    received: bytearray = field(default_factory=bytearray)
    asked_at: float = 0.0

    def ask(self) -> bool:
        """Send the next request; False when there is none left."""
        request = next(self.requests, None)
        if request is None:
            return False
        self.received.clear()
        self.asked_at = perf_counter()
        self.connection.sendall(request)
        return True

    def hear(self) -> bool:
        """Read what is there; True when the answer is whole."""
        part = self.connection.recv(READ_BYTES)
        if not part:
            raise ConnectionError("the server closed a connection in the middle of the load")
        self.received += part
        end = self.received.find(_HEAD_END)
        if end < 0:
            return False
        length = _LENGTH.search(self.received, 0, end)
        if length is None:
            raise ConnectionError("an answer has no Content-Length; this client reads no other")
        return len(self.received) >= end + len(_HEAD_END) + int(length[1])

    @property
    def is_good(self) -> bool:
        """Whether the answer heard last is a 200."""
        return self.received.startswith(b"HTTP/1.1 200 ")


def put_load(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    each_once: bool = False,
) -> Load:
    """Ask `requests` round and round over `connections` that stay open, each its next one when it has its answer.

    With `each_once` they are dealt out instead, and the load ends early when none is left.
    """
    selector = selectors.DefaultSelector()
    callers = []
    for number in range(connections):
        given = iter(requests[number::connections]) if each_once else cycle([*requests[number:], *requests[:number]])
        callers.append(_connect(selector, address, given))
    times_s: list[float] = []
    refused = 0
    cpu, begun = process_time(), perf_counter()
    busy = sum(caller.ask() for caller in callers)
    now = begun
    while busy and now < begun + seconds:
        for caller in _wait(selector, address):
            if caller.hear():
                now = perf_counter()
                times_s.append(now - caller.asked_at)
                refused += not caller.is_good
                busy -= not caller.ask()
    load = Load(now - begun, len(times_s), refused, process_time() - cpu, sorted(times_s))
    _close(selector, callers)
    return load


def put_paced_load(address: tuple[str, int], requests: Sequence[bytes], *, connections: int, rate: float) -> Load:
    """Ask each of `requests` once, one every `1 / rate` seconds whatever the server does, over open connections.

    Times count from the moment at which a request was due: a server that falls behind cannot hide that by making its
    callers wait (coordinated omission).
    """
    selector = selectors.DefaultSelector()
    idle = deque(_connect(selector, address, iter(())) for _ in range(connections))
    callers = list(idle)
    times_s: list[float] = []
    refused = sent = 0
    cpu, begun = process_time(), perf_counter()
    while len(times_s) < len(requests):
        now = perf_counter()
        while idle and sent < len(requests) and begun + sent / rate <= now:
            caller = idle.popleft()
            caller.requests = iter((requests[sent],))
            caller.ask()
            caller.asked_at = begun + sent / rate
            sent += 1
        rest = begun + sent / rate - now if idle and sent < len(requests) else PATIENCE_S
        for caller in _wait(selector, address, max(rest, 0.0)):
            if caller.hear():
                times_s.append(perf_counter() - caller.asked_at)
                refused += not caller.is_good
                idle.append(caller)
    load = Load(perf_counter() - begun, len(times_s), refused, process_time() - cpu, sorted(times_s))
    _close(selector, callers)
    return load


def _connect(selector: selectors.BaseSelector, address: tuple[str, int], requests: Iterator[bytes]) -> _Caller:
    caller = _Caller(socket.create_connection(address, PATIENCE_S), requests)
    caller.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(caller.connection, selectors.EVENT_READ, caller)
    return caller


def _wait(selector: selectors.BaseSelector, address: tuple[str, int], seconds: float = PATIENCE_S) -> list[_Caller]:
    ready = selector.select(seconds)
    if not ready and seconds >= PATIENCE_S:
        raise TimeoutError(f"the server at {address} has answered nothing for {PATIENCE_S:.0f} seconds")
    return [key.data for key, _ in ready]


def _close(selector: selectors.BaseSelector, callers: Sequence[_Caller]) -> None:
    for caller in callers:
        caller.connection.close()
    selector.close()
