"""`shangding keys`: the secrets that a new installation needs."""

import os
from pathlib import Path

import click

from backend.clock import SystemClock
from backend.gateways.key_making import make_secret_key, make_signing_keys


@click.group()
def keys() -> None:
    """Make the keys of an installation."""


@keys.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def new(directory: Path) -> None:
    """Make all keys of a new installation in DIRECTORY, readable by you alone; never over existing ones.

    The directory then holds the signing keys and a file of settings to complete and to load into the environment.
    """
    now = SystemClock().now()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing, settings = directory / "token-keys.jwks.json", directory / "shangding.env"
    for path in (signing, settings):
        if path.exists():
            raise FileExistsError(f"{path} exists; keys are never made over others: name another directory")
    _write_new(signing, make_signing_keys(now))
    lines = [
        f"SHANGDING_TOKEN_KEYS={signing.resolve()}",
        f"SHANGDING_PSEUDONYM_KEYS={make_secret_key(now)}",
        f"SHANGDING_SEALING_KEYS={make_secret_key(now)}",
    ]
    _write_new(settings, "\n".join(lines) + "\n")
    click.echo(f"{signing}\n{settings}\nKeep a sealed copy: without these keys nobody's identity can be read again.")


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet, readable by its owner alone; FileExistsError otherwise."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
