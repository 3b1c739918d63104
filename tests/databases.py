"""Databases with the schema of the head, and a statement past all functions of the application."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from backend.storage.database import Database
from backend.storage.migrations import upgrade


@contextmanager
def migrated_database(url: str) -> Iterator[Database]:
    """Give the database at `url` with the schema of the head; its connections close at the end."""
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def run_sql(database: Database, statement: str) -> None:
    """Run one statement in a transaction of its own, as somebody with a database console would."""
    with database.transaction() as session:
        session.execute(text(statement))
