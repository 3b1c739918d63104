"""One question on its way to a home city: written down, sent, and once more where the partner has a new key.

A key that signs is learnt from the answer, which may have been given: the same body goes again. A key that is sealed to
shows when the partner cannot open the question, which it has not taken then: the number is sealed anew, under its id.
Nothing is open in the database while the partner takes its time, and one breaker a partner keeps those who ask from
waiting for one that fails.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from time import monotonic
from typing import Any

import structlog
from sqlalchemy.orm import Session

from backend.gateways.city_calls import (
    CityCall,
    CityCallError,
    CityCallFault,
    MessageTag,
    SignedAnswer,
    SignedCall,
    send_signed,
    sign_call,
)
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.partner_keys import PartnerKeys, PartnerSealingKey
from backend.gateways.sending import OutgoingCall
from backend.partners.city_keys import learn_keys
from backend.partners.message_log import MessageKind, log_received, log_sent
from backend.partners.open_cities import OpenCity
from backend.partners.protocol import QUESTIONS_PATH
from backend.visits.answer_reading import Asked, UnusableAnswerError, is_usable, read_text
from backend.visits.home_cities import HomeCities
from backend.visits.questions import find_keys
from backend.visits.tables import add_question
from backend.web.problems import ProblemCode

SHORTEST_TRY_SECONDS = 0.2  # with less left it is not worth to begin once more

log = structlog.get_logger("shangding.visits")


class AskFault(StrEnum):
    """Why a home city has told us nothing that counts."""

    OFF = "off"
    TREATY_NOT_IN_FORCE = "treaty_not_in_force"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question on its way: with whom it is agreed, what it asks, since when and until when (`monotonic`).

    `sealed_to` is the key that the number in it is sealed to, and `write` gives its body as sealed to another one.
    """

    agreed: OpenCity
    asked_at: datetime
    asked: Asked = field(repr=False)
    ends_at: float
    sealed_to: str
    write: Callable[[PartnerSealingKey], bytes] = field(repr=False)

    @property
    def url(self) -> str:
        """Where it goes."""
        return f"{self.agreed.partner.url}{QUESTIONS_PATH}"

    def find_rest(self) -> float:
        """Tell how many seconds are left."""
        return self.ends_at - monotonic()

    def seal_to(self, sealing: PartnerSealingKey) -> "Question":
        """Give the same question, the number in it sealed to another key."""
        return replace(self, asked=replace(self.asked, body=self.write(sealing)), sealed_to=sealing.key_id)


def put_question(
    home: HomeCities, own: ExchangeKeys, question: Question, keys: PartnerKeys, *, row: Mapping[str, Any] | None
) -> tuple[Question, SignedAnswer | AskFault]:
    """Keep the row of a question, if it has one yet, write the message down, send it, and give the signed answer.

    With it comes the question as it was answered: sealed to another key where the first one opens nothing any more.
    """
    signed = _sign(home, own, question)
    with home.database.transaction() as session:
        if row is not None:
            add_question(session, row)
        _log_question(session, question, signed)
    try:
        answer = _send_with_patience(home, own, question, signed, keys)
        newer = _find_newer_keys(home, question) if _is_unreadable(answer) else None
        if newer is not None and newer.sealing is not None:
            question = question.seal_to(newer.sealing)
            answer = _send_again(home, own, question, newer, instead_of=answer)
    except CityCallError as failed:
        _note_failure(home, question)
        note_fault(question, failed.fault.value)
        return question, AskFault.TOO_SLOW if failed.fault is CityCallFault.TOO_SLOW else AskFault.UNREACHABLE
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not is_usable(answer.status, answer.body, question.asked):
        _note_failure(home, question)
    elif home.breakers.of(question.agreed.partner.code).note_success():
        log.warning("partner_is_back", partner=question.agreed.partner.code)
    return question, answer


def note_fault(question: Question, fault: str) -> None:
    """Write into the log that a question came to nothing that counts; it names the partner and nobody else."""
    partner, question_id = question.agreed.partner.code, str(question.asked.question_id)
    log.warning("question_failed", partner=partner, fault=fault, question_id=question_id)


