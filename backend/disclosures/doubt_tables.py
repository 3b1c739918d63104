"""Named queries for what speaks against something that was told, over all of it in portions.

The order is that in which they may be used no more, so what is over is never read. Each row is looked up by key in the
tables that may speak against it: a scalar subquery stays that, while a join would at times read a whole table.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ColumnElement, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from backend.disclosures.tables import DisclosureRow
from backend.grants.tables import BenefitAccountRow
from backend.people.tables import ConsentRow, SubjectRow
from backend.storage import portions
from backend.storage.chains import table_of

_LAST_ID = UUID(int=2**128 - 1)
_KEY = DisclosureRow.until, DisclosureRow.subject_id, DisclosureRow.question_id
_Columns = ReadOnlyColumnCollection[str, Column[Any]] | ReadOnlyColumnCollection[str, ColumnElement[Any]]


class Doubt(Enum):
    """What may speak against something that was told: something has changed, or it is merely a new day."""

    CHANGED = "changed"
    NEW_DAY = "new_day"


class Place(NamedTuple):
    """A place among all that was told, in the order in which it may be used no more."""

    until: datetime
    subject_id: UUID
    question_id: UUID


def find_beginning(now: datetime) -> Place:
    """Give the place after which everything stands that may be used still."""
    return Place(now, _LAST_ID, _LAST_ID)


def find_end_of_portion(session: Session, after: Place, *, rows: int) -> Place | None:
    """Find the place of the last of the `rows` rows after a place; None when there are no more than these."""
    found = portions.find_end_of_portion(session, select(DisclosureRow), _KEY, after, size=rows)
    return None if found is None else Place(*found)


def list_doubtful(
    session: Session, doubt: Doubt, after: Place, *, rows: int, now: datetime, day: date
) -> Sequence[UUID]:
    """List the people against some of whose rows, of the `rows` after a place, a doubt speaks; each once."""
    row = DisclosureRow
    needed = (row.subject_id, row.consent_id, row.checked_version, row.checked_on, row.until, row.ended_at)
    portion = portions.order_after(select(*needed), _KEY, after).limit(rows).subquery("portion").c
    wanted = select(portion.subject_id).where(portion.until > now, portion.ended_at.is_(None))
    speaks = _has_changed(portion, now) if doubt is Doubt.CHANGED else portion.checked_on != day
    return list(dict.fromkeys(session.scalars(wanted.where(speaks))))


def is_doubtful(session: Session, subject_id: UUID, now: datetime, day: date) -> bool:
    """Tell whether anything speaks against what was told about one person, who is held."""
    told = table_of(DisclosureRow).c
    wanted = select(told.subject_id).where(
        told.subject_id == subject_id,
        told.until > now,
        told.ended_at.is_(None),
        or_(told.checked_on != day, _has_changed(told, now)),
    )
    return session.scalar(wanted.limit(1)) is not None


def _has_changed(told: _Columns, now: datetime) -> ColumnElement[bool]:
    """Tell of a row whether there are other facts by now, a doubt about who it is, a pause, or a consent that is over.

    Closing an account withdraws every consent.
    """
    subject, account, consent = SubjectRow, BenefitAccountRow, ConsentRow
    differs = select(or_(subject.in_doubt, subject.facts_version != told.checked_version))
    paused = select(account.paused_until).where(account.paused_until.is_not(None))
    over = select(consent.consent_id).where(consent.withdrawn_at.is_not(None))
    return or_(
        differs.where(subject.subject_id == told.subject_id).scalar_subquery(),
        paused.where(account.subject_id == told.subject_id).scalar_subquery() > now,
        over.where(consent.subject_id == told.subject_id, consent.consent_id == told.consent_id)
        .scalar_subquery()
        .is_not(None),
    )
