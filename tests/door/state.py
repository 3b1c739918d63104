"""Everything a database holds, table by table, to compare what a call left behind with what it should have."""

from collections.abc import Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import MetaData, Table, func, select

from backend.storage.database import Database

State = Mapping[str, tuple[tuple[Any, ...], ...]]


_known: WeakKeyDictionary[Database, tuple[Table, ...]] = WeakKeyDictionary()


def read_tables(database: Database) -> tuple[Table, ...]:
    """Every table that the database has, whoever made it; looked up once."""
    if database not in _known:
        found = MetaData()
        found.reflect(database.engine)
        _known[database] = tuple(table for name, table in sorted(found.tables.items()) if name != "alembic_version")
    return _known[database]


def read_state(database: Database, *, without: Collection[str] = ()) -> State:
    """The rows of every table, in a steady order, but for the tables (`job`) and columns (`job.due_at`) `without`."""
    state = {}
    with database.reading() as session:
        for table in read_tables(database):
            columns = [column for column in table.columns if f"{table.name}.{column.name}" not in without]
            if table.name not in without:
                rows = session.execute(select(*columns)).all()
                state[table.name] = tuple(sorted((tuple(row) for row in rows), key=repr))
    return state


def count_rows(database: Database) -> dict[str, int]:
    """How many rows every table has."""
    counts = {table.name: select(func.count()).select_from(table).scalar_subquery() for table in read_tables(database)}
    with database.reading() as session:
        row = session.execute(select(*counts.values())).one()
    return dict(zip(counts, row, strict=True))


def name_changes(before: State, after: State) -> list[str]:
    """The tables that differ between two states, each with how many rows went and came."""
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ()), after.get(name, ())
        if old != new:
            gone, come = len([row for row in old if row not in new]), len([row for row in new if row not in old])
            changes.append(f"{name} (-{gone} +{come})")
    return changes
