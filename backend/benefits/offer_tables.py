"""Named queries over the places that are taken, for whoever looks at what there is."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.grants.tables import CitizenQuotaUseRow, QuotaUseRow


def list_own_places(session: Session, subject_id: UUID, day: str) -> Mapping[tuple[str, str], int]:
    """List how many places a person has taken, by scenario and period: of a day (ISO 8601), and for ever ('')."""
    row = CitizenQuotaUseRow
    wanted = (row.subject_id == subject_id, or_(row.period == "", row.period == day))
    found = session.execute(select(row.scenario, row.period, row.used).where(*wanted))
    return {(scenario, period): used for scenario, period, used in found}


def list_shared_places(session: Session, day: str) -> Mapping[tuple[str, str], int]:
    """List how many places of scenarios are taken over all merchants, by scenario and period as `list_own_places`."""
    row = QuotaUseRow
    wanted = (row.owner == "", or_(row.period == "", row.period == day))
    found = session.execute(select(row.scenario, row.period, row.used).where(*wanted))
    return {(scenario, period): used for scenario, period, used in found}
