"""The receiver that stands in the documents, before our own worker."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.message_signatures import SignableRequest, sign_message
from backend.gateways.token_keys import TokenKey
from backend.gateways.tokens import TokenIssuer
from backend.merchants.courier import COVERED, EVENT_ID_HEADER, TAG
from backend.merchants.deliveries import replay_event
from backend.merchants.endpoints import list_endpoints
from backend.merchants.webhook_tables import Verdict
from docs.examples import receiver as example
from docs.examples.receiver import Receiver, make_server, open_memory, read_keys
from tests.backend.city import City, running_city
from tests.backend.gateways.signing import NOON, make_key
from tests.backend.merchants.receivers import dispatch, register
from tests.backend.merchants.shops import LIBRARY, open_shop
from tests.backend.merchants.test_webhooks import leave, show

URL, KEY = "https://shop.example/shangding", make_key()
KEYS = read_keys(json.dumps({"keys": TokenIssuer({"k1": KEY}, issuer="x").list_public_keys(NOON)}))
REQUEST = SignableRequest(
    method="POST", url=URL, headers={"Content-Type": "application/json", EVENT_ID_HEADER: "e1"}, body=b"{}"
)


@pytest.fixture
def city(sqlite_url: str) -> Iterator[City]:
    """The clock of this machine, which is what the receiver goes by."""
    with running_city(sqlite_url, rooms=(), now=datetime.now(UTC)) as city:
        yield city


def test_our_worker_finds_that_it_verifies_and_its_events_are_kept_once(city: City, tmp_path: Path) -> None:
    open_shop(city)
    keys = read_keys(json.dumps({"keys": city.context.tokens.list_public_keys(city.now())}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/hook?shop=1"
    with closing(open_memory(str(tmp_path / "events"))) as memory:
        server = make_server(Receiver(url, keys, memory), port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            register(city, LIBRARY, url)
            leave(city)
            dispatch(city)
            (sent,) = show(city)
            with city.database.transaction() as session:
                assert replay_event(session, LIBRARY, sent.event_id, now=city.now()) == (1, False)
                (endpoint,) = list_endpoints(session, LIBRARY)
            dispatch(city)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        assert (endpoint.verdict, endpoint.answers) == (Verdict.VERIFIES, {"right": 204, "forged": 401, "stale": 401})
        kept = [json.loads(body) for (body,) in memory.execute("SELECT body FROM event")]
        assert sorted(each["event"] for each in kept) == ["grant.expired", "webhook.test"]


def sign(**changes: object) -> SignableRequest:
    """What we send, with changes of how it is signed."""
    values = {"signer": TokenKey("k1", KEY), "tag": TAG, "nonce": "n" * 24, "covered": COVERED, "now": NOON, **changes}
    return replace(REQUEST, headers=sign_message(REQUEST, **values))  # type: ignore[arg-type]


def find_flaw(request: SignableRequest, url: str = URL) -> str | None:
    headers = {name.lower(): value for name, value in request.headers.items()}
    with closing(open_memory(":memory:")) as memory:
        return Receiver(url, KEYS, memory).find_flaw(headers, request.body, NOON)


def test_what_is_wrong_is_found() -> None:
    assert find_flaw(sign()) is None
    old = NOON - timedelta(seconds=61)
    for changes in (
        {"now": old},
        {"now": NOON + timedelta(seconds=6)},
        {"now": NOON - timedelta(seconds=9), "lifetime": timedelta(seconds=8)},
        {"tag": "others"},
        {"covered": ("content-type",)},
        {"signer": TokenKey("k2", KEY)},
        {"signer": TokenKey("k1", make_key())},
    ):
        assert find_flaw(sign(**changes)) is not None, changes
    assert find_flaw(sign(), url=f"{URL}/") is not None
    assert find_flaw(replace(sign(), body=b"{ }")) is not None
    elsewhere = sign()
    posing = {**elsewhere.headers, "@target-uri": URL}  # a header of that name takes no address's place
    assert find_flaw(replace(elsewhere, headers=posing), url=f"{URL}/") is not None
    assert find_flaw(REQUEST) is not None


@given(st.data())
def test_a_changed_byte_is_refused(data: st.DataObject) -> None:
    signed = sign()
    name = data.draw(st.sampled_from(sorted(signed.headers)))
    before = signed.headers[name]
    place = data.draw(st.integers(0, len(before) - 1))
    after = before[:place] + chr(ord(before[place]) ^ 4) + before[place + 1 :]
    if name == "Signature" and before[place + 1 : place + 3] == "==":
        return  # bits of the last letter of Base64 that mean nothing
    assert find_flaw(replace(signed, headers={**signed.headers, name: after})) is not None


def test_it_runs_as_its_heading_says() -> None:
    shown = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", str(example.__file__), "--help"], capture_output=True, check=True
    )
    assert all(option in shown.stdout for option in (b"--keys", b"--url", b"--memory", b"--port"))
