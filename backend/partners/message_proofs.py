"""Whether logged messages prove what they say: each signed by its sender, each answer bound to what was asked.

A signature is counted again as of the moment at which the message was logged. An answer belongs to the question with
the same id in the other direction whose signature it covers; a question may have been asked and answered twice. Of a
body that was erased the digest is held against the one that was signed.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.city_calls import MessageTag
from backend.gateways.message_signatures import (
    Signable,
    SignableRequest,
    SignableResponse,
    SignatureFault,
    SignatureRefusedError,
    verify_message,
)
from backend.partners.bundle_reading import Head, LinkedMessage, Message

METHOD = "POST"
CITY_HEADER = "exchange-city"
CALL_COVERED = ("content-type", CITY_HEADER)
ANSWER_COVERED = ("content-type",)
OTHER_WAY: Mapping[str, str] = MappingProxyType({"in": "out", "out": "in"})
ASKED: Mapping[str, str] = MappingProxyType({"answer": "question", "confirmation": "notice"})
TAGS: Mapping[str, MessageTag] = MappingProxyType({tag.name.lower(): tag for tag in MessageTag})
DIGESTS: Mapping[str, str] = MappingProxyType({"answer": "question_digest", "confirmation": "notice_digest"})
OK = 200

_Keys = Mapping[str, EllipticCurvePublicKey]
_Asked = Mapping[tuple[str, str, str], Sequence[Message]]


def find_message_faults(
    head: Head, messages: Sequence[LinkedMessage], keys: Mapping[str, _Keys]
) -> Iterator[tuple[int, str]]:
    """Find the lines whose messages prove nothing, and why; the first message stands in line 2."""
    asked: dict[tuple[str, str, str], list[Message]] = defaultdict(list)
    for linked in messages:
        message = linked.message
        if message.kind in ASKED.values():
            asked[message.kind, message.direction, message.about].append(message)
    for number, linked in enumerate(messages, start=2):
        fault = _find_fault(head, linked.message, asked, keys)
        if fault is not None:
            yield number, fault


def _find_fault(head: Head, message: Message, asked: _Asked, keys: Mapping[str, _Keys]) -> str | None:
    if message.partner != head.partner:
        return f"is a message with {message.partner!r}, in a log of messages with {head.partner!r}"
    if message.direction not in OTHER_WAY or message.kind not in TAGS:
        return f"is a {message.kind!r} that went {message.direction!r}; there is no such message"
    sender = head.city if message.direction == "out" else head.partner
    if message.kind in ASKED:
        return _find_answer_fault(message, sender, asked, keys.get(sender, {}))
    if message.status is not None:
        return "is no answer, but has a status"
    if message.headers.get(CITY_HEADER) != sender:
        return f"does not say that it comes from {sender}"
    return _verify(_make_request(message), message, sender, keys.get(sender, {}))


def _find_answer_fault(message: Message, sender: str, asked: _Asked, keys: _Keys) -> str | None:
    if message.status is None:
        return "is an answer without a status"
    question = ASKED[message.kind]
    found = asked.get((question, OTHER_WAY[message.direction], message.about), ())
    if not found:
        return f"answers a {question} that is not in this bundle; export from an earlier number"
    faults = [_find_fault_of_pair(message, message.status, each, sender, keys) for each in found]
    return None if None in faults else faults[-1]


def _find_fault_of_pair(message: Message, status: int, asked: Message, sender: str, keys: _Keys) -> str | None:
    if message.url != asked.url:
        return "names another address than what it answers"
    answer = SignableResponse(
        status_code=status, request=_make_request(asked), headers=message.headers, body=_find_body(message)
    )
    fault = _verify(answer, message, sender, keys)
    if fault is not None or status != OK or message.body is None:
        return fault
    member = DIGESTS[message.kind]
    if _read(message.body).get(member) != asked.body_digest:
        return f"its {member} is not that of what it answers"
    return None


def _verify(signable: Signable, message: Message, sender: str, keys: _Keys) -> str | None:
    is_call = isinstance(signable, SignableRequest)
    try:
        verify_message(
            signable,
            keys=keys,
            tag=TAGS[message.kind],
            covered=CALL_COVERED if is_call else ANSWER_COVERED,
            now=message.logged_at,
            erased=bytes.fromhex(message.body_digest) if message.body is None else None,
        )
    except SignatureRefusedError as refused:
        if refused.fault is SignatureFault.UNKNOWN_KEY:
            return f"is signed by a key of {sender} that was not given"
        return f"its signature by {sender} is refused: {refused.fault}"
    return None


def _make_request(message: Message) -> SignableRequest:
    return SignableRequest(method=METHOD, url=message.url, headers=message.headers, body=_find_body(message))


def _find_body(message: Message) -> bytes:
    return b"" if message.body is None else message.body.encode()


def _read(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
