"""What stands in the tables of a city, read past all of its functions."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.storage.database import Database

# What stands in a database and is no effect of a message: what a look for keys changes.
_NO_EFFECT = frozenset({"city_key", "alembic_version"})


def read_rows(database: Database, statement: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as bound
    """The rows of a query, as the driver gives them."""
    with database.reading() as session:
        return [dict(row) for row in session.execute(text(statement), values).mappings()]


def count(database: Database, table: str, where: str = "1 = 1") -> int:
    """How many rows of a table are so."""
    rows = read_rows(database, f"SELECT count(*) AS number FROM {table} WHERE {where}")  # noqa: S608 - ours
    return int(rows[0]["number"])


def dump(database: Database) -> dict[str, str]:
    """All that stands in the tables that are not empty, as texts; but for what is no effect of a message."""
    named = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    if database.dialect_name == "sqlite":
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    names = {row["name"] for row in read_rows(database, named)} - _NO_EFFECT
    rows = {name: read_rows(database, f"SELECT * FROM {name}") for name in sorted(names)}  # noqa: S608 - ours
    return {name: "\n".join(sorted(map(repr, found))) for name, found in rows.items() if found}


def write_id(database: Database, value: UUID) -> object:
    """An id as the driver takes it: SQLite has no type for it."""
    return value.hex if database.dialect_name == "sqlite" else value


def read_id(value: object) -> UUID:
    """An id as the driver gave it."""
    return value if isinstance(value, UUID) else UUID(str(value))
