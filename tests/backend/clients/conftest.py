from collections.abc import Iterator

import pytest

from tests.backend.city import City, running_city


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The application with nobody in it, once on each engine."""
    with running_city(database_url) as city:
        yield city
