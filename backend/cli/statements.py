"""`shangding statements`: close the days of merchants that are over, and write one out."""

import shutil
import sys
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from backend.cli.database import opened_database
from backend.clock import SystemClock
from backend.statements.closing import close_all, open_statement
from backend.statements.writing import StatementForm
from backend.web.messages import Language, get_message
from backend.web.problems import Refusal

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def statements() -> None:
    """Daily statements of merchants."""


@statements.command("close")
def close() -> None:
    """Close every city day that is over, of every merchant. Harmless to repeat; meant for cron, after 00:15.

    Exit code 1 with each merchant whose days could not be closed; all others are.
    """
    with opened_database() as database:
        done = close_all(database, now=SystemClock().now())
    click.echo(f"closed {done.closed} statements")
    for merchant, fault in done.faults.items():
        # What a database says of its own accord may quote a row, and so a person.
        what = type(fault).__name__ if isinstance(fault, DBAPIError) else str(fault)
        click.echo(f"{merchant}: {what}", err=True)
    if done.faults:
        sys.exit(1)


@statements.command("show")
@click.argument("merchant")
@click.argument("day", type=_DAY)
@click.option("--form", type=click.Choice([form.value for form in StatementForm]), default=StatementForm.CSV.value)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file, instead of standard output.")
def show(merchant: str, day: datetime, form: str, out: Path | None) -> None:
    """Write the statement of MERCHANT for DAY (2026-11-22), as the merchant gets it."""
    with opened_database() as database:
        now = SystemClock().now()
        found = open_statement(database, merchant, day.date(), form=StatementForm(form), now=now)
    if isinstance(found, Refusal):
        raise click.ClickException(get_message(f"problem.{found.code}.detail", Language.ENGLISH, **found.values))
    with found.file:
        found.file.seek(0)
        if out is None:
            shutil.copyfileobj(found.file, sys.stdout.buffer)
        else:
            with out.open("wb") as target:
                shutil.copyfileobj(found.file, target)
    click.echo(f"SHA-256 of the file: {found.sha256.hex()}", err=True)
