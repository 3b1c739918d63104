import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, derive_private_key, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from backend.gateways.public_keys import (
    KeyFlaw,
    KeyRefusedError,
    find_thumbprint,
    load_public_key,
    make_jwk,
    read_jwk,
    read_key_file,
)
from tests.backend.gateways.signing import make_key

KEY = make_key()
JWK = make_jwk(KEY.public_key())
PRIVATE = {**JWK, "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
RFC_7515 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7517 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}


def write_pem(key: Any) -> bytes:  # noqa: ANN401 - a public key of any kind
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def test_a_key_is_the_same_in_every_form() -> None:
    members = JWK | {"kid": "mine", "use": "sig", "alg": "ES256", "key_ops": ["verify"]}
    forms = [write_pem(KEY.public_key()), json.dumps(JWK).encode(), json.dumps(members, indent=1).encode()]
    read = [read_key_file(form) for form in forms]
    assert {(key.key_id, tuple(key.jwk.items())) for key in read} == {(find_thumbprint(JWK), tuple(JWK.items()))}
    assert read[0].load().public_numbers() == KEY.public_key().public_numbers()
    assert len(read[0].key_id) == 43


def test_a_thumbprint_is_that_of_the_standard() -> None:
    # Computed apart from this code: SHA-256 of {"crv":"P-256","kty":"EC","x":"f83O...","y":"x_FE..."}.
    assert find_thumbprint({**RFC_7515}) == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", KeyFlaw.UNREADABLE),
        (b"\xff\xfe", KeyFlaw.UNREADABLE),
        (b"{", KeyFlaw.UNREADABLE),
        (b"{" * 3000, KeyFlaw.UNREADABLE),
        (b" " * 5000, KeyFlaw.UNREADABLE),
        (json.dumps({"keys": [JWK]}).encode(), KeyFlaw.UNREADABLE),
        (json.dumps(JWK | {"x": JWK["y"]}).encode(), KeyFlaw.UNREADABLE),
        (json.dumps(JWK | {"x": 7}).encode(), KeyFlaw.UNREADABLE),
        (json.dumps(PRIVATE).encode(), KeyFlaw.PRIVATE),
        (json.dumps({"kty": "oct", "k": "AAAA"}).encode(), KeyFlaw.PRIVATE),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), KeyFlaw.PRIVATE),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()), KeyFlaw.PRIVATE),
        (write_pem(rsa.generate_private_key(65537, 2048).public_key()), KeyFlaw.WRONG_KIND),
        (write_pem(ed25519.Ed25519PrivateKey.generate().public_key()), KeyFlaw.WRONG_KIND),
        (write_pem(generate_private_key(SECP256K1()).public_key()), KeyFlaw.WRONG_KIND),
        (json.dumps(JWK | {"crv": "P-384"}).encode(), KeyFlaw.WRONG_KIND),
        (json.dumps(JWK | {"use": "enc"}).encode(), KeyFlaw.WRONG_KIND),
        (json.dumps(JWK | {"alg": "ES384"}).encode(), KeyFlaw.WRONG_KIND),
        (json.dumps(RFC_7515).encode(), KeyFlaw.WEAK),
        (json.dumps(RFC_7517).encode(), KeyFlaw.WEAK),
        (write_pem(derive_private_key(1, SECP256R1()).public_key()), KeyFlaw.WEAK),
        (write_pem(derive_private_key(200, SECP256R1()).public_key()), KeyFlaw.WEAK),
    ],
    ids=range(22),
)
def test_what_is_no_fit_public_key_is_refused(content: bytes, flaw: KeyFlaw) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        read_key_file(content)
    assert caught.value.flaw is flaw
    assert str(caught.value) == f"the key is refused: {flaw}"


def test_the_published_keys_are_real_ones() -> None:
    for jwk in (RFC_7515, RFC_7517):
        load_public_key(jwk)


def test_a_jwk_is_read_for_what_it_is() -> None:
    assert read_jwk(JWK).jwk == JWK
