"""Receivers of webhooks on this machine: one that verifies as it should, and others that do not."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.gateways.message_signatures import (
    SignableRequest,
    SignatureFault,
    SignatureRefusedError,
    verify_message,
)
from backend.gateways.public_keys import load_public_key
from backend.gateways.tokens import TokenIssuer
from backend.merchants.courier import COVERED, EVENT_ID_HEADER, TAG, Courier
from backend.merchants.dispatch import Dispatcher
from backend.merchants.endpoints import Endpoint, register_endpoint
from backend.merchants.events import EventKind
from tests.backend.city import City

ALL = frozenset(EventKind)
Policy = Callable[[SignatureFault | None], int]


def verifying(fault: SignatureFault | None) -> int:
    """Take what is signed, as everybody should."""
    return 204 if fault is None else 401


def careless(_: SignatureFault | None) -> int:
    """Take everything."""
    return 200


def timeless(fault: SignatureFault | None) -> int:
    """Take what is signed, however old it is."""
    return 204 if fault in {None, SignatureFault.STALE} else 401


def broken(_: SignatureFault | None) -> int:
    """Take nothing, for a fault of one's own."""
    return 500


def closed(_: SignatureFault | None) -> int:
    """Refuse everything."""
    return 401


def busy(fault: SignatureFault | None) -> int:
    """Take what is signed, and say nothing about what is not."""
    return 204 if fault is None else 429


@dataclass
class Receiver:
    """A merchant's receiver: what it answers to what it finds wrong, and the events that it took as genuine."""

    tokens: TokenIssuer
    clock: Clock
    policy: Policy = verifying
    url: str = ""
    location: str | None = None
    heard: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def find_fault(self, request: SignableRequest) -> SignatureFault | None:
        now = self.clock.now()
        public = {each["kid"]: load_public_key(each) for each in self.tokens.list_public_keys(now)}
        try:
            verify_message(request, keys=public, tag=TAG, covered=COVERED, now=now)
        except SignatureRefusedError as refused:
            return refused.fault
        return None

    def list_events(self) -> list[str]:
        """The ids of the events that were taken, test messages left out, in the order in which they came."""
        return [each["event_id"] for each in self.events if each["event"] != "webhook.test"]


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        url = f"http://{self.headers['Host']}{self.path}"
        fault = receiver.find_fault(SignableRequest(method="POST", url=url, headers=dict(self.headers), body=body))
        receiver.let_go.wait(30)
        receiver.heard += 1
        status = receiver.policy(fault)
        event = json.loads(body)
        if status < 300:
            assert event["event_id"] == self.headers[EVENT_ID_HEADER]
            receiver.events.append(event)
        with suppress(OSError):  # the caller may be gone already
            self.send_response(status)
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiving(city: City, policy: Policy = verifying) -> Iterator[Receiver]:
    """Serve a receiver of events of this city."""
    with serving(Receiver(city.context.tokens, city.context.clock, policy)) as receiver:
        yield receiver


@contextmanager
def serving(receiver: Receiver) -> Iterator[Receiver]:
    """Serve a receiver; it answers at once unless `let_go` is cleared."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.receiver = receiver
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?shop=1"
        receiver.let_go.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.let_go.set()
            server.shutdown()
            thread.join()


def make_courier(city: City, *, targets: str = "any") -> Courier:
    """A courier whose chance is always the same, and who waits for a machine that is busy with other tests."""
    context = city.context
    return Courier(
        database=context.database,
        clock=context.clock,
        tokens=context.tokens,
        targets=targets,
        draw=lambda: 0.0,
        deadline_seconds=60.0,
    )


def dispatch(city: City) -> None:
    """Let a worker send all that is due."""
    Dispatcher(make_courier(city)).run_until_idle()


def register(city: City, merchant: str, url: str, events: frozenset[EventKind] = ALL) -> UUID:
    """Register an endpoint, wherever it is, and give its id."""
    with city.database.transaction() as session:
        return add_endpoint(session, merchant, url, events, now=city.now())


def add_endpoint(
    session: Session, merchant: str, url: str, events: frozenset[EventKind] = ALL, *, now: datetime
) -> UUID:
    """The same in a transaction of one's own."""
    made = register_endpoint(session, merchant, url=url, events=events, targets="any", by="clerk-7", now=now)
    assert isinstance(made, Endpoint), made
    return made.endpoint_id
