"""A city asks another one, which answers with its own keys: what is believed, and that nothing else is."""

import base64
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.city_calls import (
    ANSWER_TAGS,
    COVERED,
    CityCall,
    CityCallError,
    CityCallFault,
    MessageTag,
    SignedAnswer,
    SignedCall,
    send_signed,
    sign_answer,
    sign_call,
    verify_call,
)
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys, rotate_exchange
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.message_signatures import (
    SIGNATURE_HEADERS,
    SignableRequest,
    SignableResponse,
    SignatureRefusedError,
    sign_message,
    verify_message,
)
from backend.gateways.sending import OutgoingCall, Send, make_sender
from tests.backend.gateways.signing import NOON
from tests.backend.gateways.stand_ins import Heard, Said, standing_in

HOST, HOME, THIRD = (ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(NOON))) for _ in range(3))
QUESTION = CityCall(
    city="hangzhou",
    url="https://home.example/exchange/v1/questions",
    tag=MessageTag.QUESTION,
    body=b'{"question_id": "q-1"}',
    deadline_seconds=1.5,
)
SIGNED = sign_call(QUESTION, keys=HOST, now=NOON)
ANSWER_BODY = b'{"entitled": true}'
SECOND = timedelta(seconds=1)


@dataclass
class Partner:
    """The home city: answers whoever is signed for, by its own keys and clock; `spoil` is what the way does to it."""

    keys: ExchangeKeys = HOME
    tag: MessageTag = MessageTag.QUESTION
    now: datetime = NOON
    status: int = 200
    kind: str = "application/problem+json; charset=utf-8"
    spoil: Callable[[HttpAnswer], HttpAnswer] = lambda answer: answer
    heard: list[SignableRequest] = field(default_factory=list)

    def answer(self, call: OutgoingCall) -> HttpAnswer:
        asked = SignableRequest(method=call.method, url=call.url, headers=call.headers, body=call.body or b"")
        verify_call(asked, partner=HOST.list_public(NOON), tag=MessageTag.QUESTION, now=self.now)
        self.heard.append(asked)
        made = sign_answer(
            asked,
            tag=self.tag,
            status=self.status,
            body=ANSWER_BODY,
            keys=self.keys,
            now=self.now,
            content_type=self.kind,
        )
        headers = {name.lower(): value for name, value in made.headers.items()}
        return self.spoil(HttpAnswer(self.status, made.body, {**headers, "server": "nginx"}))


def ask(send: Send, call: SignedCall = SIGNED, now: datetime = NOON) -> SignedAnswer:
    return send_signed(call, partner=HOME.list_public(NOON), send=send, read_now=lambda: now)


def find_fault(send: Send, now: datetime = NOON) -> tuple[CityCallFault, str, int | None] | None:
    try:
        ask(send, now=now)
    except CityCallError as failed:
        return failed.fault, failed.detail, failed.status
    return None


def test_a_signed_question_gets_a_signed_answer_whatever_its_status() -> None:
    partner = Partner(status=409)
    asked_at = NOON + SECOND / 2
    answer = ask(partner.answer, sign_call(QUESTION, keys=HOST, now=asked_at), asked_at)
    assert (answer.status, answer.body) == (409, ANSWER_BODY)
    assert (answer.proof.key_id, answer.proof.created_at) == (HOME.find_signer(NOON).key_id, NOON)
    assert answer.call.request == partner.heard[0]
    assert (answer.call.key_id, answer.call.signed_at) == (HOST.find_signer(NOON).key_id, NOON + SECOND / 2)
    assert f'nonce="{answer.call.nonce}"' in answer.call.request.headers["Signature-Input"]
    # What goes into the log is enough to verify the answer for ever.
    kept = SignableResponse(
        status_code=answer.status, request=answer.call.request, headers=answer.headers, body=answer.body
    )
    assert set(kept.headers) == {*COVERED, *SIGNATURE_HEADERS}
    verify_message(kept, keys=HOME.list_public(NOON), tag=MessageTag.ANSWER, covered=COVERED, now=NOON)
    assert "q-1" not in repr(answer) + repr(QUESTION)


def change_letter(data: st.DataObject, text: str) -> str:
    place = data.draw(st.integers(0, len(text) - 1))
    return text[:place] + chr(ord(text[place]) ^ data.draw(st.sampled_from([1, 2, 4]))) + text[place + 1 :]


