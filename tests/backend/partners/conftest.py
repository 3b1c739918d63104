from collections.abc import Iterator

import pytest

from backend.storage.database import Database
from tests.databases import migrated_database


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A database on the embedded engine alone, for what no database decides."""
    with migrated_database(sqlite_url) as database:
        yield database


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    """A database on the engine where two may write at once."""
    with migrated_database(postgresql_url) as database:
        yield database
