"""Asking a compiled question within a transaction, as `Database.ask` does without one."""

from collections.abc import Mapping

from sqlalchemy import UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.storage.questions import Found, Question


def ask_within(
    session: Session, question: Question, values: Mapping[str, object], *, otherwise: UpdateBase | None = None
) -> Found | None:
    """Ask for the one row that answers `question`, or None.

    A question that changes something is one for PostgreSQL alone; SQLite, which is in the process, runs `otherwise`.
    """
    session.flush()
    connection = session.connection()
    if otherwise is not None and connection.dialect.name != "postgresql":
        row = connection.execute(otherwise, dict(values)).one_or_none()
        return None if row is None else tuple(row)
    driver_error = connection.dialect.loaded_dbapi.Error
    try:
        return question.ask(connection.connection, connection.dialect, values)
    except driver_error as fault:
        raise DBAPIError.instance(
            None, None, fault, driver_error, hide_parameters=True, dialect=connection.dialect
        ) from fault