def means_the_same(name: str, before: str, after: str) -> bool:
    """The last letter of Base64 has bits that mean nothing."""
    try:
        read = [
            base64.b64decode(text.removeprefix("sig=:").removesuffix(":"), validate=True) for text in (before, after)
        ]
    except ValueError:
        return False
    return name.lower() == "signature" and read[0] == read[1]


@given(st.data())
def test_a_changed_letter_of_a_question_is_refused(data: st.DataObject) -> None:
    asked = SIGNED.request
    part = data.draw(st.sampled_from(["method", "url", "body", *asked.headers]))
    values = {"method": asked.method, "url": asked.url, "body": asked.body.decode(), **asked.headers}
    after = change_letter(data, values[part])
    if means_the_same(part, values[part], after):
        return
    changed = values | {part: after}
    request = SignableRequest(
        method=changed["method"],
        url=changed["url"],
        headers={name: changed[name] for name in asked.headers},
        body=changed["body"].encode(),
    )
    with pytest.raises(SignatureRefusedError):
        verify_call(request, partner=HOST.list_public(NOON), tag=MessageTag.QUESTION, now=NOON)


@given(st.data())
def test_a_changed_letter_of_an_answer_is_refused(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(["status", "body", *COVERED, *SIGNATURE_HEADERS]))

    def spoil(answer: HttpAnswer) -> HttpAnswer:
        if part == "status":
            return replace(answer, status=data.draw(st.sampled_from([201, 204, 404, 500])))
        if part == "body":
            return replace(answer, content=change_letter(data, answer.content.decode()).encode())
        after = change_letter(data, answer.headers[part])
        if means_the_same(part, answer.headers[part], after):
            after = ""
        return replace(answer, headers={**answer.headers, part: after})

    assert find_fault(Partner(spoil=spoil).answer) is not None


def without(name: str) -> Callable[[HttpAnswer], HttpAnswer]:
    return lambda answer: replace(
        answer, headers={each: value for each, value in answer.headers.items() if each != name}
    )


REFUSED = (CityCallFault.SIGNATURE_REFUSED, "signature_refused", 200)


@pytest.mark.parametrize(
    ("partner", "fault"),
    [
        (Partner(spoil=without("content-digest")), (CityCallFault.UNSIGNED, "signature_missing", 200)),
        (Partner(spoil=without("signature")), (CityCallFault.UNSIGNED, "signature_missing", 200)),
        (Partner(spoil=without("content-type")), REFUSED),
        (Partner(tag=MessageTag.NOTICE), REFUSED),
        (Partner(keys=THIRD), (CityCallFault.KEY_UNKNOWN, "signature_key_unknown", 200)),
        (Partner(kind="text/html"), (CityCallFault.UNUSABLE, "content_type", 200)),
        (Partner(kind="application/json;" + "a" * 100), (CityCallFault.UNUSABLE, "content_type", 200)),
    ],
    ids=["no digest", "no signature", "no type", "wrong tag", "strange key", "no json", "long type"],
)
def test_an_answer_that_proves_nothing_is_told_by_its_fault(
    partner: Partner, fault: tuple[CityCallFault, str, int]
) -> None:
    assert find_fault(partner.answer) == fault


def test_another_key_under_a_name_that_is_known_is_refused() -> None:
    forged = {HOME.find_signer(NOON).key_id: THIRD.find_signer(NOON).key.public_key()}
    with pytest.raises(CityCallError) as caught:
        send_signed(SIGNED, partner=forged, send=Partner().answer, read_now=lambda: NOON)
    assert (caught.value.fault, caught.value.detail) == REFUSED[:2]


@pytest.mark.parametrize(
    ("ahead", "is_believed"), [(-60 * SECOND, True), (-61 * SECOND, False), (5 * SECOND, True), (6 * SECOND, False)]
)
def test_a_clock_that_is_wrong_is_told(ahead: timedelta, is_believed: bool) -> None:  # noqa: FBT001 - a table
    """Of either side, as of the moment at which question or answer has come."""
    stale = (CityCallFault.SIGNATURE_REFUSED, "signature_stale", 200)
    assert find_fault(Partner().answer, now=NOON - ahead) == (None if is_believed else stale)
    with nullcontext() if is_believed else pytest.raises(SignatureRefusedError, match="signature_stale"):
        verify_call(SIGNED.request, partner=HOST.list_public(NOON), tag=MessageTag.QUESTION, now=NOON - ahead)


