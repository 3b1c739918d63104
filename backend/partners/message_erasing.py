"""Bodies of messages as they go: what each tells, until when it may stay, and the only change that a message knows.

A trigger lets through that a body becomes NULL with the moment of it, and nothing else.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, aliased

from backend.partners.message_tables import MessageRow

ENDLESS = datetime.max.replace(tzinfo=UTC)
ANSWER, NOTICE, CORRECTED = "answer", "notice", "corrected"


class Told(NamedTuple):
    """What a message tells: the question whose answer it holds, if it does, and until when that may be used."""

    question_id: UUID | None
    until: datetime


def find_told(kind: str, about: UUID, status: int | None, body: str) -> Told:
    """Find what a message tells; of what cannot be read, or has no end, `until` is the end of time."""
    if kind == ANSWER and status == HTTPStatus.OK:
        return Told(about, _read_until(_read(body)))
    if kind != NOTICE:
        return Told(None, ENDLESS)
    document = _read(body)
    content = document.get("content")
    if document.get("kind") != CORRECTED or not isinstance(content, dict):
        return Told(None, ENDLESS)
    return Told(_read_id(content.get("question_id")), _read_until(content))


def erase_told(
    session: Session, partner: str, question_ids: Sequence[UUID], now: datetime, *, but_the_last: bool
) -> int:
    """Erase the answers to some questions and their corrections, of each question but the last; gives how many."""
    these = (MessageRow.partner == partner, MessageRow.tells_of.in_(question_ids))
    if not but_the_last:
        return _erase(session, now, *these)
    later = aliased(MessageRow)
    is_older = (
        select(later.message_id)
        .where(later.partner == partner, later.tells_of == MessageRow.tells_of, later.body.is_not(None))
        .where(later.message_id > MessageRow.message_id)
        .exists()
    )
    return _erase(session, now, *these, is_older)


def erase_due(session: Session, now: datetime, *, limit: int) -> int:
    """Erase at most `limit` bodies whose time is over, but those that somebody else just erases; gives how many."""
    row = MessageRow
    due = select(row.message_id).where(row.body.is_not(None), row.kept_until <= now).order_by(row.kept_until)
    return _erase(session, now, row.message_id.in_(due.limit(limit).with_for_update(skip_locked=True)))


def _erase(session: Session, now: datetime, *these: ColumnElement[bool]) -> int:
    changed = update(MessageRow).where(MessageRow.body.is_not(None), *these).values(body=None, erased_at=now)
    gone = changed.returning(MessageRow.message_id).execution_options(synchronize_session=False)
    return len(session.scalars(gone).all())


def _read(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_until(document: dict[str, Any]) -> datetime:
    try:
        until = datetime.fromisoformat(document["until"])
        return ENDLESS if until.tzinfo is None else until.astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return ENDLESS


def _read_id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
