"""Messages sealed to one reader: JWE in compact form (RFC 7516), with one algorithm for each step and no other.

The library `joserfc` would take keys that are wrapped, derived or agreed on in ten ways, and content that was
compressed. So the header is looked at first and by us: it names ECDH-ES with A256KW, A256GCM, a key of ours and a fresh
key of the sender's on P-256, and nothing else. Who sealed a message it does not tell: the signature around it does.
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact, encrypt_compact
from joserfc.jwk import ECKey

from backend.gateways.base64url import decode_base64url

SEALING_ALGORITHM = "ECDH-ES+A256KW"
CONTENT_ALGORITHM = "A256GCM"
LONGEST_SEALED = 4096
LARGEST_PLAIN_BYTES = 2048
_HEADER = frozenset({"alg", "enc", "kid", "epk"})
_EPHEMERAL = frozenset({"kty", "crv", "x", "y"})
_COORDINATE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)(\.[A-Za-z0-9_-]+){4}", re.ASCII)


class SealedMessageFault(StrEnum):
    """What is wrong with a sealed message."""

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_KEY = "unknown_key"
    REFUSED = "refused"
    BAD_CONTENT = "bad_content"


class SealedMessageError(Exception):
    """A sealed message is not taken; `fault` says why, and nothing of the message is repeated."""

    def __init__(self, fault: SealedMessageFault) -> None:
        super().__init__(f"the sealed message is refused: {fault}")
        self.fault = fault


def seal_for(payload: Mapping[str, str], *, key_id: str, key: EllipticCurvePublicKey) -> str:
    """Seal texts under their names for whoever has the private half of `key`, which he knows as `key_id`.

    Raises ValueError for another curve than P-256 and for more than 2048 bytes.
    """
    plain = json.dumps(dict(payload), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    if len(plain) > LARGEST_PLAIN_BYTES:
        raise ValueError(f"what is sealed has {len(plain)} bytes; {LARGEST_PLAIN_BYTES} are the most")
    if key.curve.name != SECP256R1.name:
        raise ValueError("a message is sealed to a key of the curve P-256")
    header = {"alg": SEALING_ALGORITHM, "enc": CONTENT_ALGORITHM, "kid": key_id}
    return encrypt_compact(header, plain, ECKey.import_key(key), registry=_make_registry())


def open_sealed(text: str, keys: Mapping[str, EllipticCurvePrivateKey]) -> dict[str, str]:
    """Open a message that is sealed to one of `keys`, ours by id, and give its texts; raises SealedMessageError."""
    key = keys.get(_read_key_id(text))
    if key is None:
        raise SealedMessageError(SealedMessageFault.UNKNOWN_KEY)
    try:
        plain = decrypt_compact(text, ECKey.import_key(key), registry=_make_registry()).plaintext
    except (JoseError, InvalidTag, ValueError, TypeError):  # a wrong tag, or a point that is not on the curve
        raise SealedMessageError(SealedMessageFault.REFUSED) from None
    return _read_content(plain or b"")


def _make_registry() -> JWERegistry:
    """Give the library what is allowed: no other algorithm, and none that compresses."""
    return JWERegistry(algorithms=[SEALING_ALGORITHM, CONTENT_ALGORITHM])


def _read_key_id(text: str) -> str:
    """Read which key a message is sealed to, when its header is of the one form that is allowed."""
    if len(text) > LONGEST_SEALED:
        raise SealedMessageError(SealedMessageFault.TOO_LONG)
    segments = _COMPACT.fullmatch(text)
    if segments is None:
        raise SealedMessageError(SealedMessageFault.MALFORMED)
    header = _read_object(_decode(segments[1]), SealedMessageFault.MALFORMED)
    algorithms = header.get("alg"), header.get("enc")
    if algorithms != (SEALING_ALGORITHM, CONTENT_ALGORITHM) or set(header) != _HEADER:
        raise SealedMessageError(SealedMessageFault.NOT_ALLOWED)
    if not isinstance(header["kid"], str) or not _is_ephemeral(header["epk"]):
        raise SealedMessageError(SealedMessageFault.NOT_ALLOWED)
    return header["kid"]


def _is_ephemeral(entry: object) -> bool:
    """Tell whether a member of the header has the form of a public key on P-256, and nothing besides."""
    if not isinstance(entry, dict) or set(entry) != _EPHEMERAL or (entry["kty"], entry["crv"]) != ("EC", "P-256"):
        return False
    return all(isinstance(entry[name], str) and _COORDINATE.fullmatch(entry[name]) for name in ("x", "y"))


def _decode(segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise SealedMessageError(SealedMessageFault.MALFORMED) from None


def _read_content(plain: bytes) -> dict[str, str]:
    if len(plain) > LARGEST_PLAIN_BYTES:
        raise SealedMessageError(SealedMessageFault.TOO_LONG)
    content = _read_object(plain, SealedMessageFault.BAD_CONTENT)
    if not content or not all(isinstance(value, str) for value in content.values()):
        raise SealedMessageError(SealedMessageFault.BAD_CONTENT)
    return content


def _read_object(text: bytes, fault: SealedMessageFault) -> dict[str, Any]:
    """Read a JSON object in which no name comes twice."""
    try:
        pairs = json.loads(text.decode(), object_pairs_hook=_refuse_repeats)
    except (ValueError, RecursionError):
        raise SealedMessageError(fault) from None
    if not isinstance(pairs, dict):
        raise SealedMessageError(fault)
    return pairs


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found
