"""Signatures of HTTP messages (RFC 9421) with ES256 and a digest of the body (RFC 9530): made, and read with suspicion.

The library `http_message_signatures` believes a signature that covers nothing, is a day old and has no regard for the
body, if nobody tells it otherwise. So whatever is signed or read here covers the method and the address of its
request (an answer its status, and that request with its signature), the digest of the body and what the caller names;
says when it was made and when it ends, with a nonce, a key id and what it is for (`tag`); and is a minute old at most.
Time is given. Whoever reads must remember nonces for that minute where a message must not come twice.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import MappingKeyResolver
from typing_extensions import override

from backend.gateways.token_keys import TokenKey

LONGEST_AGE = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=5)
LONGEST_HEADER = 2048
LABEL = "sig"
SIGNATURE_HEADERS = ("content-digest", "signature-input", "signature")
_NONCE_LENGTHS = range(16, 101)
_REQUEST = ("@method", "@target-uri", "content-digest")
_RESPONSE = ("@status", "content-digest", '"@method";req', '"@target-uri";req', '"signature";req')


class SignatureFault(StrEnum):
    """What is wrong with the signature of a message."""

    MISSING = "signature_missing"
    STALE = "signature_stale"
    INCOMPLETE = "signature_incomplete"
    UNKNOWN_KEY = "signature_key_unknown"
    REFUSED = "signature_refused"


class SignatureRefusedError(Exception):
    """A message is not believed; `fault` says why, and nothing of the message is repeated."""

    def __init__(self, fault: SignatureFault) -> None:
        super().__init__(f"the signature of the message is refused: {fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class SignableRequest:
    """A request: the method in capitals, the whole URL as it is called, each header once, and the body as sent.

    A URL as it is called has no fragment; the library leaves one out of what it signs, so one is refused.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignableResponse:
    """An answer and the request that it answers, which must have been signed itself."""

    status_code: int
    request: SignableRequest
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


Signable: TypeAlias = SignableRequest | SignableResponse


class Verified(NamedTuple):
    """What a signature that holds says about itself."""

    key_id: str
    nonce: str
    created_at: datetime


def sign_message(
    message: Signable,
    *,
    signer: TokenKey,
    tag: str,
    nonce: str,
    covered: Sequence[str] = (),
    now: datetime,
    lifetime: timedelta = LONGEST_AGE,
) -> dict[str, str]:
    """Sign a message and give its headers with Content-Digest, Signature-Input and Signature among them.

    `covered` names further headers of the message, in small letters. Raises ValueError for what cannot be signed: a
    header that is missing, a nonce of fewer than 16 or more than 100 characters, an answer to an unsigned request, a
    URL with a fragment.
    """
    if _has_fragment(message):
        raise ValueError("a URL that is called has no fragment")
    if len(nonce) not in _NONCE_LENGTHS:
        raise ValueError("a nonce has 16 to 100 characters")
    headers = {name: value for name, value in message.headers.items() if name.lower() not in SIGNATURE_HEADERS}
    resolver = MappingKeyResolver(public_keys={}, private_keys={signer.key_id: signer.key})
    try:
        HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256, key_resolver=resolver).sign(
            _with_headers(message, headers),
            key_id=signer.key_id,
            created=now,
            expires=now + lifetime,
            nonce=nonce,
            label=LABEL,
            tag=tag,
            covered_component_ids=_list_covered(message, covered),
            body=message.body,
        )
    except HTTPMessageSignaturesException as fault:
        raise ValueError(f"the message cannot be signed: {fault}") from None
    return headers


