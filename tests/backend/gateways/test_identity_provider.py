import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backend.gateways.identity_provider import ProviderUnavailableError, Ticket, TicketReader
from backend.gateways.key_sets import KeySetUnreachableError, fetch_key_set
from backend.gateways.signed_claims import TokenError, TokenFault
from tests.backend.gateways.signing import NOON, NOON_SECONDS, make_key, make_key_set, sign

ISSUER, AUDIENCE = "https://id.i-city.example", "https://score.example"
KEY, NEW_KEY = make_key(), make_key()
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "provider-7",
    "jti": "t1",
    "iat": NOON_SECONDS,
    "exp": NOON_SECONDS + 120,
    "name": "王伟",
    "id_number": "410102199003071234",
    "assurance": "real_name",
}
MINUTE = timedelta(minutes=1)


class Provider:
    """An identity provider on this machine that counts how often its keys are fetched."""

    def __init__(self) -> None:
        self.fetched = 0
        self.status = 200
        self.content = make_key_set({"i1": KEY}, private=False)
        self.url = ""


@pytest.fixture
def provider() -> Iterator[Provider]:
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.fetched += 1
            self.send_response(state.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(state.content.encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        state.url = f"http://{address}/jwks.json?v=1"
        yield state


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def make_reader(url: str) -> TicketReader:
    return TicketReader(issuer=ISSUER, audience=AUDIENCE, jwks_url=url)


def make_ticket(*, key: Any = KEY, kid: str = "i1", typ: str = "ticket+jwt", **changes: Any) -> str:  # noqa: ANN401
    return sign(key, CLAIMS | changes, kid=kid, typ=typ)


def find_fault(reader: TicketReader, ticket: str, now: datetime = NOON) -> TokenFault:
    with pytest.raises(TokenError) as caught:
        reader.read(ticket, now)
    return caught.value.code


def test_a_ticket_says_who_is_there(provider: Provider) -> None:
    ticket = make_reader(provider.url).read(make_ticket(), NOON)
    assert ticket == Ticket(
        subject="provider-7",
        name="王伟",
        id_number="410102199003071234",
        assurance="real_name",
        jti="t1",
        expires_at=datetime(2026, 3, 2, 4, 2, tzinfo=UTC),
    )
    assert ticket.usable_until == ticket.expires_at + timedelta(seconds=10)
    assert "410102199003071234" not in repr(ticket)
    assert "王伟" not in repr(ticket)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        *[({name: None}, TokenFault.MISSING_CLAIM) for name in CLAIMS],
        ({"iss": "https://evil.example"}, TokenFault.WRONG_ISSUER),
        ({"aud": "https://other.example"}, TokenFault.WRONG_AUDIENCE),
        ({"exp": NOON_SECONDS + 301}, TokenFault.LIVES_TOO_LONG),
        ({"exp": NOON_SECONDS}, TokenFault.LIVES_TOO_LONG),
        ({"exp": NOON_SECONDS - 10}, TokenFault.EXPIRED),
        ({"exp": 1e300}, TokenFault.LIVES_TOO_LONG),
        ({"assurance": "phone"}, TokenFault.NOT_REAL_NAME),
        ({"id_number": 410102199003071234}, TokenFault.BAD_CLAIM),
        ({"id_number": "4" * 33}, TokenFault.BAD_CLAIM),
        ({"name": "王\n伟"}, TokenFault.BAD_CLAIM),
        ({"typ": "at+jwt"}, TokenFault.WRONG_TYPE),
        ({"kid": "i9"}, TokenFault.UNKNOWN_KEY),
        ({"key": NEW_KEY}, TokenFault.BAD_SIGNATURE),
    ],
)
def test_a_ticket_that_is_not_in_order_is_refused(
    provider: Provider, changes: dict[str, Any], fault: TokenFault
) -> None:
    assert find_fault(make_reader(provider.url), make_ticket(**changes)) is fault


def test_keys_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "jwks 1.json"
    file.write_text(make_key_set({"i1": KEY}, private=False), encoding="utf-8")
    assert make_reader(file.as_uri()).read(make_ticket(), NOON).jti == "t1"


def test_known_keys_are_fetched_once_in_an_hour(provider: Provider) -> None:
    reader = make_reader(provider.url)
    for minutes in (0, 1, 60):
        now = NOON + minutes * MINUTE
        reader.read(make_ticket(iat=int(now.timestamp()), exp=int(now.timestamp()) + 60), now)
    assert provider.fetched == 1
    now = NOON + 61 * MINUTE
    reader.read(make_ticket(iat=int(now.timestamp()), exp=int(now.timestamp()) + 60), now)
    assert provider.fetched == 2


