"""Calls to services elsewhere: one address, no redirect, no proxy, a bounded answer, and one deadline for all of it.

An address may hold a secret in its query, and an answer personal data; so a fault says what went wrong, never where
to or with what.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread, Timer
from time import monotonic
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

LARGEST_BYTES = 65536
SHORTEST_WAIT_SECONDS = 0.001  # no wait at all would mean something else to a socket
# A look-up cannot be ended, only left alone: so many may hang at once, and who comes then hears that it takes too long.
_LOOK_UPS = BoundedSemaphore(16)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_Found: TypeAlias = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, _Address]]


class CallFault(StrEnum):
    """What went wrong with a call."""

    NO_ADDRESS = "no_address"
    ADDRESS_REFUSED = "address_refused"
    NOT_REACHED = "not_reached"
    NOT_TRUSTED = "not_trusted"
    TOO_SLOW = "too_slow"
    UNUSABLE = "unusable_answer"


class CallFailedError(Exception):
    """No complete answer came in time; the message repeats nothing of the call."""

    def __init__(self, message: str, fault: CallFault) -> None:
        super().__init__(message)
        self.fault = fault


class _AddressRefusedError(OSError):
    """The name of a host leads to an address that must not be called."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body of an answer, whatever the status, and its headers for who needs them.

    The names of headers are in small letters; the values of one that came more than once are joined by commas
    (RFC 9110, section 5.3). Two answers of one status and body are equal, whatever the headers.
    """

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS, repr=False, compare=False)


def call_service(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] = _NO_HEADERS,
    deadline_seconds: float,
    largest_bytes: int = LARGEST_BYTES,
    reads_content: bool = True,
    admits: Callable[[str], bool] | None = None,
) -> HttpAnswer:
    """Call an http or https URL and give the answer, of at most `largest_bytes`; raises CallFailedError.

    A redirect is an answer like any other. The deadline covers looking up the name, connecting, asking and reading.
    Without `reads_content` the status is the answer. With `admits` nothing is called unless it admits every address
    (IPv4 or IPv6) that the name leads to at this moment; the name is looked up once, so what was admitted is what is
    called.
    """
    ends_at = monotonic() + deadline_seconds
    parts = urlsplit(url)
    address = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        with _open_connection(parts, ends_at, admits) as connection:
            connection.request(method, address, body=body, headers={"Connection": "close", **headers})
            with connection.getresponse() as answer:
                content = answer.read(largest_bytes + 1) if reads_content else b""
                is_whole = not (reads_content and answer.length)
                told = _join_headers(answer.headers)
    except (OSError, HTTPException, ValueError) as fault:
        # Not chained: the text of some of these quotes the address.
        raise CallFailedError(f"the call failed ({type(fault).__name__})", _name_fault(fault, ends_at)) from None
    if monotonic() > ends_at:  # an answer that was cut off may look like a complete one
        raise CallFailedError("the answer took too long", CallFault.TOO_SLOW)
    if len(content) > largest_bytes:
        raise CallFailedError(f"the answer is larger than {largest_bytes} bytes", CallFault.UNUSABLE)
    if not is_whole:  # `read` with a limit does not complain about an answer shorter than announced
        raise CallFailedError("the answer broke off", CallFault.UNUSABLE)
    return HttpAnswer(answer.status, content, told)


def _join_headers(given: HTTPMessage) -> Mapping[str, str]:
    joined: dict[str, str] = {}
    for name, value in given.items():
        known = joined.get(name.lower())
        joined[name.lower()] = value if known is None else f"{known}, {value}"
    return MappingProxyType(joined)


def _name_fault(fault: Exception, ends_at: float) -> CallFault:
    kinds: tuple[tuple[type[Exception], CallFault], ...] = (
        (socket.gaierror, CallFault.NO_ADDRESS),
        (_AddressRefusedError, CallFault.ADDRESS_REFUSED),
        (UnicodeError, CallFault.NO_ADDRESS),  # a name that cannot be asked for
    )
    for kind, named in kinds:
        if isinstance(fault, kind):
            return named
    if monotonic() > ends_at or isinstance(fault, TimeoutError):
        return CallFault.TOO_SLOW
    if isinstance(fault, ssl.SSLError):
        return CallFault.NOT_TRUSTED
    return CallFault.NOT_REACHED if isinstance(fault, OSError) else CallFault.UNUSABLE


@contextmanager
def _open_connection(
    parts: SplitResult, ends_at: float, admits: Callable[[str], bool] | None
) -> Iterator[HTTPConnection]:
    """Open a connection that is cut off at `ends_at`, however slowly the other side keeps talking."""
    host = parts.hostname or ""
    is_secure = parts.scheme == "https"
    connection = (
        HTTPSConnection(host, parts.port, context=read_trust()) if is_secure else HTTPConnection(host, parts.port)
    )
    plain = _connect(host, connection.port, ends_at, admits)
    with plain, plain.dup() as handle:  # a handle of its own, because TLS takes the first one over
        watch = Timer(_remaining(ends_at), _cut_off, (handle,))
        watch.daemon = True
        watch.start()
        try:
            with read_trust().wrap_socket(plain, server_hostname=host) if is_secure else plain as connected:
                connection.sock = connected
                yield connection
        finally:
            watch.cancel()
            connection.close()


def _connect(host: str, port: int, ends_at: float, admits: Callable[[str], bool] | None) -> socket.socket:
    """Connect to the first address of a host that answers before `ends_at`; raises OSError."""
    fault: OSError = TimeoutError()
    found = _look_up(host, port, ends_at)
    if admits is not None and not all(admits(str(address[0])) for *_, address in found):
        raise _AddressRefusedError
    for family, kind, protocol, _, address in found:
        connected = socket.socket(family, kind, protocol)
        connected.settimeout(_remaining(ends_at))
        try:
            connected.connect(address)
        except OSError as failed:
            connected.close()
            fault = failed
        else:
            return connected
    raise fault


def _look_up(host: str, port: int, ends_at: float) -> _Found:
    """Find the addresses of a host, in a thread that is left alone at `ends_at`; raises OSError or ValueError."""
    answers: SimpleQueue[_Found | OSError | ValueError] = SimpleQueue()
    places = _LOOK_UPS

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as fault:
            answers.put(fault)
        finally:
            places.release()

    if not places.acquire(timeout=_remaining(ends_at)):
        raise TimeoutError
    Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=_remaining(ends_at))
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _cut_off(handle: socket.socket) -> None:
    with suppress(OSError):  # the call ended at the same moment
        handle.shutdown(socket.SHUT_RDWR)


def _remaining(ends_at: float) -> float:
    return max(ends_at - monotonic(), SHORTEST_WAIT_SECONDS)


@cache
def read_trust() -> ssl.SSLContext:
    """Read once whom this machine trusts: the certificates of its system, or those that SSL_CERT_FILE names."""
    return ssl.create_default_context()
