"""A database with our schema on one engine, for what only that engine does."""

from collections.abc import Iterator

import pytest

from backend.storage.database import Database
from tests.databases import migrated_database


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    with migrated_database(sqlite_url) as database:
        yield database


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    with migrated_database(postgresql_url) as database:
        yield database