def verify_message(
    message: Signable,
    *,
    keys: Mapping[str, EllipticCurvePublicKey],
    tag: str,
    covered: Sequence[str] = (),
    now: datetime,
    erased: bytes | None = None,
) -> Verified:
    """Tell who has signed a message for `tag`, and when; `keys` are those of the other side by id.

    It must cover what `sign_message` covers with the same `covered`, bear one such signature and no more, be at most
    a minute old, not end before now, and not be from more than five seconds ahead. Of an old message whose body is not
    there any more, `erased` is the body's SHA-256, and its body counts for nothing. Raises SignatureRefusedError.
    """
    sizes = {name.lower(): len(value) for name, value in message.headers.items()}
    if any(name not in sizes for name in SIGNATURE_HEADERS):
        raise SignatureRefusedError(SignatureFault.MISSING)
    is_too_long = any(sizes[name] > LONGEST_HEADER for name in SIGNATURE_HEADERS)
    if is_too_long or len(sizes) < len(message.headers) or _has_fragment(message):
        raise SignatureRefusedError(SignatureFault.REFUSED)
    try:
        found = _Verifier(keys, now).verify(
            _with_headers(message, dict(message.headers)),
            max_age=LONGEST_AGE,
            expect_tag=tag,
            require_components=_list_covered(message, covered),
            body=message.body if erased is None else None,
        )
    except HTTPMessageSignaturesException as fault:
        known = fault.args[0] if fault.args else None
        raise SignatureRefusedError(known if isinstance(known, SignatureFault) else SignatureFault.REFUSED) from None
    if len(found) != 1 or (erased is not None and not _names_digest(message, erased)):
        raise SignatureRefusedError(SignatureFault.REFUSED)
    parameters = found[0].parameters
    created_at = datetime.fromtimestamp(int(parameters["created"]), now.tzinfo)
    return Verified(str(parameters["keyid"]), str(parameters["nonce"]), created_at)


class _RefusedError(HTTPMessageSignaturesException):
    """A fault of ours on its way through the library."""


class _Verifier(HTTPMessageVerifier):
    """The library's, with times that are given, and with no parameter left to the other side's choice."""

    def __init__(self, keys: Mapping[str, EllipticCurvePublicKey], now: datetime) -> None:
        resolver = MappingKeyResolver(public_keys=keys, private_keys={})
        super().__init__(signature_algorithm=ECDSA_P256_SHA256, key_resolver=resolver)
        self._keys, self._now = keys, now

    @override
    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        given = dict(sig_input.params)
        created, expires, nonce = given.get("created"), given.get("expires"), given.get("nonce")
        if not isinstance(created, int) or not isinstance(expires, int) or not isinstance(nonce, str):
            raise _RefusedError(SignatureFault.INCOMPLETE)
        if len(nonce) not in _NONCE_LENGTHS:
            raise _RefusedError(SignatureFault.INCOMPLETE)
        if given.get("keyid") not in self._keys:
            raise _RefusedError(SignatureFault.UNKNOWN_KEY)
        longest, now = LONGEST_AGE.total_seconds(), self._now.timestamp()
        is_young = now - longest <= created <= now + CLOCK_SKEW.total_seconds()
        if not (is_young and now <= expires <= created + longest):
            raise _RefusedError(SignatureFault.STALE)


@dataclass(slots=True)
class _Request:
    """A request in the form that the library asks for; its headers are written to."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(slots=True)
class _Response:
    status_code: int
    request: _Request
    headers: dict[str, str]


def _with_headers(message: Signable, headers: dict[str, str]) -> _Request | _Response:
    if isinstance(message, SignableRequest):
        return _Request(message.method, message.url, headers)
    asked = message.request
    return _Response(message.status_code, _Request(asked.method, asked.url, dict(asked.headers)), headers)


def _has_fragment(message: Signable) -> bool:
    asked = message if isinstance(message, SignableRequest) else message.request
    return "#" in asked.url


def _names_digest(message: Signable, digest: bytes) -> bool:
    given = next(value for name, value in message.headers.items() if name.lower() == "content-digest")
    return f"sha-256=:{b64encode(digest).decode()}:" in {each.strip() for each in given.split(",")}


def _list_covered(message: Signable, further: Sequence[str]) -> tuple[str, ...]:
    return (*(_REQUEST if isinstance(message, SignableRequest) else _RESPONSE), *further)
