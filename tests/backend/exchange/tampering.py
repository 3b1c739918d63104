"""What somebody on the way, or a dishonest partner, can do to a signed message: each attack changes one thing.

An attack is given a message as it was honestly signed, and whoever can sign anew; what it gives back must be refused.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count

from backend.gateways.city_calls import CALL_COVERED, COVERED
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.message_signatures import (
    LONGEST_AGE,
    Signable,
    SignableRequest,
    SignableResponse,
    sign_message,
)
from backend.gateways.sending import OutgoingCall
from backend.gateways.token_keys import TokenKey

_nonces = count(1)


@dataclass(frozen=True)
class Signers:
    """Who signs: the city that the message is of, another one, and the moment of it."""

    own: TokenKey
    other: TokenKey
    now: datetime
    tag: str
    other_tag: str


Attack = Callable[[Signable, Signers], Signable]


def sign_anew(
    message: Signable,
    signers: Signers,
    *,
    signer: TokenKey | None = None,
    tag: str | None = None,
    age: timedelta = timedelta(0),
    lifetime: timedelta = LONGEST_AGE,
    leave_out: Sequence[str] = (),
) -> Signable:
    """Sign a message honestly, but for what is said."""
    covered = CALL_COVERED if isinstance(message, SignableRequest) else COVERED
    headers = sign_message(
        message,
        signer=signer or signers.own,
        tag=tag or signers.tag,
        nonce=f"nonce-of-an-attack-{next(_nonces):06}",
        covered=tuple(name for name in covered if name not in leave_out),
        now=signers.now - age,
        lifetime=lifetime,
    )
    return replace(message, headers=headers)


def set_header(message: Signable, name: str, value: str | None) -> Signable:
    """Change a header, or (None) take it out."""
    headers = {each: text for each, text in message.headers.items() if each.lower() != name.lower()}
    return replace(message, headers=headers if value is None else {**headers, name: value})


def find_header(message: Signable, name: str) -> str:
    """The value of a header, by whatever letters it is named."""
    return next(value for each, value in message.headers.items() if each.lower() == name.lower())


def change_parameter(name: str, value: str) -> Attack:
    """Change one parameter of the signature."""

    def change(message: Signable, _: Signers) -> Signable:
        given = find_header(message, "Signature-Input")
        changed = re.sub(rf';{name}=("[^"]*"|[0-9]+)', f";{name}={value}", given)
        assert changed != given, name
        return set_header(message, "Signature-Input", changed)

    return change


def change_body(message: Signable, _: Signers) -> Signable:
    return replace(message, body=message.body.replace(b'"protocol"', b'"protocoL"'))


def change_body_and_digest(message: Signable, _: Signers) -> Signable:
    body = message.body.replace(b"-", b"_", 1)
    digest = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    return set_header(replace(message, body=body), "Content-Digest", digest)


def bear_two(message: Signable, signers: Signers) -> Signable:
    again = sign_anew(message, signers)
    both = message
    for name in ("Signature", "Signature-Input"):
        other = find_header(again, name).replace("sig=", "sig2=", 1)
        both = set_header(both, name, f"{find_header(message, name)}, {other}")
    return both


def spoil_signature(message: Signable, _: Signers) -> Signable:
    given = find_header(message, "Signature")
    place = len("sig=:") + 10
    return set_header(message, "Signature", given[:place] + ("A" if given[place] != "A" else "B") + given[place + 1 :])


def be_signed_by_another(message: Signable, signers: Signers) -> Signable:
    return sign_anew(message, signers, signer=signers.other)


def be_signed_in_anothers_name(message: Signable, signers: Signers) -> Signable:
    return sign_anew(message, signers, signer=TokenKey(signers.own.key_id, signers.other.key))


def answer_another(change: Callable[[SignableRequest], SignableRequest]) -> Attack:
    """Sign the answer as one to another call."""

    def sign(message: Signable, signers: Signers) -> Signable:
        assert isinstance(message, SignableResponse)
        signed = sign_anew(replace(message, request=change(message.request)), signers)
        return replace(message, headers=signed.headers)

    return sign


def sign_call_anew(call: SignableRequest) -> SignableRequest:
    """The same call with another signature."""
    return replace(call, headers={**call.headers, "Signature": f"sig=:{b64encode(bytes(64)).decode()}:"})


def _as_call(message: Signable) -> SignableRequest:
    assert isinstance(message, SignableRequest)
    return message


def _as_answer(message: Signable) -> SignableResponse:
    assert isinstance(message, SignableResponse)
    return message


ATTACKS: Mapping[str, Attack] = {
    "body": change_body,
    "body and digest": change_body_and_digest,
    "digest": lambda message, _: set_header(message, "Content-Digest", f"sha-256=:{b64encode(bytes(32)).decode()}:"),
    "digest missing": lambda message, _: set_header(message, "Content-Digest", None),
    "type": lambda message, _: set_header(message, "Content-Type", "application/json; charset=utf-8"),
    "created": change_parameter("created", "1"),
    "expires": change_parameter("expires", "9999999999"),
    "nonce": change_parameter("nonce", '"another-nonce-of-mine"'),
    "key": change_parameter("keyid", '"x19700101a"'),
    "tag": change_parameter("tag", '"shangding-exchange-rumour"'),
    "signature": spoil_signature,
    "signature missing": lambda message, _: set_header(message, "Signature", None),
    "input missing": lambda message, _: set_header(message, "Signature-Input", None),
    "two signatures": bear_two,
    "another city": be_signed_by_another,
    "another city, in this one's name": be_signed_in_anothers_name,
    "stale": lambda message, signers: sign_anew(message, signers, age=timedelta(seconds=61)),
    "from the future": lambda message, signers: sign_anew(message, signers, age=timedelta(seconds=-6)),
    "for another purpose": lambda message, signers: sign_anew(message, signers, tag=signers.other_tag),
    "for longer": lambda message, signers: sign_anew(message, signers, lifetime=timedelta(hours=1)),
    "type not covered": lambda message, signers: sign_anew(message, signers, leave_out=["content-type"]),
}
# With what only a call has, and what only an answer has.
CALL_ATTACKS: Mapping[str, Attack] = {
    **ATTACKS,
    "address": lambda message, _: replace(_as_call(message), url=f"{_as_call(message).url}?x=1"),
    "method": lambda message, _: replace(_as_call(message), method="PUT"),
    "city": lambda message, _: set_header(message, "Exchange-City", "nanjing"),
    "city missing": lambda message, _: set_header(message, "Exchange-City", None),
    "city not covered": lambda message, signers: sign_anew(message, signers, leave_out=["exchange-city"]),
}
ANSWER_ATTACKS: Mapping[str, Attack] = {
    **ATTACKS,
    "status": lambda message, _: replace(_as_answer(message), status_code=201),
    "address of the call": answer_another(lambda call: replace(call, url=f"{call.url}?x=1")),
    "method of the call": answer_another(lambda call: replace(call, method="PUT")),
    "signature of the call": answer_another(sign_call_anew),
}


def read_call(call: OutgoingCall) -> SignableRequest:
    """A call as something signed."""
    return SignableRequest(method=call.method, url=call.url, headers=call.headers, body=call.body or b"")


def write_call(message: Signable) -> OutgoingCall:
    """Something signed as a call."""
    assert isinstance(message, SignableRequest)
    return OutgoingCall(
        url=message.url, method=message.method, headers=message.headers, body=message.body, deadline_seconds=5
    )


def read_answer(call: OutgoingCall, answer: HttpAnswer) -> SignableResponse:
    """An answer as something signed."""
    return SignableResponse(
        status_code=answer.status, request=read_call(call), headers=answer.headers, body=answer.content
    )


def write_answer(message: Signable) -> HttpAnswer:
    """Something signed as an answer."""
    assert isinstance(message, SignableResponse)
    headers = {name.lower(): value for name, value in message.headers.items()}
    return HttpAnswer(message.status_code, message.body, headers)
