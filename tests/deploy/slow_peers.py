"""Peers that are slow on purpose, as many as one likes in one thread; each says when it was closed."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from threading import Event, Thread
from time import monotonic
from types import MappingProxyType
from typing import Self, TypeAlias

from tests.deploy.front import HOST, NAME, write_request

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
PAUSE_S = 1.0
HEAD = f"POST /v1/sign-in HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\n".encode()
GONE = (ConnectionError, ssl.SSLError, TimeoutError)


async def send_no_hello(_reader: Reader, _writer: Writer) -> None:
    """Connect, and never begin the handshake."""


async def trickle_head(_reader: Reader, writer: Writer) -> None:
    """Send a header byte by byte, without an end."""
    writer.write(HEAD + b"X-Slow: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(PAUSE_S)


async def stop_in_body(_reader: Reader, writer: Writer) -> None:
    """Promise a thousand bytes, send ten, and wait."""
    writer.write(HEAD + b"Content-Length: 1000\r\n\r\n" + b"0123456789")
    await writer.drain()


async def trickle_body(_reader: Reader, writer: Writer) -> None:
    """Send a body byte by byte: too fast to be timed out, too slow to end."""
    writer.write(HEAD + b"Content-Length: 60000\r\n\r\n")
    while True:
        writer.write(b"1")
        await writer.drain()
        await asyncio.sleep(PAUSE_S)


async def stay_after_answer(reader: Reader, writer: Writer) -> None:
    """Ask once, read the answer, and keep the connection for nothing."""
    writer.write(write_request("GET /health/live HTTP/1.1").replace(b"Connection: close\r\n", b""))
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    await reader.read(4096)


Manner = Callable[[Reader, Writer], Awaitable[None]]
# What the front ends by time; whoever trickles a body it bears, up to a number for each address.
ENDED: Mapping[str, Manner] = MappingProxyType(
    {each.__name__: each for each in (send_no_hello, trickle_head, stop_in_body, stay_after_answer)}
)
BORNE: Mapping[str, Manner] = MappingProxyType({trickle_body.__name__: trickle_body})


@dataclass(frozen=True, slots=True)
class Door:
    """Where to be slow: the port of a front with the trust for its certificate, or the Unix socket of the service."""

    port: int | None = None
    trust: ssl.SSLContext | None = None
    path: str | None = None

    async def open(self, manner: str, source: str) -> tuple[Reader, Writer]:
        """Open a connection from a loopback address, with TLS unless the manner is to send no hello."""
        if self.path is not None:
            return await asyncio.open_unix_connection(self.path)
        trust = None if manner == send_no_hello.__name__ else self.trust
        return await asyncio.open_connection(
            HOST, self.port, ssl=trust, server_hostname=NAME if trust else None, local_addr=(source, 0)
        )


class SlowPeers:
    """A crowd of slow peers in a thread of its own: `with SlowPeers(door, manners, count=…)`.

    When the block begins all of them are connected and at it; when it ends they go. `closed_after_s` has for each
    manner the seconds after which each was closed, `left` how many were not closed.
    """

    def __init__(
        self, door: Door, manners: Mapping[str, Manner], *, count: int, sources: Sequence[str] = (HOST,)
    ) -> None:
        self._door, self._manners, self._count, self._sources = door, manners, count, cycle(sources)
        self.closed_after_s: dict[str, list[float]] = {name: [] for name in manners}
        self.left = 0
        self._begun, self._ended = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="slow-peers")

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let those go that are still there; repeating it does nothing."""
        self._ended.set()
        self._thread.join()

    def count_closed(self) -> int:
        """How many were closed so far."""
        return sum(len(times) for times in self.closed_after_s.values())

    async def _run(self) -> None:
        names = cycle(self._manners)
        tasks = [asyncio.create_task(self._be_slow(next(names), next(self._sources))) for _ in range(self._count)]
        await asyncio.sleep(PAUSE_S)
        self._begun.set()
        await asyncio.to_thread(self._ended.wait)
        self.left = sum(not task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _be_slow(self, manner: str, source: str) -> None:
        begun, writer = monotonic(), None
        try:
            reader, writer = await self._door.open(manner, source)
            begun = monotonic()
            at_it = asyncio.create_task(self._keep_on(manner, reader, writer))
            with suppress(*GONE):
                if manner == stay_after_answer.__name__:
                    await at_it
                while await reader.read(4096):
                    pass
            at_it.cancel()
        finally:
            if writer is not None:
                writer.transport.abort()
        self.closed_after_s[manner].append(monotonic() - begun)

    async def _keep_on(self, manner: str, reader: Reader, writer: Writer) -> None:
        with suppress(*GONE, asyncio.IncompleteReadError):
            await self._manners[manner](reader, writer)
