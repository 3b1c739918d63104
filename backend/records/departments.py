"""The departments that may hand records in: those that the catalogue names."""

from sqlalchemy.orm import Session

from backend.records.tables import put_department
from scoring.catalogue import Catalogue


def register_departments(session: Session, catalogue: Catalogue) -> int:
    """Put the departments of a catalogue into the reference table, under its names for them; gives how many."""
    for department in catalogue.departments.values():
        put_department(session, code=department.code, name=department.name)
    return len(catalogue.departments)
