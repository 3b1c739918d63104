"""Asking a home city: what comes back is believed once, as the answer to this very question, or not at all.

An answer counts only in the transaction that holds the person and finds the question still unanswered, the treaty in
force, and nothing withdrawn.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import put_entitlements
from backend.gateways.city_calls import SignedAnswer
from backend.gateways.partner_keys import PartnerKeys
from backend.gateways.signed_claims import KeySetError
from backend.partners.message_log import MessageKind, erase_answers, log_received
from backend.partners.open_cities import OpenCity, find_open_city, hold_treaty
from backend.partners.treaties import treaty_ends_at
from backend.people.tables import lock_subject
from backend.storage.database import StorageUnavailableError
from backend.storage.identifiers import new_id
from backend.visits.answer_reading import Asked, Said, UnusableAnswerError, read_answer, read_text
from backend.visits.calling import AskFault, Question, learn_anew, note_fault, put_question
from backend.visits.home_cities import HomeCities
from backend.visits.questions import HomeAsk, find_keys, may_ask, write_question
from backend.visits.tables import (
    ANSWERED,
    ASKED,
    FAILED,
    HomeQuestionRow,
    find_question_of,
    is_withdrawn,
    put_answer,
)
from backend.web.faults import describe_fault
from scenarios.treaty import Treaty

VISITOR_SECONDS = 5.0
_Settled = TypeVar("_Settled")

log = structlog.get_logger("shangding.visits")


class Sent(NamedTuple):
    """A question that has left, and what came back: an answer that the partner has signed, or why there is none."""

    question: Question
    answer: SignedAnswer | AskFault


class Lasting(NamedTuple):
    """What may be kept of an answer: the values of its row, by column, and until when which scenarios are given."""

    answer: Mapping[str, Any]
    entitled: Mapping[str, datetime]


def ask_home(home: HomeCities, wanted: HomeAsk, *, deadline_seconds: float) -> UUID | AskFault:
    """Ask the home city of a visitor who is a subject here, and keep what it says, in `deadline_seconds` in all.

    Gives the id of the question; what its answer comes to stands in its row, which is there before the question leaves,
    and its entitlements are put. Raises StorageUnavailableError. No transaction may be open.
    """
    sent = send_question(home, wanted, deadline_seconds=deadline_seconds, is_kept_before=True)
    if isinstance(sent, AskFault):
        return sent
    return settle(home, sent, lambda session, known: _settle(home, session, wanted, known))


def settle(home: HomeCities, sent: Sent, act: Callable[[Session, Sent], _Settled]) -> _Settled:
    """Settle a question by `act`, in a transaction; where what came cannot be settled, as refused, in one of its own.

    So what a partner has answered that nobody has foreseen is no answer, and no fault of whoever asked.
    """
    try:
        with home.database.transaction() as session:
            return act(session, sent)
    except StorageUnavailableError:
        raise
    except Exception as fault:
        if isinstance(sent.answer, AskFault):
            raise
        log.error("answer_unusable", partner=sent.question.agreed.partner.code, **describe_fault(fault))  # noqa: TRY400 - no stack
    with home.database.transaction() as session:
        return act(session, sent._replace(answer=AskFault.REFUSED))


def send_question(
    home: HomeCities, wanted: HomeAsk, *, deadline_seconds: float, is_kept_before: bool
) -> Sent | AskFault:
    """Put a question to a home city and wait for what comes, `deadline_seconds` in all; nothing of it is believed yet.

    `is_kept_before`: its row is there before it leaves. Raises StorageUnavailableError. No transaction may be open.
    """
    ends_at = monotonic() + deadline_seconds
    if home.keys is None:
        return AskFault.OFF
    found = _find_way(home, wanted, ends_at)
    if isinstance(found, AskFault):
        return found
    agreed, keys = found
    machine_now = home.clock.machine_now()
    if keys.sealing is None or not home.breakers.of(agreed.partner.code).may_call(machine_now):
        return AskFault.UNREACHABLE
    question_id, treaty = new_id(home.clock.now()), agreed.treaty
    write = partial(write_question, wanted, question_id, treaty, host=home.city, now=machine_now)
    asked = Asked(
        question_id=question_id,
        home=wanted.home_city,
        host=home.city,
        treaty=treaty,
        scope=wanted.scope,
        scenarios=wanted.scenarios,
        body=write(keys.sealing),
    )
    question = Question(
        agreed=agreed,
        asked_at=home.clock.now(),
        asked=asked,
        ends_at=ends_at,
        sealed_to=keys.sealing.key_id,
        write=write,
    )
    row = make_asked_row(wanted, question) if is_kept_before else None
    try:
        return Sent(*put_question(home, home.keys, question, keys, row=row))
    except KeySetError:  # none of our keys signs any more; nothing has left
        note_fault(question, "no_key_of_ours")
        return AskFault.OFF


def make_asked_row(wanted: HomeAsk, question: Question) -> dict[str, Any]:
    """Make the values of the row of a question that has no answer yet, by column."""
    row = make_question_row(wanted, question.asked)
    return {**row, "via": "question", "state": ASKED, "asked_at": question.asked_at}


def make_question_row(wanted: HomeAsk, asked: Asked) -> dict[str, Any]:
    """Make the values of the row of a question, by column, but for moments, state and way."""
    return {
        "subject_id": wanted.subject_id,
        "question_id": asked.question_id,
        "partner": wanted.home_city,
        "treaty_id": asked.treaty.id,
        "treaty_version": asked.treaty.version,
        "scope": wanted.scope.value,
        "scenarios": {"asked": list(wanted.scenarios)},
        "purpose": wanted.purpose.value,
        "role": wanted.role.value,
        "acting": wanted.acting,
        "case_no": wanted.case_no,
    }


def keep_said(
    session: Session, row: HomeQuestionRow, said: Said, treaty: Treaty, *, said_at: datetime, now: datetime
) -> None:
    """Keep what a home city said about a person who is held, and put what it entitles to.

    It holds until the home city's own end, and never beyond the data life since `said_at` or the treaty's end. Of what
    is over by then, and of nothing, no content is kept.
    """
    lasting = find_lasting(said, treaty, said_at=said_at, now=now)
    put_answer(session, row, {**lasting.answer, "answered_at": row.answered_at or now})
    put_entitlements(
        session,
        row.subject_id,
        row.question_id,
        treaty=(row.treaty_id, row.treaty_version),
        until=lasting.entitled,
        now=now,
    )


def find_lasting(said: Said, treaty: Treaty, *, said_at: datetime, now: datetime) -> Lasting:
    """Find what of an answer may be kept, as `keep_said` keeps it."""
    last = min(said_at + treaty.data_life, treaty_ends_at(treaty))
    until = None if said.until is None else min(said.until, last)
    holds = until is not None and until > now
    answer = {
        "state": ANSWERED,
        "fault": None,
        "content": dict(said.content) if holds else None,
        "until": until if holds else None,
    }
    ends = {each: min(moment, last) for each, moment in said.entitled.items()} if holds else {}
    return Lasting(answer, {each: moment for each, moment in ends.items() if moment > now})


def _find_way(home: HomeCities, wanted: HomeAsk, ends_at: float) -> tuple[OpenCity, PartnerKeys] | AskFault:
    with home.database.reading() as session:
        agreed = find_open_city(session, wanted.home_city, now=home.clock.now())
        if agreed is None:
            return AskFault.TREATY_NOT_IN_FORCE
        keys = find_keys(session, agreed.partner.code)
    if not may_ask(agreed.treaty, wanted, host=home.city):
        return AskFault.REFUSED
    if keys.sealing is None or not keys.signing:
        keys = learn_anew(home, agreed, ends_at) or keys
    return agreed, keys


def find_said(session: Session, sent: Sent, *, now: datetime) -> Said | AskFault:
    """Log what has come back, and give what it says, or why it does not count; nothing of it is kept yet.

    What counts does so by a treaty that nobody suspends until the transaction ends.
    """
    question, answer = sent
    if isinstance(answer, AskFault):
        return answer
    said = _read(session, question, answer)
    if isinstance(said, AskFault):
        return said
    agreed = question.agreed
    return said if hold_treaty(session, agreed.partner.code, agreed.treaty, now=now) else AskFault.TREATY_NOT_IN_FORCE


def _settle(home: HomeCities, session: Session, wanted: HomeAsk, sent: Sent) -> UUID | AskFault:
    """Settle a question for good: with its answer, or with why there is none that counts."""
    now, question_id = home.clock.now(), sent.question.asked.question_id
    row = None
    if wanted.subject_id is not None and lock_subject(session, wanted.subject_id) is not None:
        row = find_question_of(session, wanted.subject_id, question_id)
    if row is None:
        raise LookupError(f"question {question_id} was put and is not there")
    said = find_said(session, sent, now=now)
    if isinstance(said, AskFault):
        if row.state == ASKED:
            put_answer(session, row, {"state": FAILED, "fault": said.value})
        return said
    if row.ended_at is not None or is_withdrawn(session, row.partner, row.question_id):
        put_answer(session, row, {"state": ANSWERED, "answered_at": now})  # taken back or forgotten meanwhile
        erase_answers(session, row.partner, [row.question_id], now)
    elif row.state == ASKED:  # otherwise a correction came first, and it is the newer word
        keep_said(session, row, said, sent.question.agreed.treaty, said_at=now, now=now)
    return question_id


def _read(session: Session, question: Question, answer: SignedAnswer) -> Said | AskFault:
    try:
        body = read_text(answer.body)
    except UnusableAnswerError:
        note_fault(question, "answer_unreadable")
        return AskFault.REFUSED  # and nothing that could be kept as a text
    partner, about = question.agreed.partner.code, question.asked.question_id
    log_received(session, answer, body, partner=partner, kind=MessageKind.ANSWER, about=about)
    if answer.status != HTTPStatus.OK:
        note_fault(question, f"status_{answer.status}")
        return AskFault.UNREACHABLE if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else AskFault.REFUSED
    try:
        return read_answer(answer.body, question.asked)
    except UnusableAnswerError:
        note_fault(question, "answer_not_believed")
        return AskFault.REFUSED
