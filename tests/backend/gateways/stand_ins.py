"""Services elsewhere, stood in for on this machine: a mini-program platform and a real-name check.

Each can be told to misbehave as real ones do: be busy, say nothing, drip, break off, send too much or nonsense.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

APP_ID, APP_SECRET, SERVICE_KEY = "wx0123456789", "canary-secret-4711", "canary-key-0815"


class Trick(Enum):
    """Ways of a service to misbehave below its own words."""

    SILENCE = "takes the call and says nothing"
    DRIPPING_HEAD = "sends one header after the other, for ever"
    DRIPPING_BODY = "sends the body letter by letter, for ever"
    BROKEN_OFF = "announces more than it sends"
    HUGE = "sends far more than anybody wants"
    NO_HTTP = "speaks another language"
    REDIRECT = "sends the caller elsewhere"
    FAULT = "answers with status 500"


@dataclass(frozen=True)
class Heard:
    """One call as the service got it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """An answer with a status and headers of its own."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


@dataclass
class StandIn:
    """A service on this machine: what it heard, what it answers, and how it misbehaves."""

    answer: Callable[[Heard], object]
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    trick: Trick | None = None
    over: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    state: StandIn


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        state, parts = self.server.state, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        heard = Heard(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        state.heard.append(heard)
        with suppress(OSError):  # the caller may be gone already
            if state.trick is None:
                self.tell(state.answer(heard))
            else:
                self.misbehave(state.trick)

    def do_POST(self) -> None:
        self.do_GET()

    def tell(self, said: object) -> None:
        if isinstance(said, Said):
            self.send_response(said.status)
            for name, value in [*said.headers, ("Content-Length", str(len(said.content)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.content)
        else:
            self.say(200, said if isinstance(said, bytes) else json.dumps(said).encode())

    def say(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def misbehave(self, trick: Trick) -> None:
        yes = b'{"match": true, "openid": "o1"}'
        match trick:
            case Trick.SILENCE:
                self.server.state.over.wait()
            case Trick.DRIPPING_HEAD:
                self.drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")
            case Trick.DRIPPING_BODY:
                self.drip(b"HTTP/1.1 200 OK\r\n\r\n" + yes, b" ")
            case Trick.BROKEN_OFF:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + yes)
            case Trick.HUGE:
                self.say(200, yes + b" " * 200_000)
            case Trick.NO_HTTP:
                self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
            case Trick.REDIRECT:
                self.say(302, yes, Location="/elsewhere")
            case Trick.FAULT:
                self.say(500, yes)

    def drip(self, start: bytes, drop: bytes) -> None:
        self.wfile.write(start)
        while not self.server.state.over.wait(0.02):
            self.wfile.write(drop)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def standing_in(answer: Callable[[Heard], object]) -> Iterator[StandIn]:
    """Serve what `answer` says: bytes and `Said` as they are, anything else as JSON."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        state = server.state = StandIn(answer, f"http://127.0.0.1:{server.server_port}/service")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.over.set()
            server.shutdown()
            thread.join()


class Platform:
    """The platform's books: which code belongs to which account, and which codes were exchanged."""

    SESSION_KEY = "canary-session-key-=="

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.errors: dict[str, int] = {}
        self._used: set[str] = set()

    def issue(self, code: str, openid: str) -> str:
        """A new code for an account, as the app gets it."""
        self.accounts[code] = openid
        return code

    def fail(self, code: str, error: int) -> str:
        """A code that the platform answers with an error."""
        self.errors[code] = error
        return code

    def answer(self, heard: Heard) -> object:
        """What jscode2session says to a call."""
        given = {name: values[0] for name, values in heard.query.items()}
        code = given.get("js_code", "")
        error = self._find_error(given, code)
        if error:
            return {"errcode": error, "errmsg": f"canary-message {code}, rid: 1-2-3"}
        self._used.add(code)
        return {"openid": self.accounts[code], "session_key": self.SESSION_KEY, "unionid": "canary-union"}

    def _find_error(self, given: dict[str, str], code: str) -> int:
        if given.get("appid") != APP_ID:
            return 40013
        if given.get("secret") != APP_SECRET:
            return 40125
        if code in self.errors:
            return self.errors[code]
        if code in self._used:
            return 40163
        return 0 if code in self.accounts and given.get("grant_type") == "authorization_code" else 40029


class Register:
    """The books of a real-name check: the pairs that match."""

    def __init__(self) -> None:
        self.people: set[tuple[str, str]] = set()

    def answer(self, heard: Heard) -> object:
        """Match or no match, and more than anybody asked for."""
        asked = json.loads(heard.body)
        if heard.headers.get("Authorization") != f"Bearer {SERVICE_KEY}":
            return {"error": "who are you?"}
        return {"match": (asked["name"], asked["id_number"]) in self.people, "photo": "canary-photo"}
