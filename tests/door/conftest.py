import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.door import examples
from tests.door.door import Door, running_door
from tests.door.sabotage import plant_note, running_sabotage


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Thousands of calls need no line each; a test of the log sets up its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def door(sqlite_url: str) -> Iterator[Door]:
    """The whole application on SQLite."""
    with running_door(sqlite_url) as door:
        yield door


@pytest.fixture
def both_doors(database_url: str) -> Iterator[Door]:
    """The same, once on each engine."""
    with running_door(database_url) as door:
        yield door


@pytest.fixture
def sabotaged(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The application with one room in which each operation has a planted defect."""
    monkeypatch.setitem(
        examples.VARIABLES, "planted_note_id", lambda making: plant_note(making.door, making.side.subject_id)
    )
    with running_sabotage(sqlite_url) as door:
        yield door
