from collections.abc import Iterator

import pytest

from backend.access.routes import blueprint
from tests.backend.city import City, running_city


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The room with nobody in it, once on each engine."""
    with running_city(database_url, rooms=(blueprint,)) as city:
        yield city
