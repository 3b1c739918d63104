"""Named queries for messages that have no place in the chain yet, in portions of the order in which they were logged.

A portion is read from one index, and each of its messages is looked up by key among the links: a scalar subquery stays
that, while a join would at times read both tables whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.partners.message_tables import MessageLinkRow, MessageRow
from backend.storage import portions

_KEY = MessageRow.logged_at, MessageRow.message_id


class Place(NamedTuple):
    """A place among the messages of a partner, in the order in which they were logged."""

    logged_at: datetime
    message_id: UUID


def find_end_of_portion(session: Session, partner: str, after: Place, *, rows: int) -> Place | None:
    """Find the place of the last of the `rows` messages after a place; None when there are no more than these."""
    found = portions.find_end_of_portion(session, _with(partner), _KEY, after, size=rows)
    return None if found is None else Place(*found)


def list_unlinked(
    session: Session, partner: str, after: Place, *, rows: int, before: datetime | None = None
) -> Sequence[UUID]:
    """List those of the `rows` messages after a place that have none in the chain, the oldest first.

    With `before` only those that were logged before a moment.
    """
    portion = portions.order_after(_with(partner), _KEY, after).limit(rows).subquery().c
    link = select(MessageLinkRow.log_no).where(MessageLinkRow.message_id == portion.message_id).scalar_subquery()
    wanted = select(portion.message_id).where(link.is_(None))
    wanted = wanted if before is None else wanted.where(portion.logged_at < before)
    return session.scalars(wanted.order_by(portion.logged_at, portion.message_id)).all()


def list_still_unlinked(session: Session, message_ids: Sequence[UUID]) -> Sequence[MessageRow]:
    """List those of some messages that nobody has linked meanwhile, the oldest first."""
    link = select(MessageLinkRow.log_no).where(MessageLinkRow.message_id == MessageRow.message_id).scalar_subquery()
    wanted = select(MessageRow).where(MessageRow.message_id.in_(message_ids), link.is_(None))
    return session.scalars(wanted.order_by(MessageRow.logged_at, MessageRow.message_id)).all()


def _with(partner: str) -> Select[*tuple[Any, ...]]:
    return select(*_KEY).where(MessageRow.partner == partner)
