"""Asking a home city for a merchant: whoever is known to nobody here becomes somebody only by its yes.

A merchant can type in any number. So the question leaves without a row, the log of messages alone has it, and its row
comes with the answer: with a yes that of a subject, who is added then if need be, otherwise that of somebody who is
known already. What is written of nobody in the place of others is gone again before it is committed. A withdrawal or
correction that comes before the row is remembered as one; to a yes both go by the same place, one after the other.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.nobody import NOBODY
from backend.benefits.visitor_tables import add_entitlement
from backend.partners.message_log import erase_answers
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import find_or_add_subject
from backend.people.tables import lock_subject, share_subject
from backend.visits.answer_reading import Said
from backend.visits.ask_tables import forget_of_nobody
from backend.visits.asking import Sent, find_lasting, find_said, make_asked_row, send_question, settle
from backend.visits.calling import AskFault
from backend.visits.home_cities import HomeCities
from backend.visits.questions import HomeAsk
from backend.visits.tables import FAILED, add_question, hold_open

COUNTER_SECONDS = 1.5
_NOTHING = Said(content={}, until=None, entitled={})


class Told(NamedTuple):
    """What a home city has told a merchant's question: to whom it said yes, or None for a no."""

    entitled: UUID | None


def ask_for_merchant(
    home: HomeCities, wanted: HomeAsk, *, deadline_seconds: float = COUNTER_SECONDS
) -> Told | AskFault:
    """Ask for a merchant whether a visitor may have a scenario, in a second and a half, and keep what is said.

    It takes the same to hear a yes or a no, about somebody who is known or about anybody else. Raises
    StorageUnavailableError. No transaction may be open.
    """
    sent = send_question(home, wanted, deadline_seconds=deadline_seconds, is_kept_before=False)
    if isinstance(sent, AskFault):
        return sent
    return settle(home, sent, lambda session, known: _settle(home, session, wanted, known))


def _settle(home: HomeCities, session: Session, wanted: HomeAsk, sent: Sent) -> Told | AskFault:
    now, question_id = home.clock.now(), sent.question.asked.question_id
    said = find_said(session, sent, now=now)
    row = make_asked_row(wanted, sent.question)
    if isinstance(said, AskFault):
        add_question(session, row | {"subject_id": wanted.subject_id or NOBODY, "state": FAILED, "fault": said.value})
        forget_of_nobody(session, question_id)
        return said
    is_yes = any(moment > now for moment in said.entitled.values())
    # First the place, then the person: so does whoever withdraws.
    if not hold_open(session, wanted.home_city, question_id, now=now):
        erase_answers(session, wanted.home_city, [question_id], now)
        is_yes = False
    entitled = _find_entitled(home, session, wanted) if is_yes else None
    hold = share_subject if entitled is None else lock_subject  # nobody is held by everybody at once
    hold(session, entitled or NOBODY)
    lasting = find_lasting(said if is_yes else _NOTHING, sent.question.agreed.treaty, said_at=now, now=now)
    whom = entitled or wanted.subject_id or NOBODY
    add_question(session, row | {**lasting.answer, "answered_at": now, "subject_id": whom})
    for scenario in wanted.scenarios:
        until = lasting.entitled.get(scenario, now)
        entitlement = {name: row[name] for name in ("question_id", "treaty_id")} | {"version": row["treaty_version"]}
        entitlement |= {"subject_id": entitled or NOBODY, "scenario": scenario, "until": until, "given_at": now}
        add_entitlement(session, entitlement)
    forget_of_nobody(session, question_id)
    return Told(entitled)


def _find_entitled(home: HomeCities, session: Session, wanted: HomeAsk) -> UUID:
    """Find whom a yes is about, who is known from now on if he was not before."""
    return (
        wanted.subject_id
        or find_or_add_subject(
            session,
            kind=SubjectKind.NATURAL_PERSON,
            identity_number=wanted.id_number,
            name=None,
            verified=False,
            pseudonyms=home.pseudonyms,
            sealer=home.sealer,
            now=home.clock.now(),
        ).subject_id
    )
