"""Keys and tokens for tests: made on the spot, honest or forged as the test wants them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NOON_SECONDS = int(NOON.timestamp())


def make_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def make_key_set(keys: dict[str, EllipticCurvePrivateKey], *, private: bool) -> str:
    """Write a JWK set with the private or the public halves of the keys."""
    entries = [
        {**ECAlgorithm.to_jwk(key if private else key.public_key(), as_dict=True), "kid": key_id}
        for key_id, key in keys.items()
    ]
    return json.dumps({"keys": entries})


def sign(key: Any, claims: dict[str, Any], **header: Any) -> str:  # noqa: ANN401 - forged on purpose
    """Sign claims with a header; a claim or header of None is left out."""
    present = {name: value for name, value in claims.items() if value is not None}
    headers = {name: value for name, value in header.items() if name != "alg"}
    return jwt.encode(present, key, header.get("alg", "ES256"), headers=headers)


def paste(header: object, claims: object, signature: bytes = b"\0" * 64) -> str:
    """Put a token together by hand, with any header and signature."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
