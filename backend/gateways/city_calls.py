"""One call to another city: signed by us, and answered with a signature that belongs to this very call, or not at all.

Whoever asks signs first and writes the signed call down, then sends it: what has left can always be shown. The answer
is believed when a key of the partner has signed it, for the purpose that answers ours, about our request and its nonce.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.message_signatures import (
    SIGNATURE_HEADERS,
    SignableRequest,
    SignableResponse,
    SignatureFault,
    SignatureRefusedError,
    Verified,
    sign_message,
    verify_message,
)
from backend.gateways.sending import OutgoingCall, Send

CITY_HEADER = "Exchange-City"
# What signatures cover beyond the gateway's own list: a call also says which city makes it.
COVERED = ("content-type",)
CALL_COVERED = (*COVERED, CITY_HEADER.lower())
CONTENT_TYPE = "application/json"
LONGEST_TYPE = 100
_SIGNED_HEADERS = (*COVERED, *SIGNATURE_HEADERS)
_NONCE_BYTES = 18
_READABLE = frozenset({CONTENT_TYPE, "application/problem+json"})


class MessageTag(StrEnum):
    """What a signed message between cities is for (`tag`, RFC 9421, section 2.3)."""

    QUESTION = "shangding-exchange-question"
    ANSWER = "shangding-exchange-answer"
    NOTICE = "shangding-exchange-notice"
    CONFIRMATION = "shangding-exchange-confirmation"


ANSWER_TAGS: Mapping[MessageTag, MessageTag] = MappingProxyType(
    {MessageTag.QUESTION: MessageTag.ANSWER, MessageTag.NOTICE: MessageTag.CONFIRMATION}
)


class CityCallFault(StrEnum):
    """Why a call to another city brought nothing that can be believed."""

    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    UNSIGNED = "unsigned"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_REFUSED = "signature_refused"
    UNUSABLE = "unusable"


_CALL_FAULTS: Mapping[CallFault, CityCallFault] = MappingProxyType(
    {CallFault.TOO_SLOW: CityCallFault.TOO_SLOW, CallFault.UNUSABLE: CityCallFault.UNUSABLE}
)
_SIGNATURE_FAULTS: Mapping[SignatureFault, CityCallFault] = MappingProxyType(
    {SignatureFault.MISSING: CityCallFault.UNSIGNED, SignatureFault.UNKNOWN_KEY: CityCallFault.KEY_UNKNOWN}
)


class CityCallError(Exception):
    """A call brought nothing that can be believed; nothing of question or answer is repeated.

    `detail` is the code of the fault beneath, and `status` that of an answer that came and was not believed.
    """

    def __init__(self, fault: CityCallFault, detail: str, status: int | None = None) -> None:
        super().__init__(f"the call to the other city failed: {fault} ({detail})")
        self.fault = fault
        self.detail = detail
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class CityCall:
    """What `city` is to send to another one: JSON, as a question or a notice; one deadline for all of it."""

    city: str
    url: str
    tag: MessageTag
    body: bytes = field(repr=False)
    deadline_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A call as it leaves, for the log and for sending; `request` has the headers of the signature."""

    request: SignableRequest = field(repr=False)
    tag: MessageTag
    key_id: str
    nonce: str
    signed_at: datetime
    deadline_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """An answer that is believed, whatever its status: `headers` are all that its signature needs, in small letters."""

    call: SignedCall = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    proof: Verified


def sign_call(call: CityCall, *, keys: ExchangeKeys, now: datetime) -> SignedCall:
    """Sign a call as of now, with a nonce of its own; raises KeySetError when no key of ours signs."""
    signer, nonce = keys.find_signer(now), secrets.token_urlsafe(_NONCE_BYTES)
    given = {"Content-Type": CONTENT_TYPE, CITY_HEADER: call.city}
    plain = SignableRequest(method="POST", url=call.url, headers=given, body=call.body)
    headers = sign_message(plain, signer=signer, tag=call.tag, nonce=nonce, covered=CALL_COVERED, now=now)
    return SignedCall(
        request=SignableRequest(method=plain.method, url=plain.url, headers=headers, body=plain.body),
        tag=call.tag,
        key_id=signer.key_id,
        nonce=nonce,
        signed_at=now,
        deadline_seconds=call.deadline_seconds,
    )


def send_signed(
    call: SignedCall,
    *,
    partner: Mapping[str, EllipticCurvePublicKey],
    send: Send,
    read_now: Callable[[], datetime],
) -> SignedAnswer:
    """Send a signed call once and give the answer that a key of the partner has signed; raises CityCallError.

    A key that is not among those of the partner is a fault of its own: fetch them anew, sign anew and ask again.
    """
    asked = call.request
    try:
        answer = send(
            OutgoingCall(
                url=asked.url,
                method=asked.method,
                headers=asked.headers,
                body=asked.body,
                deadline_seconds=call.deadline_seconds,
            )
        )
    except CallFailedError as failed:
        fault = _CALL_FAULTS.get(failed.fault, CityCallFault.UNREACHABLE)
        raise CityCallError(fault, failed.fault.value) from None
    headers = {name: answer.headers[name] for name in _SIGNED_HEADERS if name in answer.headers}
    proof = _prove(call, answer, headers, partner, read_now())
    kind = headers["content-type"]
    if len(kind) > LONGEST_TYPE or kind.partition(";")[0].strip().lower() not in _READABLE:
        raise CityCallError(CityCallFault.UNUSABLE, "content_type", answer.status)
    return SignedAnswer(call=call, status=answer.status, headers=headers, body=answer.content, proof=proof)


def verify_call(
    request: SignableRequest, *, partner: Mapping[str, EllipticCurvePublicKey], tag: MessageTag, now: datetime
) -> Verified:
    """Tell who signed a call to us, and when, its URL as the partner called it; raises SignatureRefusedError.

    That its nonce does not come twice is for the caller to see to.
    """
    return verify_message(request, keys=partner, tag=tag, covered=CALL_COVERED, now=now)


def sign_answer(
    request: SignableRequest,
    *,
    tag: MessageTag,
    status: int,
    body: bytes,
    keys: ExchangeKeys,
    now: datetime,
    content_type: str = CONTENT_TYPE,
) -> SignableResponse:
    """Sign our answer to a signed call; `tag` is that of the call. Its headers and body must leave as they are.

    Raises ValueError for a call that bears no signature, and KeySetError when no key of ours signs.
    """
    plain = SignableResponse(status_code=status, request=request, headers={"Content-Type": content_type}, body=body)
    headers = sign_message(
        plain,
        signer=keys.find_signer(now),
        tag=ANSWER_TAGS[tag],
        nonce=secrets.token_urlsafe(_NONCE_BYTES),
        covered=COVERED,
        now=now,
    )
    return SignableResponse(status_code=status, request=request, headers=headers, body=body)


def _prove(
    call: SignedCall,
    answer: HttpAnswer,
    headers: Mapping[str, str],
    partner: Mapping[str, EllipticCurvePublicKey],
    now: datetime,
) -> Verified:
    message = SignableResponse(status_code=answer.status, request=call.request, headers=headers, body=answer.content)
    try:
        return verify_message(message, keys=partner, tag=ANSWER_TAGS[call.tag], covered=COVERED, now=now)
    except SignatureRefusedError as refused:
        fault = _SIGNATURE_FAULTS.get(refused.fault, CityCallFault.SIGNATURE_REFUSED)
        raise CityCallError(fault, refused.fault.value, answer.status) from None
