"""What the integrity of merchants is measured by: counts over the rows of other rooms."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.grants.tables import GrantRow

# What never came into use says nothing about its merchant.
_UNUSED = ("reserved", "cancelled", "expired")


def count_benefits(session: Session, merchant: str, *, since_on: date) -> int:
    """Count the benefits that a merchant has given since a day of the city."""
    given = (GrantRow.merchant == merchant, GrantRow.granted_on >= since_on, GrantRow.state.not_in(_UNUSED))
    return session.scalar(select(func.count()).select_from(GrantRow).where(*given)) or 0
