from collections.abc import Iterator

import pytest

from backend.records import file_routes, quarantine_routes
from backend.records import routes as record_routes
from backend.reports import routes
from tests.backend.city import City, running_city
from tests.backend.records.handing import open_offices

ROOMS = (routes.blueprint, record_routes.blueprint, quarantine_routes.blueprint, file_routes.blueprint)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city whose departments are registered; the test runs once on each engine."""
    with running_city(database_url, rooms=ROOMS) as city:
        open_offices(city)
        yield city


@pytest.fixture
def small_town(sqlite_url: str) -> Iterator[City]:
    """The same on SQLite alone, for what has nothing to do with the database."""
    with running_city(sqlite_url, rooms=ROOMS) as city:
        open_offices(city)
        yield city
