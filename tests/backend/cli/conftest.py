from pathlib import Path

import pytest

from tests.backend.cli.prompt import install


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    """The settings of a new installation, migrated already, once on each engine."""
    return install(tmp_path / "keys", database_url)
