"""What reading a token without the library's own way must not lose: one spelling, and nothing taken on trust."""

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways import signed_claims
from backend.gateways.signed_claims import Expected, ProvenTokens, TokenError, TokenFault, read_claims, read_key_id
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


class CarelessTokens(ProvenTokens):
    """The planted defect: what any key has proven counts for every other under its id."""

    def find(self, token: str, _key: Any) -> Any:  # noqa: ANN401 - as above
        return next(iter(self._proven.values()))[1] if self._proven and token else None


def read_proven(proven: ProvenTokens) -> list[TokenFault | str]:
    """What comes of one token once it was proven: again, late, under another key, under none, tampered with."""
    token, key = sign(KEY, CLAIMS, kid="k1", typ="at+jwt"), KEY.public_key()
    tampered = token[: token.rindex(".") + 1] + sign(OTHER_KEY, CLAIMS, kid="k1", typ="at+jwt").rpartition(".")[2]
    read_claims(token, {"k1": key}, EXPECTED, NOON, proven)
    tried: tuple[tuple[str, dict[str, Any], datetime], ...] = (
        (token, {"k1": key}, NOON),
        (token, {"k1": key}, NOON + timedelta(minutes=16)),
        (token, {"k1": OTHER_KEY.public_key()}, NOON),
        (token, {}, NOON),
        (tampered, {"k1": key}, NOON),
    )
    found: list[TokenFault | str] = []
    for asked, keys, now in tried:
        try:
            found.append(read_claims(asked, keys, EXPECTED, now, proven)["sub"])
        except TokenError as error:
            found.append(error.code)
    return found


def test_a_token_that_was_proven_is_no_better_than_a_new_one() -> None:
    forged = [TokenFault.BAD_SIGNATURE, TokenFault.UNKNOWN_KEY, TokenFault.BAD_SIGNATURE]
    assert read_proven(ProvenTokens()) == ["s", TokenFault.EXPIRED, *forged]
    assert read_proven(ProvenTokens(most=0)) == ["s", TokenFault.EXPIRED, *forged]
    assert read_proven(CarelessTokens()) != ["s", TokenFault.EXPIRED, *forged]


def test_no_more_tokens_are_remembered_than_told(monkeypatch: pytest.MonkeyPatch) -> None:
    proven, keys = ProvenTokens(most=2), {"k1": KEY.public_key()}
    tokens = [sign(KEY, CLAIMS | {"jti": str(number)}, kid="k1", typ="at+jwt") for number in range(3)]
    for token in tokens:
        read_claims(token, keys, EXPECTED, NOON, proven)
    monkeypatch.setattr(signed_claims, "_verify", None)  # who asks for a proof now, falls
    assert read_claims(tokens[2], keys, EXPECTED, NOON, proven)["jti"] == "2"
    with pytest.raises(TypeError):
        read_claims(tokens[0], keys, EXPECTED, NOON, proven)


@pytest.mark.parametrize("payload", [b"[]", b"1", b"{", b"\xff", b"[" * 2000, b"null"])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, KEY, "ES256", headers={"kid": "k1", "typ": "at+jwt"})
    assert find_fault(token) is TokenFault.MALFORMED


@given(st.text(alphabet=LETTERS + ".=+ \n", max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert find_fault(text) in {TokenFault.MALFORMED, TokenFault.WRONG_TYPE}
