"""INSERT ... ON CONFLICT in the dialect at hand; both engines know it, SQLAlchemy spells it per dialect."""

from typing import TypeAlias

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.storage.tables import Row

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert_into(session: Session, row: type[Row]) -> Insert:
    """Begin an INSERT into the table of `row` that can be continued with `on_conflict_do_...`."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(row)
    return sqlite.insert(row)
