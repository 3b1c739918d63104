"""The door for other cities: their questions and notices, signed as a whole, and the keys by which they know us."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session

from backend.context import Context, current_context
from backend.disclosures.answering import AnswerGiven
from backend.disclosures.telling import Tools
from backend.exchange.schemas import AnswerSchema, KeySetSchema, NoticeConfirmationSchema, NoticeSchema, QuestionSchema
from backend.exchange.taking import Message, Receiver, answer_city, begin, finish, take_notice
from backend.gateways.city_calls import CONTENT_TYPE, MessageTag
from backend.gateways.exchange_keys import ExchangeKeys
from backend.partners.message_log import MessageKind
from backend.partners.protocol import PROTOCOL
from backend.principals import PrincipalKind
from backend.storage.idempotency import Answer
from backend.web.answers import make_refusal, write_json
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import PROBLEM_MEDIA_TYPE, ProblemCode, Refusal
from backend.web.requests import current_notes
from backend.web.signed_calls import SignedCall
from backend.web.writing import make_writer

PARTNER = {PrincipalKind.PARTNER_CITY}
RATE = "60000/minute"
QUESTION_EXAMPLE = {
    "protocol": PROTOCOL,
    "question_id": "019ab3c0-5d4e-7a10-8c2f-6b1d9e8f7a60",
    "from": "hangzhou",
    "to": "zhengzhou",
    "asked_at": "2026-11-22T04:00:00Z",
    "treaty": {"id": "hangzhou-zhengzhou", "version": "2026.1", "digest": "5d" * 32},
    "person": "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.kEy.iV.cIpher.tAg",
    "scope": "entitlement",
    "scenarios": ["bike_hire"],
    "purpose": "benefit",
    "role": "merchant",
    "acting": "lakeside_bikes",
    "acting_name": "湖畔单车",
    "case_no": "order-20261122-0001",
}
ANSWER_EXAMPLE = {
    "protocol": PROTOCOL,
    "question_id": QUESTION_EXAMPLE["question_id"],
    "question_digest": "9f" * 32,
    "answered_at": "2026-11-22T04:00:00Z",
    "until": "2026-11-23T04:00:00Z",
    "content": {"entitlements": [{"scenario": "bike_hire", "until": "2026-11-23T04:00:00Z"}]},
}
NOTICE_EXAMPLE = {
    "protocol": PROTOCOL,
    "notice_id": "019ab3c0-6f00-7b21-9d30-7c2eaf908b71",
    "from": "zhengzhou",
    "to": "hangzhou",
    "kind": "withdrawn",
    "left_at": "2026-11-22T05:00:00Z",
    "content": {"question_ids": [QUESTION_EXAMPLE["question_id"]]},
}
CONFIRMATION_EXAMPLE = {
    "protocol": PROTOCOL,
    "notice_id": NOTICE_EXAMPLE["notice_id"],
    "notice_digest": "3c" * 32,
    "confirmed_at": "2026-11-22T05:00:01Z",
    "done": {"deleted": [QUESTION_EXAMPLE["question_id"]]},
}
KEYS_EXAMPLE = {
    "keys": [
        {
            "kid": "x20261122a",
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "use": "sig",
            "alg": "ES256",
        }
    ]
}

blueprint = Blueprint("exchange", __name__, description="The protocol between cities; see docs/partner-protocol.md")


@blueprint.operation(
    "POST",
    "/questions",
    kinds=PARTNER,
    signed_as=MessageTag.QUESTION,
    summary="Answer another city about one of our citizens, as far as treaty and consent go",
    body=QuestionSchema,
    body_example=QUESTION_EXAMPLE,
    response=AnswerSchema,
    example=ANSWER_EXAMPLE,
    repeats=Repeats.HARMLESS,
    limit=RATE,
    problems={
        ProblemCode.EXCHANGE_OFF,
        ProblemCode.TREATY_NOT_IN_FORCE,
        ProblemCode.QUESTION_REFUSED,
        ProblemCode.PERSON_UNREADABLE,
        ProblemCode.QUESTION_REUSED,
        ProblemCode.TOO_MANY_QUESTIONS,
    },
)
def answer_question_of_city(*, body: dict[str, Any], signed: SignedCall, session: Session) -> Answer | Refusal:
    """Answer a question; the same question again gets the same content, signed anew."""
    context = current_context()
    receiver = _make_receiver(context)
    now = context.clock.machine_now()
    message = Message(MessageKind.QUESTION, body["question_id"], body["sender"], body["receiver"])
    refused = begin(session, signed, message, city=receiver.city, now=now)
    if refused is not None:
        return refused
    outcome = answer_city(session, signed, body, receiver=receiver, machine_now=now)
    document: Mapping[str, Any] | Refusal = (
        {
            "protocol": PROTOCOL,
            "question_id": body["question_id"],
            "question_digest": sha256(signed.request.body).hexdigest(),
            "answered_at": outcome.answered_at,
            "until": outcome.until,
            "content": outcome.content,
        }
        if isinstance(outcome, AnswerGiven)
        else outcome
    )
    return _close(session, signed, message, document, AnswerSchema, keys=receiver.keys, now=now)


@blueprint.operation(
    "POST",
    "/notices",
    kinds=PARTNER,
    signed_as=MessageTag.NOTICE,
    summary="Take in what another city tells us, and confirm what was done",
    body=NoticeSchema,
    body_example=NOTICE_EXAMPLE,
    response=NoticeConfirmationSchema,
    example=CONFIRMATION_EXAMPLE,
    repeats=Repeats.HARMLESS,
    limit=RATE,
    problems={
        ProblemCode.EXCHANGE_OFF,
        ProblemCode.QUESTION_REFUSED,
        ProblemCode.NOTICE_REUSED,
        ProblemCode.NOTICE_FROM_AHEAD,
        ProblemCode.NOT_ALL_ENDED,
        ProblemCode.TREATY_NOT_FOUND,
    },
)
def take_notice_of_city(*, body: dict[str, Any], signed: SignedCall, session: Session) -> Answer | Refusal:
    """Take a notice in, once; the same notice again gets the same confirmation, signed anew."""
    context = current_context()
    receiver = _make_receiver(context)
    now = context.clock.machine_now()
    message = Message(MessageKind.NOTICE, body["notice_id"], body["sender"], body["receiver"])
    refused = begin(session, signed, message, city=receiver.city, now=now)
    if refused is not None:
        return refused
    done = take_notice(session, signed, body, now=now)
    document: Mapping[str, Any] | Refusal = (
        done
        if isinstance(done, Refusal)
        else {
            "protocol": PROTOCOL,
            "notice_id": body["notice_id"],
            "notice_digest": sha256(signed.request.body).hexdigest(),
            "confirmed_at": now,
            "done": done,
        }
    )
    return _close(session, signed, message, document, NoticeConfirmationSchema, keys=receiver.keys, now=now)


@blueprint.operation(
    "GET",
    "/keys",
    kinds={PrincipalKind.ANYONE},
    summary="Show the public keys by which other cities verify our messages and seal numbers to us",
    response=KeySetSchema,
    example=KEYS_EXAMPLE,
    problems={ProblemCode.EXCHANGE_OFF},
)
def show_exchange_keys() -> dict[str, Any] | Refusal:
    """Show the keys of this moment."""
    context = current_context()
    keys = context.exchange_keys
    if keys is None:
        return Refusal(ProblemCode.EXCHANGE_OFF)
    return {"keys": keys.describe(context.clock.machine_now())}


def _close(
    session: Session,
    signed: SignedCall,
    message: Message,
    document: Mapping[str, Any] | Refusal,
    schema: type[AnswerSchema | NoticeConfirmationSchema],
    *,
    keys: ExchangeKeys,
    now: datetime,
) -> Answer:
    """Write the answer out, sign and log it: what leaves is byte for byte what the log has."""
    if isinstance(document, Refusal):
        plain = make_refusal(document, current_notes())
        content_type = PROBLEM_MEDIA_TYPE
    else:
        plain = Answer(status=HTTPStatus.OK, body=write_json(make_writer(schema)(document)))
        content_type = CONTENT_TYPE
    headers = finish(
        session, signed, message, status=plain.status, body=plain.body, content_type=content_type, keys=keys, now=now
    )
    return Answer(status=plain.status, body=plain.body, headers={**plain.headers, **headers})


def _make_receiver(context: Context) -> Receiver:
    if context.exchange_keys is None:
        raise LookupError("a signed call got in although this city has no exchange keys")
    tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer, pseudonyms=context.pseudonyms)
    return Receiver(city=context.city, keys=context.exchange_keys, tools=tools)
