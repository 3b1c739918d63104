"""Signatures that stand beside what they sign: JWS with detached content (RFC 7515, appendix F), ES256 only.

As with tokens, the header chooses nothing but the key id; the type is given by who reads. There is one spelling of each
signature, so that no changed letter goes unseen.
"""

import json
import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from jwt.algorithms import ECAlgorithm

from backend.gateways.base64url import decode_base64url, encode_base64url
from backend.gateways.signed_claims import ALGORITHM
from backend.gateways.token_keys import TokenKey

LONGEST_DETACHED = 1024
_DETACHED = re.compile(r"([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)", re.ASCII)
_ES256 = ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)


class DetachedSignatureError(Exception):
    """A detached signature is refused; the message says why, in words for who brought it."""


def sign_detached(content: bytes, *, kind: str, signer: TokenKey) -> str:
    """Sign `content` as `kind` (the header's `typ`); gives the JWS without its content."""
    header = encode_base64url(_write_header(kind, signer.key_id))
    signature = _ES256.sign(_join(header, content), signer.key)
    return f"{header}..{encode_base64url(signature)}"


def verify_detached(text: str, content: bytes, *, kind: str, keys: Mapping[str, EllipticCurvePublicKey]) -> str:
    """Tell which of `keys` has signed `content` as `kind`; raises DetachedSignatureError."""
    found = _DETACHED.fullmatch(text) if len(text) <= LONGEST_DETACHED else None
    if found is None:
        raise DetachedSignatureError("it is no JWS with detached content: two parts in base64url with two dots between")
    header = _read_header(found[1])
    key_id = header.get("kid")
    if header != {"alg": ALGORITHM, "kid": key_id, "typ": kind}:
        raise DetachedSignatureError(f"its header must have alg {ALGORITHM}, typ {kind} and a kid, and nothing else")
    key = keys.get(key_id) if isinstance(key_id, str) else None
    if key is None:
        known = ", ".join(sorted(keys)) or "none at all"
        raise DetachedSignatureError(f"it is signed by key {key_id!r}, which is not known; known are {known}")
    if not _ES256.verify(_join(found[1], content), _ES256.prepare_key(key), _decode(found[2])):
        raise DetachedSignatureError(f"key {key_id} has not signed these bytes")
    return str(key_id)


def _write_header(kind: str, key_id: str) -> bytes:
    return json.dumps({"alg": ALGORITHM, "kid": key_id, "typ": kind}, separators=(",", ":")).encode()


def _read_header(segment: str) -> Mapping[str, object]:
    try:
        header = json.loads(_decode(segment))
    except (ValueError, RecursionError):
        raise DetachedSignatureError("its header is not JSON") from None
    if not isinstance(header, dict):
        raise DetachedSignatureError("its header is no JSON object")
    return header


def _join(header: str, content: bytes) -> bytes:
    return f"{header}.{encode_base64url(content)}".encode()


def _decode(segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise DetachedSignatureError("it is not base64url in its one spelling") from None
