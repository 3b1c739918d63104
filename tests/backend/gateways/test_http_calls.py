import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer, call_service, read_trust
from backend.gateways.public_addresses import is_public
from tests.backend.gateways.signing import NOON
from tests.backend.gateways.stand_ins import StandIn, Trick, standing_in

PATIENCE_SECONDS = 10.0
HURRY_SECONDS = 0.2


@pytest.fixture
def service() -> Iterator[StandIn]:
    with standing_in(lambda heard: heard.body or b"hello") as service:
        yield service


def test_a_call_brings_back_status_and_body(service: StandIn) -> None:
    found = call_service(f"{service.url}?a=1&b=2", deadline_seconds=PATIENCE_SECONDS)
    assert found == HttpAnswer(200, b"hello")
    (heard,) = service.heard
    assert (heard.method, heard.path, heard.query) == ("GET", "/service", {"a": ["1"], "b": ["2"]})


def test_a_body_and_headers_are_sent(service: StandIn) -> None:
    found = call_service(
        service.url, method="POST", body=b"{}", headers={"X-Who": "us"}, deadline_seconds=PATIENCE_SECONDS
    )
    assert found.content == b"{}"
    assert (service.heard[0].method, service.heard[0].headers["X-Who"]) == ("POST", "us")


def test_an_address_without_a_path_is_the_root(service: StandIn) -> None:
    call_service(service.url.removesuffix("/service"), deadline_seconds=PATIENCE_SECONDS)
    assert service.heard[0].path == "/"


def test_a_redirect_is_an_answer_and_not_followed(service: StandIn) -> None:
    service.trick = Trick.REDIRECT
    assert call_service(service.url, deadline_seconds=PATIENCE_SECONDS).status == 302
    assert len(service.heard) == 1


@pytest.mark.parametrize("trick", [Trick.SILENCE, Trick.DRIPPING_HEAD, Trick.DRIPPING_BODY])
def test_who_never_ends_is_cut_off(service: StandIn, trick: Trick) -> None:
    """It would not return at all: the time that each single read may take never runs out."""
    service.trick = trick
    with pytest.raises(CallFailedError):
        call_service(service.url, deadline_seconds=HURRY_SECONDS)


@pytest.mark.parametrize("trick", [Trick.BROKEN_OFF, Trick.NO_HTTP, Trick.HUGE])
def test_what_is_no_whole_answer_is_a_fault(service: StandIn, trick: Trick) -> None:
    service.trick = trick
    with pytest.raises(CallFailedError):
        call_service(service.url, deadline_seconds=PATIENCE_SECONDS)


def test_an_answer_may_be_as_large_as_allowed_and_no_larger(service: StandIn) -> None:
    assert call_service(service.url, deadline_seconds=PATIENCE_SECONDS, largest_bytes=5).content == b"hello"
    with pytest.raises(CallFailedError, match="larger than 4 bytes"):
        call_service(service.url, deadline_seconds=PATIENCE_SECONDS, largest_bytes=4)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://nobody.invalid/", "http://127.0.0.1:1/a b", "https://127.0.0.1:1/"]
)
def test_a_fault_says_nothing_of_the_address(address: str) -> None:
    with pytest.raises(CallFailedError) as caught:
        call_service(f"{address}?secret=canary", deadline_seconds=PATIENCE_SECONDS)
    assert "canary" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


@pytest.mark.parametrize(
    ("trick", "fault"),
    [
        (Trick.SILENCE, CallFault.TOO_SLOW),
        (Trick.BROKEN_OFF, CallFault.UNUSABLE),
        (Trick.NO_HTTP, CallFault.UNUSABLE),
        (Trick.HUGE, CallFault.UNUSABLE),
    ],
)
def test_a_fault_has_a_name(service: StandIn, trick: Trick, fault: CallFault) -> None:
    service.trick = trick
    with pytest.raises(CallFailedError) as caught:
        call_service(service.url, deadline_seconds=HURRY_SECONDS if trick is Trick.SILENCE else PATIENCE_SECONDS)
    assert caught.value.fault is fault


def test_where_only_the_status_counts_a_content_without_end_is_not_waited_for(service: StandIn) -> None:
    for trick in (Trick.DRIPPING_BODY, Trick.HUGE, Trick.BROKEN_OFF):
        service.trick = trick
        answer = call_service(service.url, deadline_seconds=PATIENCE_SECONDS, reads_content=False)
        assert answer == HttpAnswer(200, b"")


def test_an_address_that_is_not_admitted_is_not_called(service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address that the name leads to must be, and the name is asked for once: its next answer may be another."""
    port = urlsplit(service.url).port
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]

    def look_up(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, port or 0)) for each in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(CallFailedError) as caught:
        call_service(service.url, deadline_seconds=PATIENCE_SECONDS, admits=is_public)
    assert (caught.value.fault, service.heard) == (CallFault.ADDRESS_REFUSED, [])
    assert call_service(service.url, deadline_seconds=PATIENCE_SECONDS, admits="127.0.0.1".__eq__).status == 200
    assert answers == []


def test_a_name_that_is_looked_up_for_ever_is_left_alone(service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the names of a partner can let every look-up hang; threads must not pile up behind it."""
    over, threads = threading.Event(), threading.active_count()

    def look_up(*_: object, **__: object) -> list[object]:
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("backend.gateways.http_calls._LOOK_UPS", threading.BoundedSemaphore(2))
    for _ in range(4):
        with pytest.raises(CallFailedError) as caught:
            call_service(service.url, deadline_seconds=HURRY_SECONDS / 10)
        assert caught.value.fault is CallFault.TOO_SLOW
    assert threading.active_count() <= threads + 2
    over.set()
    monkeypatch.undo()
    assert call_service(service.url, deadline_seconds=PATIENCE_SECONDS).status == 200


@contextmanager
def serving_securely(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate of its own making; gives its address and the certificate."""
    key, name = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOON - dt.timedelta(days=3650))
        .not_valid_after(NOON + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secure")

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/", pem
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def forgotten_trust() -> Iterator[None]:
    """Whom the process trusts is read anew, before and after."""
    read_trust.cache_clear()
    yield
    read_trust.cache_clear()


@pytest.mark.usefixtures("forgotten_trust")
def test_only_a_trusted_certificate_is_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_securely(tmp_path) as (address, certificate):
        with pytest.raises(CallFailedError, match="SSLCertVerificationError") as caught:
            call_service(address, deadline_seconds=PATIENCE_SECONDS)
        assert caught.value.fault is CallFault.NOT_TRUSTED
        read_trust.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert call_service(address, deadline_seconds=PATIENCE_SECONDS) == HttpAnswer(200, b"secure")


@pytest.mark.usefixtures("forgotten_trust")
def test_a_handshake_that_never_ends_is_cut_off(service: StandIn) -> None:
    service.trick = Trick.SILENCE
    with pytest.raises(CallFailedError):
        call_service(service.url.replace("http:", "https:"), deadline_seconds=HURRY_SECONDS)
