"""What is written for one answer, in two messages to PostgreSQL: before somebody is weighed, and after.

The count of all questions of a partner comes last: everybody who answers it waits for that row.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from backend.access.tables import AccessEntryRow
from backend.clock import today
from backend.disclosures.person_tables import KnownPerson, PersonWanted
from backend.disclosures.tables import AnsweredQuestionRow, DisclosureRow, QuestionCountRow, drop_question
from backend.storage.chains import Chain, Change, Hold, Link, Step, give, table_of
from backend.storage.inserts import Insert
from backend.storage.questions import ask_in_turn_within

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


class NewQuestion(NamedTuple):
    """A question as it is taken: its body's `digest`, what it is answered with so far, and of what it is one more.

    `person` is the keyed hash of whom it is about, `most` how many questions a partner may put about him on a day.
    """

    partner: str
    question_id: UUID
    digest: bytes
    content: Mapping[str, Any]
    person: bytes
    most: int


def take_question(
    session: Session, question: NewQuestion, about: PersonWanted, *, now: datetime
) -> tuple[Taken, KnownPerson | None]:
    """Be the one who answers a question, and count it for the person today; find whom it is about, and hold him.

    One that was answered, also a moment ago, is not counted, one by whose id something else was told by neither, and
    one that is too many leaves nothing. Gives a person where it is taken, None where even the stand-in is not there.
    """
    given = {**question._asdict(), **about.values, "content": dict(question.content), "day": today(now), "one": 1}
    taking = _make_taking(about.holding)
    held, *found = ask_in_turn_within(session, {**given, "now": now}, taking, *about.questions)
    if held == 0:
        return Taken.ANSWERED_BEFORE, None
    if held < _COUNTED_AT or question.most < 1:
        drop_question(session, question.partner, question.question_id)
        return Taken.TOO_MANY, None
    return Taken.TAKEN, about.read(*found)


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
# An id by which something was told is no new question, also where no repeat of that gets anything: a card's, or one of
# long ago. What is asked by it may be about anybody, and nobody would come to read of it.
_UNTOLD = ~exists(
    select(literal_column("1")).where(
        _TOLD.c.partner == give(_TOLD.c.partner, "partner"),
        _TOLD.c.question_id == give(_TOLD.c.question_id, "question_id"),
    )
)
_COUNTED_AT = 2  # links: without the third not even the stand-in is there to be held


@cache
def _make_taking(holding: Hold) -> Chain:
    """Make the chain by which a question is taken and counted, and whom it is about is held, by whoever took it alone.

    One who asks again waits for him by himself: of two who held him already each would wait for the other.
    """
    return Chain(
        [
            Link(AnsweredQuestionRow, _TAKEN, _unless_answered, [_UNTOLD]),
            Link(QuestionCountRow, _COUNTED, _within_bounds),
            holding,
        ]
    )


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