def learn_anew(home: HomeCities, agreed: OpenCity, ends_at: float) -> PartnerKeys | None:
    """Learn the keys of a partner anew, as far as there is time; None when there are none to be had."""

    def send(call: OutgoingCall) -> HttpAnswer:
        rest = max(ends_at - monotonic(), SHORTEST_TRY_SECONDS)
        return home.send(replace(call, deadline_seconds=min(call.deadline_seconds, rest)))

    if not learn_keys(home.database, agreed.partner, now=home.clock.machine_now(), send=send):
        return None
    with home.database.reading() as session:
        return find_keys(session, agreed.partner.code)


def _note_failure(home: HomeCities, question: Question) -> None:
    partner = question.agreed.partner.code
    if home.breakers.of(partner).note_failure(home.clock.machine_now()):
        log.warning("partner_rests", partner=partner)


def _send_with_patience(
    home: HomeCities, own: ExchangeKeys, question: Question, signed: SignedCall, keys: PartnerKeys
) -> SignedAnswer:
    try:
        return _send(home, signed, keys)
    except CityCallError as failed:
        if failed.fault is not CityCallFault.KEY_UNKNOWN or question.find_rest() <= SHORTEST_TRY_SECONDS:
            raise
        learnt = learn_anew(home, question.agreed, question.ends_at)
        if learnt is None or question.find_rest() <= SHORTEST_TRY_SECONDS:
            raise
    return _send_again(home, own, question, learnt)


def _send_again(
    home: HomeCities,
    own: ExchangeKeys,
    question: Question,
    keys: PartnerKeys,
    *,
    instead_of: SignedAnswer | None = None,
) -> SignedAnswer:
    """Sign and send once more; what the partner has answered and is not what counts is written down before."""
    again = _sign(home, own, question)
    partner, about = question.agreed.partner.code, question.asked.question_id
    with home.database.transaction() as session:
        if instead_of is not None:
            body = read_text(instead_of.body)
            log_received(session, instead_of, body, partner=partner, kind=MessageKind.ANSWER, about=about)
        _log_question(session, question, again)
    return _send(home, again, keys)


def _is_unreadable(answer: SignedAnswer) -> bool:
    """Tell whether a partner says that it cannot open what was sealed to it; nobody can say so but itself."""
    if answer.status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return False
    try:
        document = json.loads(read_text(answer.body))
    except (UnusableAnswerError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("code") == ProblemCode.PERSON_UNREADABLE.value


def _find_newer_keys(home: HomeCities, question: Question) -> PartnerKeys | None:
    """Find the keys of a partner where it wants to be sealed to another one by now: those we know, or learnt anew."""
    with home.database.reading() as session:
        keys: PartnerKeys | None = find_keys(session, question.agreed.partner.code)
    if not _has_other(keys, question) and question.find_rest() > SHORTEST_TRY_SECONDS:
        keys = learn_anew(home, question.agreed, question.ends_at)
    return keys if _has_other(keys, question) and question.find_rest() > SHORTEST_TRY_SECONDS else None


def _has_other(keys: PartnerKeys | None, question: Question) -> bool:
    return keys is not None and keys.sealing is not None and keys.sealing.key_id != question.sealed_to


def _sign(home: HomeCities, own: ExchangeKeys, question: Question) -> SignedCall:
    call = CityCall(
        city=home.city,
        url=question.url,
        tag=MessageTag.QUESTION,
        body=question.asked.body,
        deadline_seconds=max(question.find_rest(), SHORTEST_TRY_SECONDS),
    )
    return sign_call(call, keys=own, now=home.clock.machine_now())


def _send(home: HomeCities, signed: SignedCall, keys: PartnerKeys) -> SignedAnswer:
    return send_signed(signed, partner=keys.signing, send=home.send, read_now=home.clock.machine_now)


def _log_question(session: Session, question: Question, signed: SignedCall) -> None:
    partner, about = question.agreed.partner.code, question.asked.question_id
    log_sent(session, signed, partner=partner, kind=MessageKind.QUESTION, about=about)
