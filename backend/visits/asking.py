"""Asking a home city: what comes back is believed once, as the answer to this very question, or not at all.

An answer counts only in the transaction that holds the person and finds the question still unanswered, the treaty in
force, and nothing withdrawn.
"""

from datetime import datetime
from http import HTTPStatus
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import put_entitlements
from backend.gateways.city_calls import SignedAnswer
from backend.gateways.signed_claims import KeySetError
from backend.partners.message_log import Direction, Logged, MessageKind, log_message
from backend.partners.treaties import treaty_ends_at
from backend.people.tables import lock_subject
from backend.storage.identifiers import new_id
from backend.visits.answer_reading import Asked, Said, UnusableAnswerError, read_answer
from backend.visits.calling import AskFault, Question, learn_anew, put_question
from backend.visits.home_cities import HomeCities
from backend.visits.questions import Agreed, HomeAsk, PartnerKeys, find_agreed, find_keys, may_ask, write_question
from backend.visits.tables import (
    ANSWERED,
    ASKED,
    FAILED,
    HomeQuestionRow,
    find_question_of,
    is_withdrawn,
    put_answer,
)
from scenarios.treaty import Treaty

COUNTER_SECONDS, VISITOR_SECONDS = 1.5, 5.0


def ask_home(home: HomeCities, wanted: HomeAsk, *, deadline_seconds: float) -> UUID | AskFault:
    """Ask the home city of a visitor, and keep what it says, within `deadline_seconds` in all.

    Gives the id of the question; what its answer comes to stands in its row, and its entitlements are put. Raises
    StorageUnavailableError. No transaction may be open.
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
    asked = Asked(
        question_id=question_id,
        home=wanted.home_city,
        host=home.city,
        treaty=treaty,
        scope=wanted.scope,
        scenarios=wanted.scenarios,
        body=write_question(wanted, question_id, treaty, keys.sealing, host=home.city, now=machine_now),
    )
    question = Question(agreed=agreed, subject_id=wanted.subject_id, asked=asked, ends_at=ends_at)
    try:
        answer = put_question(home, home.keys, question, keys, row=make_question_row(wanted, asked))
    except KeySetError:  # none of our keys signs any more; nothing has left
        return AskFault.OFF
    return _settle(home, question, answer)


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
    last = min(said_at + treaty.data_life, treaty_ends_at(treaty))
    until = None if said.until is None else min(said.until, last)
    holds = until is not None and until > now
    changes = {
        "state": ANSWERED,
        "fault": None,
        "answered_at": row.answered_at or now,
        "content": dict(said.content) if holds else None,
        "until": until if holds else None,
    }
    put_answer(session, row, changes)
    ends = {each: min(moment, last) for each, moment in said.entitled.items()} if holds else {}
    put_entitlements(
        session,
        row.subject_id,
        row.question_id,
        treaty=(row.treaty_id, row.treaty_version),
        until={each: moment for each, moment in ends.items() if moment > now},
        now=now,
    )


def _find_way(home: HomeCities, wanted: HomeAsk, ends_at: float) -> tuple[Agreed, PartnerKeys] | AskFault:
    with home.database.reading() as session:
        agreed = find_agreed(session, wanted.home_city, now=home.clock.now())
        if agreed is None:
            return AskFault.TREATY_NOT_IN_FORCE
        keys = find_keys(session, agreed.partner.code)
    if not may_ask(agreed.treaty, wanted, host=home.city):
        return AskFault.REFUSED
    if keys.sealing is None or not keys.signing:
        keys = learn_anew(home, agreed, ends_at) or keys
    return agreed, keys


def _settle(home: HomeCities, question: Question, answer: SignedAnswer | AskFault) -> UUID | AskFault:
    """Settle a question for good: with its answer, or with why there is none that counts."""
    with home.database.transaction() as session:
        now = home.clock.now()
        lock_subject(session, question.subject_id)
        row = find_question_of(session, question.subject_id, question.asked.question_id)
        if row is None:
            raise LookupError(f"question {question.asked.question_id} was put and is not there")
        fault = answer if isinstance(answer, AskFault) else _take(session, row, question, answer, home, now)
        if fault is None:
            return question.asked.question_id
        if row.state == ASKED:
            put_answer(session, row, {"state": FAILED, "fault": fault.value})
        return fault


def _take(
    session: Session, row: HomeQuestionRow, question: Question, answer: SignedAnswer, home: HomeCities, now: datetime
) -> AskFault | None:
    """Log an answer and keep what counts of it; gives why nothing does."""
    said = _read(session, question, answer, home.clock.machine_now())
    if isinstance(said, AskFault):
        return said
    agreed = find_agreed(session, question.agreed.partner.code, now=now)
    if agreed is None or agreed.treaty.digest != question.agreed.treaty.digest:
        return AskFault.TREATY_NOT_IN_FORCE
    if row.ended_at is not None or is_withdrawn(session, row.partner, row.question_id):
        put_answer(session, row, {"state": ANSWERED, "answered_at": now})  # taken back or forgotten meanwhile
    elif row.state == ASKED:  # otherwise a correction came first, and it is the newer word
        keep_said(session, row, said, agreed.treaty, said_at=now, now=now)
    return None


def _read(session: Session, question: Question, answer: SignedAnswer, now: datetime) -> Said | AskFault:
    try:
        body = answer.body.decode()
    except UnicodeDecodeError:
        return AskFault.REFUSED  # and nothing that could be kept as a text
    logged = Logged(
        partner=question.agreed.partner.code,
        direction=Direction.IN,
        kind=MessageKind.ANSWER,
        about=question.asked.question_id,
        url=question.url,
        status=answer.status,
        headers=answer.headers,
        body=body,
    )
    log_message(session, logged, now=now)
    if answer.status != HTTPStatus.OK:
        return AskFault.UNREACHABLE if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else AskFault.REFUSED
    try:
        return read_answer(answer.body, question.asked)
    except UnusableAnswerError:
        return AskFault.REFUSED
