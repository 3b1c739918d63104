"""The command line: `shangding COMMAND`. Each command says what it does with --help."""

import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click
from typing_extensions import override

from backend.demo.workplace import DemoError
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.signed_claims import KeySetError
from backend.population.faults import CityFilesError
from backend.settings import SettingsError
from backend.storage.database import StorageUnavailableError
from scoring.documents import DocumentError
from scoring.rulebook import NoRulebookError

# What a person at the prompt can mend: said in one piece, without a stack.
MENDABLE = (
    SettingsError,
    DocumentError,
    KeySetError,
    KeySetUnreachableError,
    StorageUnavailableError,
    DemoError,
    CityFilesError,
    NoRulebookError,
    OSError,
)

# The module of each command; where it has another name than the command, the name of what it defines.
_PLACES = {
    "demo": "demo",
    "sandbox": "sandbox",
    "cities": "cities",
    "serve": "serving",
    "work": "working",
    "migrate": "database",
    "rulebook": "rulebooks",
    "scenarios": "scenarios",
    "token": "tokens",
    "clients": "clients",
    "merchants": "merchants",
    "partners": "partners",
    "treaties": "treaties",
    "exchange": "exchange",
    "keys": "keys",
    "doubts": "doubts",
    "quarantine": "quarantine",
    "files": "files",
    "purge": "purging",
    "proof": "proof",
    "statements": "statements",
    "quality": "quality",
    "reports": "reports",
    "population": "population",
    "impact": "impact",
    "governance": "governance",
    "rescore": "rescore",
    "openapi": "openapi",
}


class CommandsOnDemand(MutableMapping[str, click.Command]):
    """The commands by name, each loaded when it is asked for: what serves does not carry what draws and counts."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, click.Command] = {}

    @override
    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            self._loaded[name] = getattr(import_module(f"{__name__}.{self._places[name]}"), name)
        return self._loaded[name]

    @override
    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    @override
    def __delitem__(self, name: str) -> None:
        self._places.pop(name, None)
        self._loaded.pop(name, None)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._places | self._loaded)

    @override
    def __len__(self) -> int:
        return len(self._places | self._loaded)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    commands=CommandsOnDemand(_PLACES),
)
@click.version_option(package_name="shangding")
def commands() -> None:
    """Shangding: the backend of a city's personal credit score."""


def main() -> None:
    """Run a command; what is wrong with settings, files or the database is said without a stack.

    Exit code 2, as for wrong usage; 1 where the files of the city are not as they must be.
    """
    try:
        commands()
    except MENDABLE as fault:
        click.echo(f"shangding: {fault}", err=True)
        sys.exit(1 if isinstance(fault, CityFilesError) else 2)
