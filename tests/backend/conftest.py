"""What every test of the backend may ask for."""

from collections.abc import Iterator

import pytest

from backend.storage.database import Database
from tests.databases import migrated_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema of the head and no rows; the test runs once on each engine."""
    with migrated_database(database_url) as database:
        yield database
