"""The command line as somebody at a prompt uses it, with settings and nothing else in the environment."""

import os
from pathlib import Path

from click.testing import CliRunner, Result

from backend.cli import commands

PUBLIC_URL = "https://credit.example"


def run(arguments: list[str], environment: dict[str, str]) -> Result:
    """Run a command with the settings of `environment` alone."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if name.startswith("SHANGDING_")}
    return CliRunner().invoke(commands, arguments, env=cleared | environment)


def install(folder: Path, database_url: str) -> dict[str, str]:
    """Make keys in `folder`, and give the settings of a new installation over the database at `database_url`."""
    assert run(["keys", "new", str(folder)], {}).exit_code == 0
    made = dict(line.split("=", 1) for line in (folder / "shangding.env").read_text().splitlines())
    return made | {
        "SHANGDING_DATABASE_URL": database_url,
        "SHANGDING_IDENTITY_ISSUER": "https://identity.example",
        "SHANGDING_IDENTITY_JWKS_URL": "https://identity.example/jwks.json",
        "SHANGDING_PUBLIC_URL": PUBLIC_URL,
    }
