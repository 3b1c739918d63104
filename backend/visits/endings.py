"""How an answer ends before its time: taken back or corrected by the home city, forgotten by the visitor, or outlived.

Whatever the order in which question, answer, withdrawal and corrections arrive, and however often, they come to the
same: a withdrawal wins for good, and of corrections the one that was left last. What ended is deleted at once; what was
given for it before is noted first, because the home city is still to hear of that. No transaction is about two persons.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.benefits.card_tables import doubt_cards
from backend.benefits.visitor_tables import end_entitlements
from backend.partners.message_log import erase_answers
from backend.partners.treaties import find_version
from backend.people.tables import lock_subject
from backend.storage.database import Database, StorageUnavailableError
from backend.visits.answer_reading import Asked, UnusableAnswerError, read_content
from backend.visits.asking import keep_said
from backend.visits.tables import (
    FAILED,
    HomeQuestionRow,
    add_withdrawn,
    find_question,
    find_subject,
    is_withdrawn,
    list_unended,
    list_unsettled,
    mark_settled,
    put_answer,
)
from backend.visits.use_queries import add_uses
from backend.web.faults import describe_fault
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Scope, partner_of

AT_ONCE = 500
log = structlog.get_logger("shangding.visits")


class Ended(StrEnum):
    """Why an answer counts no more; `partner_ended`: its city is no partner any more, and could not take it back."""

    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    FORGOTTEN = "forgotten"
    OUTLIVED = "outlived"
    PARTNER_ENDED = "partner_ended"


def take_withdrawn(
    session: Session, partner: str, content: Mapping[str, Any], *, now: datetime
) -> dict[str, Any] | Refusal:
    """Take back what a partner said to some questions, known here or not yet; gives what to confirm.

    `content` is that of a notice whose form was checked. When it was left is not asked: it wins over everything.
    From here on none of it is newly believed. What was believed before ends here for one person; where it is about
    others, too, that is left to `settle_withdrawals`, and nothing is confirmed: Refusal `not_all_ended`, upon which the
    partner repeats this notice, until nothing is left of it, and goes on with its others.
    """
    question_ids = [UUID(each) for each in content["question_ids"]]
    add_withdrawn(session, partner, question_ids, now=now)
    unended = list_unended(session, partner, question_ids)
    first = unended[0][0] if unended else None
    rest = [question_id for subject_id, question_id in unended if subject_id != first]
    if first is not None:
        _withdraw(session, partner, first, [found for subject_id, found in unended if subject_id == first], now=now)
    if rest:
        mark_settled(session, partner, rest, is_settled=False)
        return Refusal(ProblemCode.NOT_ALL_ENDED)
    return {"deleted": sorted(str(each) for each in question_ids)}


def settle_withdrawals(database: Database, *, now: datetime, limit: int = AT_ONCE) -> int:
    """End what was withdrawn together with answers about somebody else, each in a transaction of its own.

    At most `limit`; gives how many. One that cannot be ended holds up no other: that is logged, and it is left for the
    next time. Raises StorageUnavailableError.
    """
    with database.reading() as session:
        unsettled = list_unsettled(session, limit=limit)
    return sum(_can_settle(database, partner, question_id, now=now) for partner, question_id in unsettled)


def _can_settle(database: Database, partner: str, question_id: UUID, *, now: datetime) -> bool:
    try:
        with database.transaction() as session:
            for subject_id, found in list_unended(session, partner, [question_id]):  # one, as an id is there once
                _withdraw(session, partner, subject_id, [found], now=now)
            mark_settled(session, partner, [question_id], is_settled=True)
    except StorageUnavailableError:
        raise
    except Exception as fault:  # noqa: BLE001 - one answer must not keep those of others from being ended
        log.error("withdrawal_not_settled", question_id=str(question_id), **describe_fault(fault))  # noqa: TRY400 - no stack
        return False
    return True


def take_corrected(
    session: Session, partner: str, content: Mapping[str, Any], *, now: datetime, left_at: datetime
) -> dict[str, Any]:
    """Put what a partner says now in place of what it said to a question; gives what to confirm.

    `left_at` is when the partner left the notice: an older one than the last changes nothing. What cannot be read, or
    says nothing, ends the answer whenever it was left: nothing is told by it again. A correction to what nobody here
    has seen yet takes it back: it may be a card.
    """
    question_id = UUID(content["question_id"])
    done = {"deleted": [str(question_id)]}
    subject_id = find_subject(session, partner, question_id)
    if subject_id is None:
        take_withdrawn(session, partner, {"question_ids": [str(question_id)]}, now=now)  # also what has come meanwhile
        erase_answers(session, partner, [question_id], now)  # the correction itself, too
        return done
    lock_subject(session, subject_id)
    row = find_question(session, question_id, partner=partner)
    is_over = row is None or row.ended_at is not None or row.state == FAILED
    if row is None or is_over or is_withdrawn(session, partner, question_id):
        erase_answers(session, partner, [question_id], now)
        return done
    _correct(session, row, content, left_at=left_at, now=now)
    return done


def end_answer(session: Session, row: HomeQuestionRow, because: Ended, *, now: datetime) -> None:
    """End an answer about a person who is held, and delete what it said, in the log too; one that ended stays so."""
    if row.ended_at is not None:
        return
    add_uses(session, row.subject_id, now=now)
    end_entitlements(session, row.subject_id, row.question_id)
    doubt_cards(session, row.subject_id, now=now)
    put_answer(session, row, {"content": None, "until": None, "ended_at": now, "ended_because": because.value})
    erase_answers(session, row.partner, [row.question_id], now)


def _withdraw(session: Session, partner: str, subject_id: UUID, question_ids: Sequence[UUID], *, now: datetime) -> None:
    lock_subject(session, subject_id)
    for question_id in question_ids:
        row = find_question(session, question_id, partner=partner)
        if row is not None:
            end_answer(session, row, Ended.WITHDRAWN, now=now)


def _correct(
    session: Session, row: HomeQuestionRow, content: Mapping[str, Any], *, left_at: datetime, now: datetime
) -> None:
    agreed = find_version(session, row.treaty_id, row.treaty_version)
    if agreed is None:
        raise LookupError(f"treaty {row.treaty_id} {row.treaty_version} was asked by and is not there")
    treaty = agreed.treaty
    asked = Asked(
        question_id=row.question_id,
        home=row.partner,
        host=partner_of(treaty, row.partner),
        treaty=treaty,
        scope=Scope(row.scope),
        scenarios=tuple(row.scenarios["asked"]),
    )
    try:
        said = read_content(content["content"], content["until"], asked)
    except UnusableAnswerError:
        said = None
    if said is None or said.until is None:
        end_answer(session, row, Ended.CORRECTED, now=now)
        return
    if row.corrected_at is not None and row.corrected_at >= left_at:
        return
    put_answer(session, row, {"corrected_at": left_at})
    add_uses(session, row.subject_id, now=now)
    keep_said(session, row, said, treaty, said_at=min(left_at, now), now=now)
    erase_answers(session, row.partner, [row.question_id], now, but_the_last=True)  # which is this correction
    doubt_cards(session, row.subject_id, now=now)
    if row.content is None:
        end_answer(session, row, Ended.CORRECTED, now=now)
