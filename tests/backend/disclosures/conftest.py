from collections.abc import Iterator

import pytest

from tests.backend.city import City, running_city
from tests.backend.disclosures.asking import NANJING, agree
from tests.backend.records.handing import open_offices


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city with a treaty with each of two others, on each engine."""
    with running_city(database_url) as city:
        yield _settle_in(city)


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    """The same on SQLite alone."""
    with running_city(sqlite_url) as city:
        yield _settle_in(city)


@pytest.fixture
def metropolis(postgresql_url: str) -> Iterator[City]:
    """The same on PostgreSQL alone, where one transaction waits for another."""
    with running_city(postgresql_url) as city:
        yield _settle_in(city)


def _settle_in(city: City) -> City:
    open_offices(city)
    agree(city)
    agree(city, NANJING)
    return city
