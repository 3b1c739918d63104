"""New keys, made on this machine and shown to nobody but the caller."""

import base64
import json
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from backend.gateways.sealed_messages import SEALING_ALGORITHM
from backend.setting_values import SECRET_BYTES


def make_signing_keys(now: datetime) -> str:
    """Make a JWK set (JSON) with one private ES256 key."""
    return json.dumps({"keys": [make_signing_entry(now)]}, indent=2)


def make_signing_entry(now: datetime) -> dict[str, str]:
    """Make one private ES256 key as a JWK; its kid names the day it was made."""
    entry: dict[str, str] = ECAlgorithm.to_jwk(generate_private_key(SECP256R1()), as_dict=True)
    return {**entry, "kid": f"{now:%Y%m%d}-{secrets.token_hex(4)}", "use": "sig", "alg": "ES256"}


def make_exchange_keys(now: datetime) -> str:
    """Make a JWK set (JSON) of private keys for the exchange with other cities: one signs, to one is sealed."""
    return json.dumps({"keys": [make_signing_entry(now), make_sealing_entry(now)]}, indent=2)


def make_sealing_entry(now: datetime) -> dict[str, str]:
    """Make one private key as a JWK that others seal to (ECDH on P-256); its kid names the day it was made."""
    return {**make_signing_entry(now), "use": "enc", "alg": SEALING_ALGORITHM}


def make_secret_key(now: datetime) -> str:
    """Make one secret key in the form of the settings: `id:base64`, the id naming the day it was made."""
    secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return f"{now:%Y%m%d}-{secrets.token_hex(4)}:{secret}"
