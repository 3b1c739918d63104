"""What the tests of the exchange may ask for: a visitor between two cities, one of them on either engine if need be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.exchange.cities import running_cities
from tests.backend.exchange.journeys import HOME, HOST, Journey, revise


@pytest.fixture
def journey(sqlite_url: str) -> Iterator[Journey]:
    """A visitor of a city, both on SQLite."""
    with running_cities({HOME: sqlite_url, HOST: f"{sqlite_url}.host"}, revise=revise) as cities:
        yield Journey(cities)


@pytest.fixture
def hosted(database_url: str, tmp_path: Path) -> Iterator[Journey]:
    """The same with a host on either engine."""
    with running_cities({HOST: database_url, HOME: f"sqlite:///{tmp_path}/home.sqlite"}, revise=revise) as cities:
        yield Journey(cities)


@pytest.fixture
def judged(database_url: str, tmp_path: Path) -> Iterator[Journey]:
    """The same with a home city on either engine."""
    with running_cities({HOME: database_url, HOST: f"sqlite:///{tmp_path}/host.sqlite"}, revise=revise) as cities:
        yield Journey(cities)
