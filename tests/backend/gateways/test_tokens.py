import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.signed_claims import KeySetError, read_private_keys, read_public_keys
from backend.gateways.tokens import TokenError, TokenFault, TokenIssuer
from backend.principals import Principal, PrincipalKind
from tests.backend.gateways.signing import NOON, NOON_SECONDS, make_key, make_key_set, paste, sign

ISSUER = "https://score.example"
KEY, OTHER_KEY = make_key(), make_key()
ISSUED = TokenIssuer({"k1": KEY}, issuer=ISSUER)
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
CITIZEN = Principal(kind=PrincipalKind.CITIZEN, id="0195", scopes=frozenset({"score:read", "account:write"}))
CLERK = Principal(kind=PrincipalKind.DEPARTMENT, id="court", scopes=frozenset({"records:write"}), acting="李 7")
HEADER = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": ISSUER,
    "sub": "0195",
    "jti": "j1",
    "iat": NOON_SECONDS,
    "exp": NOON_SECONDS + 900,
    "kind": "citizen",
    "scope": "score:read",
}


def find_fault(token: str, now: datetime = NOON) -> TokenFault:
    with pytest.raises(TokenError) as caught:
        ISSUED.read(token, now)
    return caught.value.code


@pytest.mark.parametrize("principal", [CITIZEN, CLERK])
def test_what_is_issued_is_read_again(principal: Principal) -> None:
    assert ISSUED.read(ISSUED.issue(principal, QUARTER, NOON), NOON) == principal


def test_two_tokens_of_one_moment_differ() -> None:
    assert ISSUED.issue(CITIZEN, QUARTER, NOON) != ISSUED.issue(CITIZEN, QUARTER, NOON)


def test_the_forged_tokens_of_this_test_are_read_when_honest() -> None:
    assert ISSUED.read(sign(KEY, CLAIMS, kid="k1", typ="at+jwt"), NOON).id == "0195"


@pytest.mark.parametrize(
    ("late", "fault"),
    [
        (QUARTER + 9 * SECOND, None),
        (QUARTER + 10 * SECOND, TokenFault.EXPIRED),
        (-10 * SECOND, None),
        (-11 * SECOND, TokenFault.NOT_YET_VALID),
        (-61 * SECOND, TokenFault.NOT_YET_VALID),
    ],
)
def test_a_token_lives_from_issue_to_expiry_give_or_take_ten_seconds(late: timedelta, fault: TokenFault | None) -> None:
    token = ISSUED.issue(CITIZEN, QUARTER, NOON)
    if fault is None:
        assert ISSUED.read(token, NOON + late) == CITIZEN
    else:
        assert find_fault(token, NOON + late) is fault


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        *[({name: None}, TokenFault.MISSING_CLAIM) for name in ("iss", "aud", "sub", "jti", "iat", "exp", "kind")],
        ({"iss": "https://evil.example"}, TokenFault.WRONG_ISSUER),
        ({"aud": "https://evil.example"}, TokenFault.WRONG_AUDIENCE),
        ({"aud": [ISSUER, "https://evil.example"]}, TokenFault.WRONG_AUDIENCE),
        ({"sub": ""}, TokenFault.BAD_CLAIM),
        ({"sub": "a\0b"}, TokenFault.BAD_CLAIM),
        ({"sub": "a" * 129}, TokenFault.BAD_CLAIM),
        ({"kind": "king"}, TokenFault.BAD_CLAIM),
        ({"kind": ["citizen"]}, TokenFault.BAD_CLAIM),
        ({"scope": None}, TokenFault.BAD_CLAIM),
        ({"scope": ["score:read"]}, TokenFault.BAD_CLAIM),
        ({"act": "clerk"}, TokenFault.BAD_CLAIM),
        ({"act": {}}, TokenFault.MISSING_CLAIM),
        ({"exp": "9999999999"}, TokenFault.BAD_CLAIM),
        ({"exp": True}, TokenFault.BAD_CLAIM),
        ({"exp": float("inf")}, TokenFault.BAD_CLAIM),
        ({"iat": float("nan")}, TokenFault.BAD_CLAIM),
        ({"nbf": NOON_SECONDS + 60}, TokenFault.NOT_YET_VALID),
        ({"nbf": "soon"}, TokenFault.BAD_CLAIM),
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused(changes: dict[str, Any], fault: TokenFault) -> None:
    assert find_fault(sign(KEY, CLAIMS | changes, kid="k1", typ="at+jwt")) is fault


PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("", TokenFault.MALFORMED),
        ("a.b.c", TokenFault.MALFORMED),
        ("ä.b.c", TokenFault.MALFORMED),
        ("." * 4096, TokenFault.MALFORMED),
        ("a" * 4097, TokenFault.TOO_LONG),
        (paste([], CLAIMS), TokenFault.MALFORMED),
        (paste(json.loads("[" * 900 + "]" * 900), {}), TokenFault.MALFORMED),
        *[(paste(HEADER | {"alg": name}, CLAIMS, b""), TokenFault.MALFORMED) for name in ("none", "NONE", "nOnE", "")],
        *[(paste(HEADER | {"alg": name}, CLAIMS), TokenFault.MALFORMED) for name in ("HS256", "ES384", "EdDSA", 1)],
        (jwt.encode(CLAIMS, "secret" * 8, "HS256", headers=HEADER | {"alg": "HS256"}), TokenFault.MALFORMED),
        (sign(KEY, CLAIMS, kid="k1"), TokenFault.WRONG_TYPE),
        (sign(KEY, CLAIMS, kid="k1", typ="ticket+jwt"), TokenFault.WRONG_TYPE),
        (sign(KEY, CLAIMS, typ="at+jwt"), TokenFault.UNKNOWN_KEY),
        (sign(KEY, CLAIMS, kid="k2", typ="at+jwt"), TokenFault.UNKNOWN_KEY),
        (sign(KEY, CLAIMS, kid="../../dev/null", typ="at+jwt"), TokenFault.UNKNOWN_KEY),
        (sign(KEY, CLAIMS, kid="k1' OR '1'='1", typ="at+jwt"), TokenFault.UNKNOWN_KEY),
        (paste(HEADER | {"kid": ["k1"]}, CLAIMS), TokenFault.MALFORMED),
        (sign(KEY, CLAIMS, kid="k1", typ="at+jwt", jku="https://evil.example/jwks"), TokenFault.MALFORMED),
        (sign(KEY, CLAIMS, kid="k1", typ="at+jwt", x5u="https://evil.example/x"), TokenFault.MALFORMED),
        (sign(KEY, CLAIMS, kid="k1", typ="at+jwt", jwk={"kty": "EC"}), TokenFault.MALFORMED),
        (paste(HEADER | {"crit": ["b64"], "b64": False}, CLAIMS), TokenFault.MALFORMED),
        (sign(OTHER_KEY, CLAIMS, kid="k1", typ="at+jwt"), TokenFault.BAD_SIGNATURE),
        (paste(HEADER, CLAIMS), TokenFault.BAD_SIGNATURE),
        (paste(HEADER, CLAIMS, b""), TokenFault.BAD_SIGNATURE),
        (paste(HEADER, CLAIMS, b"\xff" * 64), TokenFault.BAD_SIGNATURE),
        (sign(KEY, CLAIMS, kid="k1", typ="at+jwt") + "A", TokenFault.MALFORMED),
    ],
)
def test_forged_tokens_are_refused(token: str, fault: TokenFault) -> None:
    assert find_fault(token) in {fault, TokenFault.BAD_SIGNATURE if token.endswith("A") else fault}


@pytest.mark.parametrize("payload", [b"no json", b"[]", b"\xff", b"[" * 2000])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, KEY, "ES256", headers={"kid": "k1", "typ": "at+jwt"})
    assert find_fault(token) is TokenFault.MALFORMED


@given(st.text(max_size=300))
def test_no_text_is_more_than_refused(token: str) -> None:
    with pytest.raises(TokenError):
        ISSUED.read(token, NOON)


@given(st.data())
def test_a_token_with_one_changed_letter_is_refused(data: st.DataObject) -> None:
    token = sign(KEY, CLAIMS, kid="k1", typ="at+jwt")
    # The last letter of a part carries bits that are not read, so only the others count.
    places = [at for at in range(len(token) - 1) if token[at] != "." and token[at + 1] != "."]
    place = data.draw(st.sampled_from(places))
    letter = data.draw(st.sampled_from("ABCabc012-_").filter(lambda other: other != token[place]))
    with pytest.raises(TokenError):
        ISSUED.read(token[:place] + letter + token[place + 1 :], NOON)


def test_a_refusal_repeats_nothing_of_the_token() -> None:
    with pytest.raises(TokenError) as caught:
        ISSUED.read(sign(KEY, CLAIMS | {"sub": "secret\0"}, kid="k1", typ="at+jwt"), NOON)
    assert str(caught.value) == "the token is refused: bad_claim"


def test_keys_are_changed_without_losing_tokens(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(make_key_set({"k2": OTHER_KEY, "k1": KEY}, private=True), encoding="utf-8")
    newer = TokenIssuer.from_file(file, issuer=ISSUER)
    assert newer.read(ISSUED.issue(CITIZEN, QUARTER, NOON), NOON) == CITIZEN
    assert find_fault(newer.issue(CITIZEN, QUARTER, NOON)) is TokenFault.UNKNOWN_KEY


WRONG_CURVE = generate_private_key(SECP384R1())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a JWK set"),
        ('{"keys": [1]}', "is not a JWK set"),
        ('{"keys": []}', "is empty"),
        (make_key_set({"k": KEY}, private=False), "key k is not a private ES256 key"),
        (make_key_set({"k": WRONG_CURVE}, private=True), "key k is not a private ES256 key"),
        (make_key_set({"": KEY}, private=True), "has no kid"),
        ('{"keys": [{"kty": "oct", "k": "AAAA", "kid": "k"}]}', "is not a key of an elliptic curve"),
        ('{"keys": [{"kty": "EC", "crv": "P-256", "x": 1, "y": 2, "kid": "k"}]}', "is not a key of"),
    ],
)
def test_a_key_set_that_cannot_sign_is_refused_and_why(text: str, what: str) -> None:
    with pytest.raises(KeySetError, match=what):
        read_private_keys(text)


def test_a_key_id_is_used_once() -> None:
    entry = json.loads(make_key_set({"k": KEY}, private=True))["keys"][0]
    with pytest.raises(KeySetError, match="two keys have the kid k"):
        read_private_keys(json.dumps({"keys": [entry, entry]}))


def test_public_keys_of_other_kinds_are_passed_over() -> None:
    entries = json.loads(make_key_set({"k": KEY}, private=False))["keys"]
    entries += [{"kty": "RSA", "kid": "r"}, {**entries[0], "kid": "e", "use": "enc"}]
    assert set(read_public_keys(json.dumps({"keys": entries}))) == {"k"}
    with pytest.raises(KeySetError, match="has no ES256 key"):
        read_public_keys(json.dumps({"keys": entries[1:]}))
