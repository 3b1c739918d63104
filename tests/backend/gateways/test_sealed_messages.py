import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend.gateways.public_keys import load_public_key
from backend.gateways.sealed_messages import (
    LARGEST_PLAIN_BYTES,
    LONGEST_SEALED,
    SealedMessageError,
    SealedMessageFault,
    open_sealed,
    seal_for,
)
from tests.backend.gateways.signing import make_key

OURS, OTHER = make_key(), make_key()
KEYS = {"e1": OURS, "e2": OTHER}
# Of a key from a standard (RFC 7515, A.3), so that the names of tests do not change.
POINT = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
PAYLOAD = {"id_number": "410102199003071234", "question_id": "q-1", "asker": "wuhan"}
ALLOWED = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": "e1"}
SEALED = seal_for(PAYLOAD, key_id="e1", key=OURS.public_key())


def find_fault(text: str) -> SealedMessageFault | None:
    try:
        open_sealed(text, KEYS)
    except SealedMessageError as refused:
        return refused.fault
    return None


def seal_anything(header: dict[str, Any], plain: bytes = b'{"a":"b"}', key: Any = None) -> str:  # noqa: ANN401 - forged
    """Seal with whatever a header says, by the library as it comes."""
    known = JWERegistry.algorithms
    everything = [*known["alg"], *known["enc"], *known["zip"]]
    registry = JWERegistry(algorithms=everything, strict_check_header=False)
    # The library writes into the header that it is given.
    return encrypt_compact(dict(header), plain, key or ECKey.import_key(OURS.public_key()), registry=registry)


def change_header(text: str, **changes: object) -> str:
    """The message with other words in its header, as anybody on the way could write them."""
    head, rest = text.split(".", 1)
    header = json.loads(_decode(head)) | changes
    present = {name: value for name, value in header.items() if value is not None}
    return f"{_encode(json.dumps(present).encode())}.{rest}"


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=40), min_size=1, max_size=5))
def test_what_is_sealed_is_opened_by_its_reader_alone(payload: dict[str, str]) -> None:
    sealed = seal_for(payload, key_id="e1", key=OURS.public_key())
    assert open_sealed(sealed, KEYS) == payload
    with pytest.raises(SealedMessageError) as caught:
        open_sealed(sealed, {"e1": OTHER})
    assert caught.value.fault is SealedMessageFault.REFUSED
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_the_sealed_form_is_the_one_of_the_standard() -> None:
    """Opened step by step by RFC 7516 (section 5.2) and RFC 7518 (section 4.6), without the library."""
    head, wrapped, nonce, content, tag = SEALED.split(".")
    header = json.loads(_decode(head))
    assert {name: header[name] for name in ALLOWED} == ALLOWED
    shared = OURS.exchange(ECDH(), load_public_key(header["epk"]))
    name = b"ECDH-ES+A256KW"
    said = len(name).to_bytes(4, "big") + name + bytes(4) + bytes(4) + (256).to_bytes(4, "big")
    secret = aes_key_unwrap(ConcatKDFHash(SHA256(), 32, said).derive(shared), _decode(wrapped))
    assert json.loads(AESGCM(secret).decrypt(_decode(nonce), _decode(content) + _decode(tag), head.encode())) == PAYLOAD


@given(st.data())
def test_a_changed_letter_anywhere_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SEALED) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_.=+ 鼎").filter(lambda letter: letter != SEALED[place]))
    assert find_fault(SEALED[:place] + letter + SEALED[place + 1 :]) is not None
    assert find_fault(SEALED[:place]) is not None


@given(st.text(max_size=80))
def test_nonsense_is_refused_and_nothing_else(text: str) -> None:
    assert find_fault(text) is SealedMessageFault.MALFORMED


