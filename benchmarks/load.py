"""A small client that keeps connections busy and counts answers: raw sockets, one thread, nothing else to slow it.

It tells what it cost itself, so that a figure of a server can be told from a figure of the client.
"""

import re
import selectors
import socket
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

    def ask(self) -> None:
        self.received.clear()
        self.asked_at = perf_counter()
        self.connection.sendall(next(self.requests))

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


def put_load(address: tuple[str, int], requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Ask `requests` round and round over `connections` that stay open, each its next one when it has its answer."""
    selector = selectors.DefaultSelector()
    callers = []
    for number in range(connections):
        turned = [*requests[number:], *requests[:number]] if number < len(requests) else list(requests)
        caller = _Caller(socket.create_connection(address, PATIENCE_S), cycle(turned))
        caller.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(caller.connection, selectors.EVENT_READ, caller)
        callers.append(caller)
    times_s, refused = [], 0
    cpu, begun = process_time(), perf_counter()
    for caller in callers:
        caller.ask()
    now = begun
    while now < begun + seconds:
        ready = selector.select(PATIENCE_S)
        if not ready:
            raise TimeoutError(f"the server at {address} has answered nothing for {PATIENCE_S:.0f} seconds")
        for key, _ in ready:
            caller = key.data
            if caller.hear():
                now = perf_counter()
                times_s.append(now - caller.asked_at)
                refused += not caller.received.startswith(b"HTTP/1.1 200 ")
                caller.ask()
    load = Load(now - begun, len(times_s), refused, process_time() - cpu, sorted(times_s))
    for caller in callers:
        caller.connection.close()
    selector.close()
    return load
