from collections.abc import Iterator

import pytest

from backend.clients import routes as clients
from backend.merchants import offering_routes, routes, webhook_routes
from tests.backend.city import City, running_city

ROOMS = (clients.blueprint, routes.blueprint, offering_routes.blueprint, webhook_routes.blueprint)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The rooms of merchants and clients with nobody in them, once on each engine."""
    with running_city(database_url, rooms=ROOMS) as city:
        yield city


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    """The same on SQLite alone, where no engine matters."""
    with running_city(sqlite_url, rooms=ROOMS) as city:
        yield city
