import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.gateways.message_signatures import (
    CLOCK_SKEW,
    LONGEST_AGE,
    Signable,
    SignableRequest,
    SignableResponse,
    SignatureFault,
    SignatureRefusedError,
    sign_message,
    verify_message,
)
from backend.gateways.token_keys import TokenKey
from tests.backend.gateways.signing import NOON, make_key

OURS, THEIRS = make_key(), make_key()
KEYS = {"k1": OURS.public_key(), "k2": THEIRS.public_key()}
COVERED = ("content-type", "shangding-event-id")
NONCE = "nonce-of-16-chars"
QUESTION = SignableRequest(
    method="POST",
    url="https://shop.example/hooks?b=2&a=1",
    headers={"Content-Type": "application/json", "Shangding-Event-Id": "e1"},
    body=b'{"event": "grant.expired"}',
)


def sign(
    message: Signable = QUESTION,
    *,
    key_id: str = "k1",
    tag: str = "us",
    nonce: str = NONCE,
    covered: tuple[str, ...] = COVERED,
    age: timedelta = timedelta(0),
    lifetime: timedelta = LONGEST_AGE,
) -> Signable:
    """The message as it is sent, signed by us at `NOON - age`."""
    signer = TokenKey(key_id, OURS)
    headers = sign_message(
        message, signer=signer, tag=tag, nonce=nonce, covered=covered, now=NOON - age, lifetime=lifetime
    )
    return replace(message, headers=headers)


def find_fault(message: Signable, tag: str = "us", covered: tuple[str, ...] = COVERED) -> SignatureFault | None:
    try:
        verify_message(message, keys=KEYS, tag=tag, covered=covered, now=NOON)
    except SignatureRefusedError as refused:
        return refused.fault
    return None


def answer(question: Signable, **changes: object) -> SignableResponse:
    assert isinstance(question, SignableRequest)
    made = SignableResponse(
        status_code=200, request=question, headers={"Content-Type": "application/json"}, body=b'{"level": "A"}'
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_what_is_signed_is_believed_and_says_who_when_and_which() -> None:
    verified = verify_message(sign(), keys=KEYS, tag="us", covered=COVERED, now=NOON)
    assert (verified.key_id, verified.nonce, verified.created_at) == ("k1", NONCE, NOON)
    reply = sign(answer(sign()), covered=("content-type",))
    assert find_fault(reply, covered=("content-type",)) is None


@given(st.data())
def test_a_changed_byte_anywhere_is_refused(data: st.DataObject) -> None:
    """Of whatever the receiver uses: method, address, body, and every header that is covered or carries a signature."""
    signed = sign()
    assert isinstance(signed, SignableRequest)
    part = data.draw(st.sampled_from(["method", "url", "body", *signed.headers]))
    before = {"method": signed.method, "url": signed.url, "body": signed.body.decode(), **signed.headers}[part]
    place = data.draw(st.integers(0, len(before) - 1))
    after = before[:place] + chr(ord(before[place]) ^ data.draw(st.sampled_from([1, 2, 4]))) + before[place + 1 :]
    if part == "Signature" and _read_signature(before) == _read_signature(after):
        return  # the last letter of Base64 has bits that mean nothing
    headers = {**signed.headers, part: after} if part in signed.headers else signed.headers
    values = {"method": signed.method, "url": signed.url, "body": signed.body.decode(), part: after}
    changed = SignableRequest(method=values["method"], url=values["url"], body=values["body"].encode(), headers=headers)
    assert find_fault(changed) is not None


def _read_signature(header: str) -> bytes | None:
    try:
        return base64.b64decode(header.removeprefix("sig=:").removesuffix(":"), validate=True)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("age", "fault"),
    [
        (LONGEST_AGE, None),
        (LONGEST_AGE + timedelta(seconds=1), SignatureFault.STALE),
        (-CLOCK_SKEW, None),
        (-CLOCK_SKEW - timedelta(seconds=1), SignatureFault.STALE),
    ],
)
def test_a_signature_is_believed_for_a_minute(age: timedelta, fault: SignatureFault | None) -> None:
    assert find_fault(sign(age=age)) is fault


