from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.front import Front, Service, running_front, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, one for the tests of a module."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Front]:
    """The shipped front before the service."""
    with running_front(tmp_path_factory.mktemp("front") / "nginx", service.address) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet, for a front of the test's own."""
    return tmp_path / "nginx"
