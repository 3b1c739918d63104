from collections.abc import Iterator

import pytest

from tests.backend.web.probe import PROBE_TABLES, Probe, make_probe, make_test_context


@pytest.fixture
def probe(sqlite_url: str) -> Iterator[Probe]:
    """The probe application on SQLite."""
    made = make_probe(make_test_context(sqlite_url))
    yield made
    made.context.database.dispose()


@pytest.fixture
def probe_on_both(database_url: str) -> Iterator[Probe]:
    """The probe application, once on each engine."""
    made = make_probe(make_test_context(database_url))
    yield made
    PROBE_TABLES.drop_all(made.context.database.engine)
    made.context.database.dispose()
