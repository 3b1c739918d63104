"""What is written for one answer, in two messages to PostgreSQL: before somebody is weighed, and after.

The count of all questions of a partner comes last: everybody who answers it waits for that row.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from backend.access.tables import AccessEntryRow
from backend.clock import today
from backend.disclosures.tables import AnsweredQuestionRow, DisclosureRow, QuestionCountRow, drop_question
from backend.storage.chains import Chain, Change, Link, Step, give, table_of
from backend.storage.inserts import Insert

ALL_PERSONS = b""
_ANSWERED, _COUNT, _LOOK, _TOLD = (
    table_of(row) for row in (AnsweredQuestionRow, QuestionCountRow, AccessEntryRow, DisclosureRow)
)
# What is empty when something is told, and filled in later if at all.
_LATER = frozenset({"corrected_at", "ended_at", "ended_because", "deleted_at"})


class Taken(Enum):
    """What came of taking a question."""

    TAKEN = "taken"
    ANSWERED_BEFORE = "answered_before"
    TOO_MANY = "too_many"


def take_question(
    session: Session,
    partner: str,
    question_id: UUID,
    *,
    digest: bytes,
    content: Mapping[str, Any],
    person: bytes,
    most: int,
    now: datetime,
) -> Taken:
    """Be the one who answers a question, so far with `content`, and count it for the person today, `most` at most.

    One that was answered, also a moment ago, is not counted, and one that is too many leaves nothing.
    """
    values = {"partner": partner, "question_id": question_id, "digest": digest, "content": dict(content)}
    counted = {"person": person, "day": today(now), "one": 1, "most": most}
    held = _TAKE.run(session, {**values, **counted, "now": now})
    if held == 0:
        return Taken.ANSWERED_BEFORE
    if held < _TAKE.length or most < 1:
        drop_question(session, partner, question_id)
        return Taken.TOO_MANY
    return Taken.TAKEN


def put_look(session: Session, partner: str, look: Mapping[str, Any], *, day: date, most: int | None) -> bool:
    """Add an access entry, by column, and count one question more of a partner on a day; False after `most` of them."""
    values = {f"look_{name}": value for name, value in look.items()}
    return _run(session, _chain_of(is_told=False, is_bounded=most is not None), values, partner, day, most)


def put_told(
    session: Session, told: Mapping[str, Any], look: Mapping[str, Any], *, day: date, most: int | None
) -> bool:
    """Add besides what a partner is told, by column, and let a repeat of the question get it."""
    values = {f"told_{name}": value for name, value in told.items()}
    values |= {f"look_{name}": value for name, value in look.items()}
    return _run(session, _chain_of(is_told=True, is_bounded=most is not None), values, told["partner"], day, most)


def _run(session: Session, chain: Chain, values: Mapping[str, Any], partner: str, day: date, most: int | None) -> bool:
    counted = {"partner": partner, "person": ALL_PERSONS, "day": day, "one": 1, "most": most}
    return chain.run(session, {**values, **counted}) == chain.length


def _unless_answered(insert: Insert) -> Insert:
    return insert.on_conflict_do_nothing(index_elements=["partner", "question_id"])


def _within_bounds(insert: Insert) -> Insert:
    asked = _COUNT.c.asked
    return insert.on_conflict_do_update(
        index_elements=["partner", "person", "asked_on"],
        set_={"asked": asked + 1},
        where=asked < bindparam("most", type_=asked.type),
    )


_COUNTED = {"partner": "partner", "person": "person", "asked_on": "day", "asked": "one"}
_TAKEN = {name: name for name in ("partner", "question_id", "digest", "content")} | {"answered_at": "now"}
_TAKE = Chain([Link(AnsweredQuestionRow, _TAKEN, _unless_answered), Link(QuestionCountRow, _COUNTED, _within_bounds)])


@cache
def _chain_of(*, is_told: bool, is_bounded: bool) -> Chain:
    steps: list[Step] = []
    if is_told:
        columns = {column.name: f"told_{column.name}" for column in _TOLD.c if column.name not in _LATER}
        this = [
            _ANSWERED.c.partner == give(_ANSWERED.c.partner, "told_partner"),
            _ANSWERED.c.question_id == give(_ANSWERED.c.question_id, "told_question_id"),
        ]
        answer = {"content": "told_told", "until": "told_until"}
        steps += [Link(DisclosureRow, columns), Change(AnsweredQuestionRow, answer, this)]
    steps.append(Link(AccessEntryRow, {column.name: f"look_{column.name}" for column in _LOOK.c}))
    if is_bounded:
        steps.append(Link(QuestionCountRow, _COUNTED, _within_bounds))
    return Chain(steps)
