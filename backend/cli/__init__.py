"""The command line: `shangding COMMAND`. Each command says what it does with --help."""

import sys

import click

from backend.cli.cities import cities
from backend.cli.clients import clients
from backend.cli.database import migrate
from backend.cli.demo import demo
from backend.cli.doubts import doubts
from backend.cli.exchange import exchange
from backend.cli.files import files
from backend.cli.governance import governance
from backend.cli.impact import impact
from backend.cli.keys import keys
from backend.cli.merchants import merchants
from backend.cli.openapi import openapi
from backend.cli.partners import partners
from backend.cli.population import population
from backend.cli.proof import proof
from backend.cli.purging import purge
from backend.cli.quality import quality
from backend.cli.quarantine import quarantine
from backend.cli.reports import reports
from backend.cli.rescore import rescore
from backend.cli.rulebooks import rulebook
from backend.cli.sandbox import sandbox
from backend.cli.scenarios import scenarios
from backend.cli.serving import serve
from backend.cli.statements import statements
from backend.cli.tokens import token
from backend.cli.treaties import treaties
from backend.cli.working import work
from backend.demo.workplace import DemoError
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.signed_claims import KeySetError
from backend.population.city_files import CityFilesError
from backend.settings import SettingsError
from backend.storage.database import StorageUnavailableError
from scoring.documents import DocumentError

# What a person at the prompt can mend: said in one piece, without a stack.
MENDABLE = (
    SettingsError,
    DocumentError,
    KeySetError,
    KeySetUnreachableError,
    StorageUnavailableError,
    DemoError,
    CityFilesError,
    OSError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shangding")
def commands() -> None:
    """Shangding: the backend of a city's personal credit score."""


for command in (
    demo,
    sandbox,
    cities,
    serve,
    work,
    migrate,
    rulebook,
    scenarios,
    token,
    clients,
    merchants,
    partners,
    treaties,
    exchange,
    keys,
    doubts,
    quarantine,
    files,
    purge,
    proof,
    statements,
    quality,
    reports,
    population,
    impact,
    governance,
    rescore,
    openapi,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; what is wrong with settings, files or the database is said without a stack, exit code 2."""
    try:
        commands()
    except MENDABLE as fault:
        click.echo(f"shangding: {fault}", err=True)
        sys.exit(2)
