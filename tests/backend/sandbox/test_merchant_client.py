"""The example client: what it does when calls break off, when it is too early, and when it is told no."""

import importlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.tidy.tree import ROOT

BROKEN_OFF = None
Step = tuple[int, dict[str, str], dict[str, Any]] | None


@dataclass
class Service:
    """A service that answers one step after the other, and remembers what it was sent."""

    steps: list[Step] = field(default_factory=list)
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    tokens: int = 0
    url: str = ""


class _Server(ThreadingHTTPServer):
    service: Service


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        service, body = self.server.service, self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/token":
            service.tokens += 1
            self.answer((200, {}, {"access_token": f"token-{service.tokens}", "expires_in": 600}))
            return
        service.heard.append((self.headers["Idempotency-Key"], self.headers["Authorization"], body))
        step = service.steps.pop(0)
        if step is not BROKEN_OFF:
            self.answer(step)

    def answer(self, step: tuple[int, dict[str, str], dict[str, Any]]) -> None:
        status, headers, content = step
        text = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples"))
    return importlib.import_module("merchant_client")


@pytest.fixture
def service() -> Iterator[Service]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.service = Service()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.service.url = f"http://127.0.0.1:{server.server_port}"
        yield server.service
        server.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(example: ModuleType, service: Service, pauses: list[float]) -> Any:  # noqa: ANN401 - a module of the documents
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return example.MerchantClient(
        service=service.url,
        client_id="c-1",
        key_id="k-1",
        private_pem=pem.decode(),
        pause=pauses.append,
    )


def problem(status: int, code: str, **headers: str) -> Step:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, told, {"code": code, "detail": "…", "instance": "request-1"}


def test_a_call_that_breaks_off_is_sent_again_under_the_same_key(
    client: Any,  # noqa: ANN401
    service: Service,
    pauses: list[float],
) -> None:
    service.steps = [BROKEN_OFF, problem(503, "unavailable", Retry_After="2"), (200, {}, {"state": "in_use"})]
    assert client.start("g-1") == {"state": "in_use"}
    assert len(service.heard) == 3
    assert len({(key, body) for key, _, body in service.heard}) == 1
    assert (len(pauses), pauses[1]) == (2, 2)
    service.steps = [(200, {}, {})]
    client.start("g-1")
    assert service.heard[3][0] != service.heard[0][0]  # another thing to be done
    assert service.tokens == 1


def test_what_is_never_answered_is_said_to_be_open(client: Any, example: ModuleType, service: Service) -> None:  # noqa: ANN401
    service.steps = [BROKEN_OFF] * 4
    with pytest.raises(example.UnansweredError, match="POST /v1/grants/g-1/start"):
        client.start("g-1")
    assert service.steps == []


@pytest.mark.parametrize(
    ("step", "error", "waits"),
    [
        (problem(409, "grant_overdue"), "GrantError", None),
        (problem(409, "order_no_reused"), "RefusedError", None),
        (problem(429, "too_many_misses", Retry_After="300"), "LaterError", 300),
        (problem(503, "unavailable", Retry_After="60"), "LaterError", 60),
    ],
)
def test_a_no_is_told_by_its_code_and_not_tried_again(
    client: Any,  # noqa: ANN401
    example: ModuleType,
    service: Service,
    step: Step,
    error: str,
    waits: int | None,
) -> None:
    assert step is not None
    service.steps = [step]
    with pytest.raises(getattr(example, error)) as caught:
        client.complete("g-1")
    assert (caught.value.code, caught.value.wait_s, caught.value.request_id) == (step[2]["code"], waits, "request-1")


def test_another_token_is_asked_for_once(client: Any, example: ModuleType, service: Service) -> None:  # noqa: ANN401
    service.steps = [problem(401, "token_revoked"), (200, {}, {})]
    client.start("g-1")
    assert [token for _, token, _ in service.heard] == ["Bearer token-1", "Bearer token-2"]
    service.steps = [problem(401, "token_revoked"), problem(401, "token_revoked")]
    with pytest.raises(example.RefusedError, match="token_revoked"):
        client.start("g-1")