def test_an_answer_to_another_question_is_refused() -> None:
    """Also to the same words, asked anew: an answer that was kept answers nothing later."""
    kept = Partner().answer(_leave(sign_call(QUESTION, keys=HOST, now=NOON)))
    assert find_fault(lambda _: kept) == REFUSED


def _leave(call: SignedCall) -> OutgoingCall:
    asked = call.request
    return OutgoingCall(
        url=asked.url, method=asked.method, headers=asked.headers, body=asked.body, deadline_seconds=1.5
    )


def test_a_signature_that_leaves_out_the_question_is_refused() -> None:
    """Made by the right key for the right end, over the answer alone: it could be shown to anybody else."""

    def answer(call: OutgoingCall) -> HttpAnswer:
        loose = SignableRequest(method=call.method, url=call.url, headers={}, body=ANSWER_BODY)
        headers = sign_message(
            replace(loose, headers={"Content-Type": "application/json"}),
            signer=HOME.find_signer(NOON),
            tag=MessageTag.ANSWER,
            nonce="a-nonce-of-their-own",
            covered=COVERED,
            now=NOON,
        )
        return HttpAnswer(200, ANSWER_BODY, {name.lower(): value for name, value in headers.items()})

    assert find_fault(answer) == REFUSED


def test_a_question_is_no_notice_and_each_has_its_answer() -> None:
    with pytest.raises(SignatureRefusedError):
        verify_call(SIGNED.request, partner=HOST.list_public(NOON), tag=MessageTag.NOTICE, now=NOON)
    assert ANSWER_TAGS == {
        MessageTag.QUESTION: MessageTag.ANSWER,
        MessageTag.NOTICE: MessageTag.CONFIRMATION,
    }
    with pytest.raises(ValueError, match="cannot be signed"):
        sign_answer(
            replace(SIGNED.request, headers={}), tag=MessageTag.QUESTION, status=200, body=b"", keys=HOME, now=NOON
        )


@pytest.mark.parametrize(
    ("beneath", "fault"),
    [
        (CallFault.NO_ADDRESS, CityCallFault.UNREACHABLE),
        (CallFault.ADDRESS_REFUSED, CityCallFault.UNREACHABLE),
        (CallFault.NOT_REACHED, CityCallFault.UNREACHABLE),
        (CallFault.NOT_TRUSTED, CityCallFault.UNREACHABLE),
        (CallFault.TOO_SLOW, CityCallFault.TOO_SLOW),
        (CallFault.UNUSABLE, CityCallFault.UNUSABLE),
    ],
)
def test_a_call_that_fails_is_told_by_its_fault(beneath: CallFault, fault: CityCallFault) -> None:
    def fail(_: OutgoingCall) -> HttpAnswer:
        raise CallFailedError("canary", beneath)

    assert find_fault(fail) == (fault, beneath.value, None)


def test_a_key_that_was_rotated_is_learnt_and_then_believed() -> None:
    rotated = ExchangeKeys.from_keys(rotate_exchange(read_exchange_keys(make_exchange_keys(NOON)), NOON, at_once=True))
    partner = Partner(keys=rotated)
    assert find_fault(partner.answer) == (CityCallFault.KEY_UNKNOWN, "signature_key_unknown", 200)
    learnt = rotated.list_public(NOON)
    assert send_signed(SIGNED, partner=learnt, send=partner.answer, read_now=lambda: NOON).status == 200


def test_question_and_answer_go_over_a_real_line() -> None:
    """Header for header: a line that adds, repeats or writes headers in its own way changes nothing."""

    def answer(heard: Heard) -> Said:
        call = OutgoingCall(
            url=city.url, method=heard.method, headers=heard.headers, body=heard.body, deadline_seconds=1.5
        )
        said = Partner(status=201).answer(call)
        headers = [(name.upper(), value) for name, value in said.headers.items()]
        return Said(said.status, [*headers, ("Via", "1.1 one"), ("Via", "1.1 two")], said.content)

    with standing_in(answer) as city:
        found = ask(
            make_sender("any"), sign_call(replace(QUESTION, url=city.url, deadline_seconds=10), keys=HOST, now=NOON)
        )
        assert (found.status, found.body) == (201, ANSWER_BODY)
        told = make_sender("any")(_leave(found.call)).headers
    assert told["via"] == "1.1 one, 1.1 two"
