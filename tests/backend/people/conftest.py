from collections.abc import Iterator

import pytest

from backend.access import routes as access
from backend.people import routes, session_routes, sign_in_routes
from backend.scores import routes as scores
from tests.backend.city import City, running_city

ROOMS = (
    routes.blueprint,
    session_routes.blueprint,
    sign_in_routes.blueprint,
    access.blueprint,
    scores.blueprint,
)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The room and those it meets, with nobody in them, once on each engine."""
    with running_city(database_url, rooms=ROOMS) as city:
        yield city