def test_whatever_the_library_would_let_through_is_refused() -> None:
    unsigned = replace(QUESTION, headers={**QUESTION.headers, "Content-Digest": "sha-256=:AA==:"})
    assert find_fault(unsigned) is SignatureFault.MISSING
    assert find_fault(sign(covered=("content-type",))) is SignatureFault.REFUSED  # covers less
    assert find_fault(sign(lifetime=timedelta(days=1))) is SignatureFault.STALE  # wants to live longer
    assert find_fault(sign(age=timedelta(seconds=40), lifetime=timedelta(seconds=30))) is SignatureFault.STALE
    signed = sign()
    assert isinstance(signed, SignableRequest)
    assert find_fault(replace(signed, url=f"{signed.url}#f")) is SignatureFault.REFUSED  # is not covered
    with pytest.raises(ValueError, match="fragment"):
        sign(replace(QUESTION, url=f"{QUESTION.url}#f"))
    assert find_fault(sign(tag="others")) is SignatureFault.REFUSED  # was made for something else
    assert find_fault(sign(key_id="k3")) is SignatureFault.UNKNOWN_KEY
    assert find_fault(sign(key_id="k2")) is SignatureFault.REFUSED  # another key under a name that is known


@pytest.mark.parametrize("parameter", ["created", "expires", "nonce", "keyid", "tag"])
def test_a_signature_must_say_everything_about_itself(parameter: str) -> None:
    """Signed over fewer parameters, by whoever holds the key; the signature itself would hold."""
    headers = dict(sign().headers)
    kept = [each for each in headers["Signature-Input"].split(";") if not each.startswith(f"{parameter}=")]
    headers["Signature-Input"] = ";".join(kept)
    assert find_fault(replace(QUESTION, headers=headers)) is not None
    nonce_of_one = headers["Signature-Input"].replace(NONCE, "n")
    assert find_fault(replace(QUESTION, headers={**headers, "Signature-Input": nonce_of_one})) is not None


def test_one_header_comes_once_and_one_signature_with_it() -> None:
    headers = dict(sign().headers)
    assert find_fault(replace(QUESTION, headers={**headers, "signature": headers["Signature"]})) is not None
    twice = {
        name: f"{headers[name]}, {headers[name].replace('sig=', 'two=', 1)}"
        for name in ("Signature", "Signature-Input")
    }
    assert find_fault(replace(QUESTION, headers={**headers, **twice})) is SignatureFault.REFUSED
    renamed = {name: headers[name].replace("sig=", "two=", 1) for name in twice}  # no label is signed
    assert find_fault(replace(QUESTION, headers={**headers, **renamed})) is None
    assert find_fault(replace(QUESTION, headers={**headers, "Signature": "x" * 3000})) is SignatureFault.REFUSED


def test_an_answer_belongs_to_the_very_question() -> None:
    asked, other = sign(), sign(nonce="another-nonce-of-ours")
    reply = sign(answer(asked), covered=())
    assert isinstance(reply, SignableResponse)
    assert isinstance(other, SignableRequest)
    assert find_fault(replace(reply, request=other), covered=()) is SignatureFault.REFUSED
    assert find_fault(replace(reply, status_code=404), covered=()) is SignatureFault.REFUSED
    assert find_fault(replace(reply, body=b'{"level": "B"}'), covered=()) is SignatureFault.REFUSED
    with pytest.raises(ValueError, match="cannot be signed"):
        sign(answer(QUESTION), covered=())


def test_what_cannot_be_signed_is_told() -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        sign(covered=("x-missing",))
    with pytest.raises(ValueError, match="nonce"):
        sign(nonce="short")


@given(st.text(max_size=60), st.text(max_size=60))
@example('sig=("@method");created=1', "sig=:AA==:")
@example("sig=" + "(" * 500, "sig=:")
def test_nonsense_is_refused_and_nothing_else(given_input: str, given_signature: str) -> None:
    headers = {**sign().headers, "Signature-Input": given_input, "Signature": given_signature}
    assert find_fault(replace(QUESTION, headers=headers)) is not None
