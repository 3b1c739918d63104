from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.storage.database import Database
from tests.backend.governance.drafting import Office
from tests.databases import migrated_database


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    """An office at noon, with the files of today; once on each engine."""
    office = Office(database, tmp_path / "city")
    office.export()
    return office


@pytest.fixture
def sqlite_office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """The same on SQLite alone, for what no database decides."""
    with migrated_database(sqlite_url) as database:
        office = Office(database, tmp_path / "city")
        office.export()
        yield office
