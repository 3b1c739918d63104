"""A city with visitors, on both engines or, where no database matters, on one."""

from collections.abc import Iterator

import pytest

from tests.backend.visits.home import Visited, running_visited


@pytest.fixture
def visited(database_url: str) -> Iterator[Visited]:
    """On both engines."""
    with running_visited(database_url) as visited:
        yield visited


@pytest.fixture
def postgres_visited(postgresql_url: str) -> Iterator[Visited]:
    """Where several can write at once."""
    with running_visited(postgresql_url) as visited:
        yield visited


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Visited]:
    """On one."""
    with running_visited(sqlite_url) as visited:
        yield visited
