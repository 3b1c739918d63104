import json
from typing import Any

import pytest

from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.partner_keys import LARGEST_CHARACTERS, fetch_partner_keys, read_partner_keys
from backend.gateways.public_keys import make_jwk
from backend.gateways.sending import OutgoingCall, make_sender
from backend.gateways.signed_claims import KeySetError
from tests.backend.gateways.signing import NOON, make_key
from tests.backend.gateways.stand_ins import standing_in

SIGNS, SEALS = ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(NOON))).describe(NOON)
GUESSED = {  # the public half of the private number 1
    "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
}


def write(*entries: dict[str, Any]) -> str:
    return json.dumps({"keys": entries})


def test_keys_to_sign_and_to_seal_are_told_apart_and_others_passed_over() -> None:
    others: list[dict[str, Any]] = [
        {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "o"},
        {**SIGNS, "use": None},
        {**SIGNS, "alg": "ES384"},
    ]
    found = read_partner_keys(write(*others, SEALS, SIGNS, SEALS | make_jwk(make_key().public_key()) | {"kid": "e2"}))
    assert list(found.signing) == [SIGNS["kid"]]
    assert found.sealing is not None
    assert (found.sealing.key_id, make_jwk(found.sealing.key)["x"]) == (SEALS["kid"], SEALS["x"])
    assert read_partner_keys(write(SIGNS)).sealing is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", "not a JWK set"),
        (write(), "no key of use sig"),
        (write(SEALS), "no key of use sig"),
        (write(SIGNS | {"d": "AA"}), "key_private"),
        (write(SIGNS | {"y": SIGNS["x"]}), "key_unreadable"),
        (write(SIGNS | GUESSED), "key_weak"),
        (write(SIGNS | {"kid": ""}), "no kid"),
        (write(SIGNS | {"kid": "a b"}), "no kid"),
        (write(SIGNS, SEALS | {"kid": SIGNS["kid"]}), "has the id of another one"),
        (write(SIGNS, SEALS | {"x": SIGNS["x"], "y": SIGNS["y"]}), "or is another one"),
        (write(*[SIGNS] * 33), "33 keys"),
        (" " * LARGEST_CHARACTERS + write(SIGNS), "characters"),
    ],
)
def test_a_set_with_a_fault_is_refused_as_a_whole(text: str, what: str) -> None:
    with pytest.raises(KeySetError, match=what):
        read_partner_keys(text)


def test_keys_are_fetched_from_where_they_are_and_faults_say_nothing_of_it() -> None:
    with standing_in(lambda _: write(SIGNS).encode()) as city:
        text = fetch_partner_keys(city.url, deadline_seconds=10, send=make_sender("any"))
    assert list(read_partner_keys(text).signing) == [SIGNS["kid"]]
    assert city.heard[0].method == "GET"

    def fail(_: OutgoingCall) -> HttpAnswer:
        raise CallFailedError("canary", CallFault.NOT_REACHED)

    for send, what in (
        (fail, "nobody answers there"),
        (lambda _: HttpAnswer(503, b"canary"), "status 503"),
        (lambda _: HttpAnswer(200, b"\xff"), "UTF-8"),
    ):
        with pytest.raises(KeySetUnreachableError, match=what) as caught:
            fetch_partner_keys("https://canary.example", deadline_seconds=1, send=send)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://93.184.216.34/keys", "https://127.0.0.1:1/keys", "https://[::1]:1/keys"])
def test_on_the_public_internet_nothing_else_is_called(address: str) -> None:
    with pytest.raises(CallFailedError) as caught:
        make_sender("public")(OutgoingCall(url=address, method="GET", deadline_seconds=1))
    assert caught.value.fault is CallFault.ADDRESS_REFUSED
