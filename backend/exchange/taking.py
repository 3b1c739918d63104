"""What a signed message of another city comes to: taken once, logged with our answer, and answered with a signature.

The nonce is used up, and both messages are logged, in the transaction of what the message does: either all of it is
there or nothing, and a message that comes again with the same signature is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.disclosures.answering import AnswerGiven, Question, answer_question
from backend.disclosures.telling import Tools
from backend.disclosures.uses import take_use
from backend.gateways.city_calls import MessageTag, sign_answer
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.message_signatures import CLOCK_SKEW
from backend.gateways.sealed_messages import SealedMessageError
from backend.partners.message_log import Direction, Logged, MessageKind, log_call, log_message
from backend.partners.nonces import remembered_until, use_nonce
from backend.partners.notices import NoticeKind, keep_taken, take_in
from backend.partners.sealed_persons import open_person
from backend.partners.treaties import resume_treaty, suspend_treaty
from backend.visits.endings import take_corrected, take_withdrawn
from backend.web.problems import ProblemCode, Refusal
from backend.web.signed_calls import SignedCall

PARTNER = "partner"
# Of these the one left last has the say. A withdrawal wins whenever it was left, so it is never put off for its clock.
ORDERED = frozenset({NoticeKind.CORRECTED, NoticeKind.SUSPENDED, NoticeKind.RESUMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What it takes to take messages in: our code and keys, and what answering rests on."""

    city: str
    keys: ExchangeKeys = field(repr=False)
    tools: Tools = field(repr=False)


class Message(NamedTuple):
    """A message whose signature holds: which it is, what it is about, and whom it says it goes from and to."""

    kind: MessageKind
    about: UUID
    sender: str
    receiver: str


def begin(session: Session, signed: SignedCall, message: Message, *, city: str, now: datetime) -> Refusal | None:
    """Use up the nonce of a message and log it. Refusals: `signature_refused` for a repeat, `question_refused`.

    `now` is the moment as of which its signature was found right.
    """
    partner, verified = signed.principal.id, signed.verified
    if (message.sender, message.receiver) != (partner, city):
        is_new = use_nonce(session, partner, verified.nonce, expires_at=remembered_until(verified))
        return Refusal(ProblemCode.QUESTION_REFUSED if is_new else ProblemCode.SIGNATURE_REFUSED)
    request = signed.request
    logged = Logged(
        partner=partner,
        direction=Direction.IN,
        kind=message.kind,
        about=message.about,
        url=request.url,
        status=None,
        headers=request.headers,
        body=request.body.decode(),
    )
    return None if log_call(session, logged, verified, now=now) else Refusal(ProblemCode.SIGNATURE_REFUSED)


def finish(
    session: Session,
    signed: SignedCall,
    message: Message,
    *,
    status: int,
    body: str,
    content_type: str,
    keys: ExchangeKeys,
    now: datetime,
) -> dict[str, str]:
    """Sign the answer to a message and log it; gives the headers with which it must leave."""
    is_question = message.kind is MessageKind.QUESTION
    answer = sign_answer(
        signed.request,
        tag=MessageTag(signed.tag),
        status=status,
        body=body.encode(),
        keys=keys,
        now=now,
        content_type=content_type,
    )
    logged = Logged(
        partner=signed.principal.id,
        direction=Direction.OUT,
        kind=MessageKind.ANSWER if is_question else MessageKind.CONFIRMATION,
        about=message.about,
        url=signed.request.url,
        status=status,
        headers=answer.headers,
        body=body,
    )
    log_message(session, logged, now=now)
    return dict(answer.headers)


def answer_city(
    session: Session, signed: SignedCall, body: Mapping[str, Any], *, receiver: Receiver, machine_now: datetime
) -> AnswerGiven | Refusal:
    """Answer a question about a person. Refusals: those of `answer_question`; none of them depends on the person.

    `machine_now` is the moment of the message, for keys as well as for what is answered.
    """
    partner, question_id = signed.principal.id, body["question_id"]
    try:
        id_number = open_person(body["person"], receiver.keys, question_id=question_id, sender=partner, now=machine_now)
    except SealedMessageError:
        return Refusal(ProblemCode.PERSON_UNREADABLE)
    question = Question(
        partner=partner,
        question_id=question_id,
        digest=sha256(signed.request.body).digest(),
        asked_at=body["asked_at"],
        treaty_id=body["treaty"]["id"],
        treaty_version=body["treaty"]["version"],
        treaty_digest=body["treaty"]["digest"],
        id_number=id_number,
        scope=body["scope"],
        scenarios=tuple(body["scenarios"]),
        purpose=body["purpose"],
        role=body["role"],
        acting=body["acting"],
        acting_name=body["acting_name"],
        case_no=body["case_no"],
    )
    return answer_question(session, question, tools=receiver.tools, now=machine_now)


def take_notice(
    session: Session, signed: SignedCall, body: Mapping[str, Any], *, now: datetime
) -> Mapping[str, Any] | Refusal:
    """Take a notice in, once, and give what was done; a repeat gets the same. Refusals: `notice_reused`, and others.

    `notice_from_ahead` is one that would count as later than whatever is left until then. A notice that is refused
    leaves nothing behind but what one with `not_all_ended` has ended so far, and its sender will try again.
    """
    partner, digest = signed.principal.id, sha256(signed.request.body).digest()
    earlier = take_in(session, partner, body["notice_id"], digest)
    if earlier is not None:
        return earlier
    kind: NoticeKind = body["kind"]
    if kind in ORDERED and body["left_at"] > now + CLOCK_SKEW:
        return Refusal(ProblemCode.NOTICE_FROM_AHEAD)
    done = _do(session, partner, kind, body, now)
    if isinstance(done, Refusal):
        return done
    keep_taken(session, partner, body["notice_id"], digest=digest, kind=kind.value, confirmation=done, now=now)
    return done


def _do(
    session: Session, partner: str, kind: NoticeKind, body: Mapping[str, Any], now: datetime
) -> Mapping[str, Any] | Refusal:
    content, left_at = body["content"], body["left_at"]
    match kind:
        case NoticeKind.WITHDRAWN:
            return take_withdrawn(session, partner, content, now=now)
        case NoticeKind.CORRECTED:
            return take_corrected(session, partner, content, left_at=left_at, now=now)
        case NoticeKind.USED:
            return take_use(session, partner, dict(content), now=now)
    change = suspend_treaty if kind is NoticeKind.SUSPENDED else resume_treaty
    agreed = change(
        session,
        content["treaty_id"],
        content["version"],
        city=partner,
        by=PARTNER,
        reason=PARTNER,
        now=now,
        said_at=left_at,
    )
    return agreed if isinstance(agreed, Refusal) else {"treaty_id": content["treaty_id"], "version": content["version"]}
