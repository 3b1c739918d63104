from collections.abc import Iterator

import pytest

from tests.backend.city import City, running_city
from tests.backend.records.handing import open_offices


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city whose departments are registered; the test runs once on each engine."""
    with running_city(database_url) as city:
        open_offices(city)
        yield city


@pytest.fixture
def small_town(sqlite_url: str) -> Iterator[City]:
    """The same on SQLite alone, for what has nothing to do with the database."""
    with running_city(sqlite_url) as city:
        open_offices(city)
        yield city
