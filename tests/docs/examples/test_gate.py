"""The gate that stands in the documents, before genuine cards and all sorts of others."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from backend.benefits.card_signing import CARD_TYPE, Signer, sign_card, sign_list
from backend.benefits.cards import Card
from backend.clock import SystemClock
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from docs.examples import gate as example
from docs.examples.gate import Gate, Memory, Result
from tests.backend.gateways.signing import NOON, make_key

ISSUER, MERCHANT = "https://score.example", "north_square"
PLACE, OTHER_PLACE = 4711, 4712
KEY = make_key()
TOKENS = TokenIssuer({"k1": KEY}, issuer=ISSUER)
PSEUDONYMS = Pseudonyms({"p": bytes(32)}, "p")
MINUTE = timedelta(minutes=1)


def make_signer(key: EllipticCurvePrivateKey = KEY, key_id: str = "k1", issuer: str = ISSUER) -> Signer:
    return Signer(tokens=TokenIssuer({key_id: key}, issuer=issuer), pseudonyms=PSEUDONYMS, public_url=issuer)


def make_card(**changes: Any) -> Card:  # noqa: ANN401 - whatever the test is about
    values: dict[str, Any] = {
        "subject_id": uuid4(),
        "card_id": uuid4(),
        "merchant": MERCHANT,
        "merchant_name": "北广场停车场",
        "scenario": "street_parking",
        "terms": {"kind": "discount", "charged_percent": 50, "zh": "停车费五折。", "en": "Half price."},
        "list_no": 0,
        "place": PLACE,
        "made_at": NOON,
        "expires_at": NOON + timedelta(hours=1),
        "ended_because": None,
    }
    return Card(**(values | changes))


def sign(signer: Signer | None = None, **changes: Any) -> str:  # noqa: ANN401 - as above
    return sign_card(make_card(**changes), signer or make_signer(), now=NOON).text


def forge(header: dict[str, Any], key: Any = KEY, algorithm: str = "ES256", **claims: object) -> str:  # noqa: ANN401 - any key
    """A card that somebody makes who knows everything about cards."""
    genuine = jwt.decode(sign(), options={"verify_signature": False})
    return jwt.encode(genuine | claims, key, algorithm, headers={"typ": CARD_TYPE, "kid": "k1"} | header)


def make_gate(memory: Memory, *, ended: tuple[int, ...] = (OTHER_PLACE,), lists: list[str] | None = None) -> Gate:
    fetched = [sign_list(0, ended, make_signer(), now=NOON).text] if lists is None else lists
    keys = json.dumps({"keys": TOKENS.list_public_keys(NOON)})
    return Gate(issuer=ISSUER, merchant=MERCHANT, keys=keys, lists=fetched, memory=memory)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with closing(Memory(":memory:")) as opened:
        yield opened


def test_a_genuine_card_opens_once_and_says_no_more_than_it_must(memory: Memory) -> None:
    gate, card = make_gate(memory), sign()
    entry = gate.check(card, NOON + MINUTE)
    assert entry.result is Result.OPEN
    assert set(entry.claims) == {
        *("iss", "aud", "sub", "jti", "iat", "nbf", "exp", "scenario", "benefit", "status"),
    }
    assert gate.check(card, NOON + MINUTE).result is Result.USED
    subject_id = uuid4()
    here, again, elsewhere = (
        jwt.decode(sign(subject_id=subject_id, merchant=merchant), options={"verify_signature": False})["sub"]
        for merchant in (MERCHANT, MERCHANT, "south_square")
    )
    assert here == again != elsewhere


PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
HOUR = timedelta(hours=1)
STRANGERS = {
    "another key under a known id": (sign(make_signer(make_key())), Result.BAD_SIGNATURE),
    "an unknown key": (sign(make_signer(make_key(), "k2")), Result.UNKNOWN_KEY),
    "another issuer": (sign(make_signer(issuer="https://other.example")), Result.WRONG_ISSUER),
    "another merchant's": (sign(merchant="south_square"), Result.WRONG_MERCHANT),
    "several audiences": (forge({}, aud=[f"merchant:{MERCHANT}", "merchant:x"]), Result.WRONG_MERCHANT),
    "not begun": (sign(made_at=NOON + HOUR, expires_at=NOON + 2 * HOUR), Result.NOT_YET),
    "expired": (sign(made_at=NOON - HOUR, expires_at=NOON), Result.EXPIRED),
    "ended": (sign(place=OTHER_PLACE), Result.ENDED),
    "a list that is not here": (sign(list_no=1), Result.STATUS_UNKNOWN),
    "a place outside": (sign(place=65_536), Result.STATUS_UNKNOWN),
    "without a status": (forge({}, status={}), Result.MALFORMED),
    "without an end": (forge({}, exp=None), Result.MALFORMED),
    "an access token": (
        TOKENS.issue(Principal(kind=PrincipalKind.CITIZEN, id="x", scopes=frozenset()), HOUR, NOON),
        Result.WRONG_TYPE,
    ),
    "unsigned": (forge({}, None, "none"), Result.MALFORMED),
    "another signature": (sign().rpartition(".")[0] + ".c2lnbmF0dXJl", Result.BAD_SIGNATURE),
    "a symmetric key": (forge({}, PUBLIC.hex(), "HS256"), Result.MALFORMED),
    "too long": ("e30." * 2000, Result.MALFORMED),
    "another code": ("https://pay.example/abc", Result.MALFORMED),
    "nothing": ("", Result.MALFORMED),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_the_gate_stays_shut_and_says_why(memory: Memory, case: str) -> None:
    card, expected = STRANGERS[case]
    assert make_gate(memory).check(card, NOON + MINUTE).result is expected


@given(st.integers(0, 2000), st.sampled_from("Aa0-_.="))
def test_no_changed_card_opens(place: int, character: str) -> None:
    card = sign()
    place %= len(card)
    changed = card[:place] + character + card[place + 1 :]
    with closing(Memory(":memory:")) as memory:
        assert (make_gate(memory).check(changed, NOON + MINUTE).result is Result.OPEN) == (changed == card)


def test_a_list_that_is_too_old_or_forged_is_not_taken(memory: Memory) -> None:
    card = sign(made_at=NOON + 24 * HOUR, expires_at=NOON + 25 * HOUR)
    assert make_gate(memory).check(card, NOON + 24 * HOUR + MINUTE).result is Result.STATUS_UNKNOWN
    with pytest.raises(ValueError, match="bad_signature"):
        make_gate(memory, lists=[sign_list(0, (), make_signer(make_key()), now=NOON).text])


def test_a_gate_that_does_not_look_at_its_list_is_caught(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared = (f"{ISSUER}/v1/cards/status/0000", (bytes(8192), 2**40))
    monkeypatch.setattr(Gate, "_read_list", lambda *_: cleared)
    with pytest.raises(AssertionError):
        test_the_gate_stays_shut_and_says_why(memory, "ended")


def test_as_a_command_it_remembers_over_a_power_cut(tmp_path: Path) -> None:
    now = SystemClock().now()
    card = sign_card(make_card(made_at=now, expires_at=now + HOUR), make_signer(), now=now).text
    files = {"keys.json": json.dumps({"keys": TOKENS.list_public_keys(now)})}
    files["list.jwt"] = sign_list(0, (), make_signer(), now=now).text
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    command = [sys.executable, str(Path(example.__file__)), "--issuer", ISSUER, "--merchant", MERCHANT]
    command += ["--keys", "keys.json", "--list", "list.jwt", "--memory", "used.sqlite"]
    told = [
        subprocess.run(command, cwd=tmp_path, input=f"{card}\n", capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program
        for _ in range(2)
    ]
    assert told == ["open 停车费五折。 / Half price.\n", "used\n"]
