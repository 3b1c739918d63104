from collections.abc import Iterator

import pytest

from backend.access import routes as access
from backend.fulfilment import citizen_routes, complaint_routes, proposal_routes
from backend.scores import routes as scores
from tests.backend.city import City, running_city
from tests.backend.fulfilment.breaking import settle_in

ROOMS = (
    access.blueprint,
    scores.blueprint,
    citizen_routes.blueprint,
    proposal_routes.blueprint,
    complaint_routes.blueprint,
)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city with two merchants and its departments, once on each engine."""
    with running_city(database_url, rooms=ROOMS) as city:
        settle_in(city)
        yield city


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    """The same on SQLite alone, where no engine matters."""
    with running_city(sqlite_url, rooms=ROOMS) as city:
        settle_in(city)
        yield city
