from collections.abc import Iterator

import pytest

from tests.backend.city import City
from tests.backend.scores.city import running_scores


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The scores room on each engine, with its departments and nobody else."""
    with running_scores(database_url) as city:
        yield city