def test_a_storm_of_unknown_keys_fetches_once_a_minute(provider: Provider) -> None:
    reader = make_reader(provider.url)
    for number in range(200):
        now = NOON + timedelta(seconds=number / 2)
        assert find_fault(reader, make_ticket(kid=f"x{number}"), now) is TokenFault.UNKNOWN_KEY
    assert provider.fetched == 2


def test_many_first_tickets_at_once_fetch_once(provider: Provider) -> None:
    reader = make_reader(provider.url)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: reader.read(make_ticket(), NOON).jti, range(32)))
    assert found == ["t1"] * 32
    assert provider.fetched == 1


def test_a_new_key_is_found_by_all_who_ask_at_once(provider: Provider) -> None:
    reader = make_reader(provider.url)
    reader.read(make_ticket(), NOON)
    provider.content = make_key_set({"i1": KEY, "i2": NEW_KEY}, private=False)
    with ThreadPoolExecutor(16) as pool:
        tickets = [make_ticket(), make_ticket(key=NEW_KEY, kid="i2")] * 16
        found = list(pool.map(lambda ticket: reader.read(ticket, NOON + MINUTE).jti, tickets))
    assert found == ["t1"] * 32
    assert provider.fetched == 2


def test_malformed_tickets_fetch_nothing(provider: Provider) -> None:
    reader = make_reader(provider.url)
    for ticket in ("", "a.b.c", make_ticket(typ="at+jwt")):
        find_fault(reader, ticket)
    assert provider.fetched == 0


def test_a_new_key_is_found_within_a_minute(provider: Provider) -> None:
    reader = make_reader(provider.url)
    reader.read(make_ticket(), NOON)
    provider.content = make_key_set({"i2": NEW_KEY}, private=False)
    assert find_fault(reader, make_ticket(key=NEW_KEY, kid="i2"), NOON) is TokenFault.UNKNOWN_KEY
    assert reader.read(make_ticket(key=NEW_KEY, kid="i2"), NOON + MINUTE).jti == "t1"
    assert find_fault(reader, make_ticket(), NOON + MINUTE) is TokenFault.UNKNOWN_KEY


@pytest.mark.parametrize(("status", "content"), [(500, ""), (302, ""), (200, "no keys"), (200, "x" * 70_000)])
def test_a_provider_that_fails_stops_sign_in_only_without_keys(provider: Provider, status: int, content: str) -> None:
    honest = provider.content
    warm, cold = make_reader(provider.url), make_reader(provider.url)
    warm.read(make_ticket(), NOON)
    provider.status, provider.content = status, content
    with pytest.raises(ProviderUnavailableError, match="try again later"):
        cold.read(make_ticket(), NOON)
    later = NOON + 61 * MINUTE
    ticket = make_ticket(iat=int(later.timestamp()), exp=int(later.timestamp()) + 60)
    assert warm.read(ticket, later).jti == "t1"
    provider.status, provider.content = 200, honest
    assert cold.read(ticket, later).jti == "t1"


def test_keys_older_than_a_day_are_not_trusted(provider: Provider) -> None:
    reader = make_reader(provider.url)
    reader.read(make_ticket(), NOON)
    provider.status = 500
    with pytest.raises(ProviderUnavailableError):
        reader.read(make_ticket(), NOON + timedelta(hours=24, seconds=1))


def test_a_clock_set_back_does_not_stop_fetching(provider: Provider) -> None:
    reader = make_reader(provider.url)
    reader.read(make_ticket(), NOON)
    provider.content = make_key_set({"i2": NEW_KEY}, private=False)
    earlier = NOON - timedelta(hours=3)
    ticket = make_ticket(key=NEW_KEY, kid="i2", iat=int(earlier.timestamp()), exp=int(earlier.timestamp()) + 60)
    assert reader.read(ticket, earlier).jti == "t1"


@pytest.mark.parametrize("url", ["file:///nowhere/jwks.json", "http://127.0.0.1:1/jwks.json"])
def test_a_key_set_out_of_reach_is_said_to_be(url: str) -> None:
    with pytest.raises(KeySetUnreachableError, match="cannot be read"):
        fetch_key_set(url)
