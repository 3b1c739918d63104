"""Kept scores of many people at once: whose do not hold any more, and writing them anew without holding anybody up.

What is written obeys the rules of `keep_score` and of its callers, set by set: a person whose account is closed or in
doubt gets nothing, and nothing takes the place of what is newer.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import CursorResult, FromClause, Select, Table, and_, literal, not_, or_, select
from sqlalchemy.orm import Session

from backend.people.identity_numbers import SubjectKind
from backend.people.tables import EnrolmentRow, SubjectRow
from backend.scores.tables import NewScore, StoredScoreRow, is_older
from backend.storage.bulk import is_one_of
from backend.storage.given_rows import give_rows
from backend.storage.inserts import insert_into
from backend.storage.types import Moment
from scoring.days import ONE_DAY, end_of

_TABLE = cast("Table", StoredScoreRow.__table__)
_NAMES = tuple(each.name for each in fields(NewScore))
_MICROSECOND = timedelta(microseconds=1)


class Account(NamedTuple):
    """An account as somebody knows it: how much was on the ledger, and since which city day it is open."""

    subject_id: UUID
    facts_version: int
    since: date


def find_outdated(session: Session, accounts: Sequence[Account], *, rules_digest: str, day: date) -> list[UUID]:
    """Find those of `accounts` that are still as given, and whose kept score is missing or not right on `day`.

    `rules_digest` names the rules of that day (`backend.scores.current.name_rules`). Whoever has a score of newer facts
    or of a later day is not among them.
    """
    if not accounts:
        return []
    types = [(name, _TABLE.c[name].type) for name in Account._fields]
    given = _give(session, types, accounts)
    kept = StoredScoreRow
    is_right = and_(
        kept.facts_version == given.c.facts_version,
        kept.since == given.c.since,
        kept.rules_digest == rules_digest,
        kept.computed_on <= day,
        or_(kept.changes_on.is_(None), kept.changes_on > day),
    )
    gives_way = and_(not_(is_right), is_older(given.c.facts_version, literal(day)))
    wanted = _join_open(select(given.c.subject_id), given).outerjoin(kept, kept.subject_id == given.c.subject_id)
    return list(session.scalars(wanted.where(or_(kept.subject_id.is_(None), gives_way))))


def hold_unless_held(session: Session, subject_ids: Sequence[UUID]) -> set[UUID]:
    """Keep accounts from being closed or put in doubt until the transaction ends; gives those that nobody holds now.

    It waits for nobody. Entries on the ledger go on meanwhile, and so do readers. What stands in the rows is to be
    asked by another statement: this one may have begun before a closing ended.
    """
    mine = select(SubjectRow.subject_id).where(
        is_one_of(session, [SubjectRow.subject_id], [(subject_id,) for subject_id in subject_ids])
    )
    return set(session.scalars(mine.with_for_update(read=True, key_share=True, skip_locked=True)))


def keep_scores(session: Session, scores: Sequence[tuple[UUID, NewScore]], *, now: datetime) -> int:
    """Keep the scores of people whom the transaction holds (`hold_unless_held`); gives how many were written.

    Not written is a score of an account that is not as it was for it (closed, in doubt, opened anew, more on the
    ledger), nor one where another of newer facts or of a later day is kept.
    """
    if not scores:
        return 0
    names = ("subject_id", *_NAMES)
    types = [(name, _TABLE.c[name].type) for name in names]
    values = [(subject_id, *(getattr(score, name) for name in _NAMES)) for subject_id, score in scores]
    given = _give(session, types, values)
    rows = _join_open(select(*(given.c[name] for name in names), literal(now, Moment())), given)
    # In one order, so that two who write the same people wait for each other and never in a circle.
    statement = insert_into(session, StoredScoreRow).from_select([*names, "kept_at"], rows.order_by(given.c.subject_id))
    new = statement.excluded
    result = session.execute(
        statement.on_conflict_do_update(
            index_elements=["subject_id"],
            set_={name: new[name] for name in (*_NAMES, "kept_at")},
            where=is_older(new.facts_version, new.computed_on),
        ),
        execution_options={"preserve_rowcount": True},
    )
    return cast("CursorResult[Any]", result).rowcount


def _give(session: Session, types: list[Any], values: Sequence[tuple[Any, ...]]) -> FromClause:
    """Give rows, and with each the moments between which an account of its `since` was opened."""
    place = [name for name, _ in types].index("since")
    bounded = [(*row, *_find_bounds(row[place])) for row in values]
    return give_rows(session, [*types, ("opened_from", Moment()), ("opened_before", Moment())], bounded)


@lru_cache(maxsize=8192)  # many people share the day on which they came
def _find_bounds(day: date) -> tuple[datetime, datetime]:
    end = end_of(day) + _MICROSECOND
    return end - ONE_DAY, end


def _join_open(wanted: Select[Any], given: FromClause) -> Select[Any]:
    """Leave of the given those who are enrolled, not in doubt, and as they were given."""
    return (
        wanted.select_from(given)
        .join(SubjectRow, SubjectRow.subject_id == given.c.subject_id)
        .join(EnrolmentRow, EnrolmentRow.subject_id == given.c.subject_id)
        .where(
            SubjectRow.kind == SubjectKind.NATURAL_PERSON,
            SubjectRow.in_doubt.is_(False),
            SubjectRow.facts_version == given.c.facts_version,
            EnrolmentRow.closed_at.is_(None),
            EnrolmentRow.opened_at >= given.c.opened_from,
            EnrolmentRow.opened_at < given.c.opened_before,
        )
    )
