"""Asking a home city for a merchant: whoever is known to nobody here becomes somebody only by its yes.

A merchant can type in any number. So the question leaves without a row, the log of messages alone has it, and its row
comes with the answer: with a yes that of a subject, who is added then if need be, otherwise that of somebody who is
known already, or none. A withdrawal or correction that comes before the row is remembered as one; to a yes both go by
the same place, one after the other.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.partners.message_log import erase_answers
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import find_or_add_subject
from backend.people.tables import lock_subject
from backend.visits.answer_reading import Said
from backend.visits.asking import Sent, find_said, keep_said, make_asked_row, send_question, settle
from backend.visits.calling import AskFault
from backend.visits.home_cities import HomeCities
from backend.visits.questions import HomeAsk
from backend.visits.tables import (
    ANSWERED,
    FAILED,
    NOBODY,
    add_question,
    add_question_of_known,
    find_question_of,
    hold_open,
)

COUNTER_SECONDS = 1.5


class Told(NamedTuple):
    """What a home city has told a merchant's question: to whom it said yes, or None for a no."""

    entitled: UUID | None


def ask_for_merchant(home: HomeCities, wanted: HomeAsk) -> Told | AskFault:
    """Ask for a merchant whether a visitor may have a scenario, in a second and a half, and keep what is said.

    What it takes to hear a no is the same for somebody who is known here and for anybody else, but for what is written
    of the one. Raises StorageUnavailableError. No transaction may be open.
    """
    sent = send_question(home, wanted, deadline_seconds=COUNTER_SECONDS, is_kept_before=False)
    if isinstance(sent, AskFault):
        return sent
    return settle(home, sent, lambda session, known: _settle(home, session, wanted, known))


def _settle(home: HomeCities, session: Session, wanted: HomeAsk, sent: Sent) -> Told | AskFault:
    now, question_id = home.clock.now(), sent.question.asked.question_id
    said = find_said(session, sent, now=now)
    if isinstance(said, Said) and any(moment > now for moment in said.entitled.values()):
        # First the place, then the person: so does whoever withdraws.
        if hold_open(session, wanted.home_city, question_id, now=now):
            return Told(_take_yes(home, session, wanted, sent, said))
        erase_answers(session, wanted.home_city, [question_id], now)
    row = make_asked_row(wanted, sent.question)
    fault = said if isinstance(said, AskFault) else None
    row |= {"subject_id": wanted.subject_id or NOBODY, "state": ANSWERED if fault is None else FAILED}
    row |= {"fault": None if fault is None else fault.value, "answered_at": now if fault is None else None}
    add_question_of_known(session, row)
    return Told(None) if fault is None else fault


def _take_yes(home: HomeCities, session: Session, wanted: HomeAsk, sent: Sent, said: Said) -> UUID:
    """Keep a yes about somebody who is known from now on, if he was not before."""
    now, question = home.clock.now(), sent.question
    subject_id = find_or_add_subject(
        session,
        kind=SubjectKind.NATURAL_PERSON,
        identity_number=wanted.id_number,
        name=None,
        verified=False,
        pseudonyms=home.pseudonyms,
        sealer=home.sealer,
        now=now,
    ).subject_id
    lock_subject(session, subject_id)
    add_question(session, {**make_asked_row(wanted, question), "subject_id": subject_id})
    row = find_question_of(session, subject_id, question.asked.question_id)
    if row is None:
        raise LookupError(f"question {question.asked.question_id} was added and is not there")
    keep_said(session, row, said, question.agreed.treaty, said_at=now, now=now)
    return subject_id
