"""Named queries over places that are taken and consents that stand, for whoever looks at what there is."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.grants.tables import CitizenQuotaUseRow, QuotaUseRow
from backend.people.tables import ConsentRow


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


def has_consent_in_force(
    session: Session, subject_id: UUID, *, purpose: str, scopes: Collection[str] | None, now: datetime
) -> bool:
    """Tell whether a person lets anybody be told for a purpose, of one of some scopes or (None) of whatever."""
    row = ConsentRow
    wanted = (
        row.subject_id == subject_id,
        row.purpose == purpose,
        row.withdrawn_at.is_(None),
        or_(row.expires_at.is_(None), row.expires_at > now),
    )
    statement = select(row.consent_id).where(*wanted).limit(1)
    return session.scalar(statement if scopes is None else statement.where(row.scope.in_(scopes))) is not None
