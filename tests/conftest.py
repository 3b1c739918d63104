"""What every test may ask for: databases on both engines, a Redis, and the hypothesis profiles.

With xdist the first process starts the servers and hands their addresses to the workers, because the one
that starts a server is the one that must stop it. Without xdist a server starts when a test first asks.
"""

import logging
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.databases import copy_sqlite_template, said_to_be_migrated
from tests.kept_databases import KeptDatabases
from tests.servers import fresh_postgres_database, running_postgres, running_redis

settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile(
    "quick", deadline=None, print_blob=True, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - its folders get names that nobody can guess
_POSTGRES, _REDIS = "postgres_url", "redis_url"
_servers = pytest.StashKey[ExitStack]()
_addresses = pytest.StashKey[dict[str, str]]()
_database_numbers = count(1)


class ServersForWorkers:
    """Starts the servers in the first process of a run with xdist, and passes their addresses on."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist ships no types for it
        config: pytest.Config = node.config
        if _addresses not in config.stash:
            stack = config.stash[_servers]
            config.stash[_addresses] = {
                _POSTGRES: stack.enter_context(running_postgres()),
                _REDIS: stack.enter_context(running_redis()),
            }
        node.workerinput.update(config.stash[_addresses])


def pytest_configure(config: pytest.Config) -> None:
    # Ended from outside, a run still has to stop its servers: take TERM as the INT that pytest knows.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.stash[_servers] = ExitStack()
    config.pluginmanager.register(ServersForWorkers())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that have a time limit of their own: started late, one of them is all that still runs."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_servers].close()


def _handed_down(config: pytest.Config, name: str) -> str | None:
    given: dict[str, str] = getattr(config, "workerinput", {})
    return given.get(name)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Take back how a test, or a command that it ran, has set up the logs of the process."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """libpq URL of the PostgreSQL server of this run; tests want `database_url`."""
    config = request.config
    return _handed_down(config, _POSTGRES) or config.stash[_servers].enter_context(running_postgres())


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """URL of the Redis of this run. It is shared: a test that writes takes keys of its own."""
    config = request.config
    return _handed_down(config, _REDIS) or config.stash[_servers].enter_context(running_redis())


@pytest.fixture
def sqlite_url() -> Iterator[str]:
    """SQLAlchemy URL of a SQLite file that does not exist yet, in memory where the machine has a disk for that.

    Our SQLite waits for the disk at every commit; on a real one that is most of the time of the suite.
    """
    disk = _MEMORY_DISK if os.access(_MEMORY_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="shangding-sqlite-", dir=disk) as folder:
        yield f"sqlite:///{folder}/test.sqlite"


@pytest.fixture
def empty_postgresql_url(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty PostgreSQL database, dropped after the test."""
    with fresh_postgres_database(postgres_url, f"test_{_name_process()}_{next(_database_numbers)}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """SQLAlchemy URL of a fresh empty database; the test runs once on each engine.

    For tests that need a database without our schema: on PostgreSQL it costs many times what `database_url` does.
    """
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "empty_postgresql_url")
    return url


@pytest.fixture(scope="session")
def kept_databases(postgres_url: str) -> Iterator[KeptDatabases]:
    """The databases that go from test to test of this process; tests want `database_url`."""
    kept = KeptDatabases(postgres_url, f"kept_{_name_process()}")
    yield kept
    kept.drop()


@pytest.fixture
def postgresql_url(kept_databases: KeptDatabases) -> Iterator[str]:
    """SQLAlchemy URL of a PostgreSQL database with the schema of the head and no rows."""
    with kept_databases.lend() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """SQLAlchemy URL of a database with the schema of the head and no rows; the test runs once on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    if request.param == "postgresql":
        yield url
        return
    copy_sqlite_template(url)
    with said_to_be_migrated(url):
        yield url


def _name_process() -> str:
    return f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{os.getpid()}"