@pytest.mark.parametrize(
    "words",
    [
        {"alg": "ECDH-ES+A128KW"},
        {"enc": "A128GCM"},
        {"enc": "A256CBC-HS512"},
        {"alg": "RSA-OAEP"},
        {"alg": "A256KW"},
        {"alg": "PBES2-HS256+A128KW", "p2c": 2000},
        {"zip": "DEF"},
        {"apu": "QQ"},
        {"typ": "JWT"},
    ],
    ids=str,
)
def test_no_other_algorithm_is_taken(words: dict[str, Any]) -> None:
    """Sealed by whoever has our key, in ways that the library knows; compressed, some hundred bytes hold 200 000."""
    plain = b'{"a":"' + b"0" * (200_000 if "zip" in words else 1) + b'"}'
    is_ours = words.get("alg", "ECDH").startswith("ECDH")
    strange = RSAKey.generate_key(2048) if words.get("alg") == "RSA-OAEP" else OctKey.generate_key(256)
    sealed = seal_anything(ALLOWED | words, plain, None if is_ours else strange)
    assert find_fault(sealed) is SealedMessageFault.NOT_ALLOWED


def test_a_message_without_a_wrapped_key_is_refused() -> None:
    assert find_fault(seal_anything({**ALLOWED, "alg": "ECDH-ES"})) is SealedMessageFault.MALFORMED


@pytest.mark.parametrize(
    "words",
    [
        {"alg": "none"},
        {"alg": "dir"},
        {"alg": None},
        {"alg": ["ECDH-ES+A256KW"]},
        {"crit": ["exp"], "exp": 1},
        {"p2c": 10**9},
        {"kid": None},
        {"kid": ["e1"]},
        {"epk": None},
        {"epk": "AA"},
        {"epk": {**POINT, "d": "AA"}},
        {"epk": {**POINT, "x": "A" * 1000}},
        {"epk": {**POINT, "x": 7}},
        {"epk": {**POINT, "crv": "P-384"}},
    ],
    ids=repr,
)
def test_no_other_word_is_taken(words: dict[str, Any]) -> None:
    assert find_fault(change_header(SEALED, **words)) is SealedMessageFault.NOT_ALLOWED


def test_a_point_that_is_on_no_curve_is_refused() -> None:
    for coordinates in ({"y": POINT["x"]}, {"x": "_" * 42 + "8"}):
        assert find_fault(change_header(SEALED, epk=POINT | coordinates)) is SealedMessageFault.REFUSED


def test_a_key_that_is_none_of_ours_is_told_apart() -> None:
    strange = seal_for(PAYLOAD, key_id="e9", key=OURS.public_key())
    assert find_fault(strange) is SealedMessageFault.UNKNOWN_KEY


@pytest.mark.parametrize(
    "plain",
    [b"", b"{}", b"[]", b'"a"', b"{", b"\xff", b'{"a":1}', b'{"a":{"b":"c"}}', b'{"a":"b","a":"c"}', b"[" * 2000],
)
def test_content_of_another_form_is_refused(plain: bytes) -> None:
    assert find_fault(seal_anything(ALLOWED, plain)) in {
        SealedMessageFault.BAD_CONTENT,
        SealedMessageFault.MALFORMED,
    }


def test_what_is_too_large_is_neither_sealed_nor_opened() -> None:
    with pytest.raises(ValueError, match=f"{LARGEST_PLAIN_BYTES} are the most"):
        seal_for({"a": "鼎" * 700}, key_id="e1", key=OURS.public_key())
    with pytest.raises(ValueError, match="P-256"):
        seal_for(PAYLOAD, key_id="e1", key=generate_private_key(SECP384R1()).public_key())
    largest = seal_for({"a": "b" * (LARGEST_PLAIN_BYTES - 8)}, key_id="k" * 64, key=OURS.public_key())
    assert len(largest) <= LONGEST_SEALED
    assert find_fault(seal_anything(ALLOWED, b'{"a":"' + b"b" * LARGEST_PLAIN_BYTES + b'"}')) is not None
    assert find_fault("a" * 10_000_000) is SealedMessageFault.TOO_LONG


def test_a_look_at_the_header_that_forgets_itself_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the library takes what is more than the one form."""
    monkeypatch.setattr("backend.gateways.sealed_messages._HEADER", frozenset({"alg", "enc", "kid", "epk", "apu"}))
    assert find_fault(seal_anything({**ALLOWED, "apu": "QQ"})) is None
