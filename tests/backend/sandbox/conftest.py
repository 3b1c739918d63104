from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.backend.city import NOON
from tests.backend.sandbox.sandboxes import Sandbox, copy_sandbox, opened_sandbox


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a sandbox on SQLite that was made and closed; to be copied."""
    directory = tmp_path_factory.mktemp("seeded") / "sandbox"
    with opened_sandbox(directory, at=NOON - timedelta(hours=1)):
        return directory


@pytest.fixture(scope="module")
def sandbox(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox for all tests of a module, which must not mind each other; it is noon meanwhile."""
    with opened_sandbox(copy_sandbox(seeded, tmp_path_factory.mktemp("copy") / "sandbox")) as sandbox:
        yield sandbox
