"""What reading a token without the library's own way must not lose: one spelling, and nothing taken on trust."""

from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.signed_claims import Expected, TokenError, TokenFault, read_claims, read_key_id
from tests.backend.gateways.signing import NOON, NOON_SECONDS, make_key, sign

KEY, OTHER_KEY = make_key(), make_key()
EXPECTED = Expected(kind="at+jwt", issuer="us", audience="us")
CLAIMS: dict[str, Any] = {
    "iss": "us",
    "aud": "us",
    "sub": "s",
    "jti": "j",
    "iat": NOON_SECONDS,
    "exp": NOON_SECONDS + 900,
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def find_fault(token: str, *, key: Any = KEY) -> TokenFault:  # noqa: ANN401 - a key of the library
    with pytest.raises(TokenError) as caught:
        read_claims(token, {"k1": key.public_key()}, EXPECTED, NOON)
    return caught.value.code


def respell(token: str, place: int) -> str:
    """Spell the same bytes of a segment in another way, by the bits of its last letter that nobody reads."""
    segments = token.split(".")
    segment = segments[place]
    assert len(segment) % 4, "every bit of this segment counts"
    segments[place] = segment[:-1] + LETTERS[LETTERS.index(segment[-1]) + 1]
    return ".".join(segments)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_same_bytes_in_another_spelling_are_refused(place: int) -> None:
    signed = (sign(KEY, CLAIMS | {"sub": "s" * length}, kid="k1", typ="at+jwt") for length in (1, 2))
    token = next(each for each in signed if len(each.split(".")[1]) % 4)
    assert find_fault(respell(token, place)) in {TokenFault.MALFORMED, TokenFault.BAD_SIGNATURE}


def test_a_header_that_was_read_before_proves_nothing() -> None:
    token = sign(KEY, CLAIMS, kid="k1", typ="at+jwt")
    assert read_claims(token, {"k1": KEY.public_key()}, EXPECTED, NOON) == CLAIMS
    with pytest.raises(TokenError) as caught:
        read_key_id(token, kind="id+jwt")
    assert caught.value.code is TokenFault.WRONG_TYPE
    assert find_fault(token, key=OTHER_KEY) is TokenFault.BAD_SIGNATURE
    with pytest.raises(TokenError) as caught:
        read_claims(token, {}, EXPECTED, NOON)
    assert caught.value.code is TokenFault.UNKNOWN_KEY


@pytest.mark.parametrize("payload", [b"[]", b"1", b"{", b"\xff", b"[" * 2000, b"null"])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, KEY, "ES256", headers={"kid": "k1", "typ": "at+jwt"})
    assert find_fault(token) is TokenFault.MALFORMED


@given(st.text(alphabet=LETTERS + ".=+ \n", max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert find_fault(text) in {TokenFault.MALFORMED, TokenFault.WRONG_TYPE}
