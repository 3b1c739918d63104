"""What the integrity of merchants is measured by: counts over the rows of several rooms, for many merchants at once."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Select, exists, func, select, text
from sqlalchemy.orm import Session

from backend.fulfilment.complaint_tables import ComplaintRow
from backend.grants.tables import CLOSED_BY_TIME, GrantRow

# What never came into use says nothing about its merchant.
_UNUSED = ("reserved", "cancelled", "expired")


def count_benefits(session: Session, merchants: Collection[str], *, since_on: date) -> dict[str, int]:
    """Count the benefits that merchants have given since a day of the city; those who gave none are left out."""
    given = (GrantRow.granted_on >= since_on, GrantRow.state.not_in(_UNUSED))
    return _count_each(session, _count_grants(merchants).where(*given))


def count_let_go(session: Session, merchants: Collection[str], *, since: datetime) -> dict[str, int]:
    """Count the overdue grants that time let go since then; not one of which a complaint about that was upheld."""
    counted_already = exists().where(
        ComplaintRow.subject_id == GrantRow.subject_id,
        ComplaintRow.grant_id == GrantRow.grant_id,
        ComplaintRow.kind == "not_released",
        ComplaintRow.state == "upheld",
    )
    let_go = (text(CLOSED_BY_TIME), GrantRow.ended_at >= since, ~counted_already)
    return _count_each(session, _count_grants(merchants).where(*let_go))


def _count_grants(merchants: Collection[str]) -> Select[str, int]:
    wanted = select(GrantRow.merchant, func.count()).where(GrantRow.merchant.in_(sorted(merchants)))
    return wanted.group_by(GrantRow.merchant)


def _count_each(session: Session, counted: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(counted)}
