"""`shangding population`: the files of a city, for whatever goes over everybody."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from backend.cli.database import opened_database
from backend.cli.inventing import invent
from backend.cli.starting import opened_context
from backend.population.city_files import PARTS, Kind, open_city_files, reading_files
from backend.population.compacting import compact_files
from backend.population.comparing import compare_with_ledger
from backend.population.exporting import ExportCounts, export_city
from backend.population.manifest import NAME
from backend.population.verifying import verify_files
from backend.settings import read_settings

MANY_FILES = 8
folder_argument = click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False), envvar="SHANGDING_CITY_FILES"
)


@click.group()
def population() -> None:
    """Look after the files of a city: records, later words and accounts of everybody in columns."""


@population.command()
@folder_argument
@click.option(
    "--parts",
    type=click.IntRange(1, PARTS),
    help=f"Into how many parts the first export divides the city; {PARTS} unless given. A small city needs few.",
)
def export(folder: Path | None, *, parts: int | None) -> None:
    """Bring the files in FOLDER (SHANGDING_CITY_FILES) up to date with the ledger, and make them the first time.

    Meant for each night, and while the service runs; what was killed is finished by the next one. The files hold
    pseudonymous personal data: they can be read by the user who runs this, and by nobody else.
    """
    place = _require(folder)
    files = open_city_files(place) if (place / NAME).exists() else None  # the export looks whether it may
    known = None if files is None else files.count_rows(Kind.SUBJECTS)
    with opened_context(read_settings(os.environ)) as context, _progress("persons", known) as tell:

        def watch(counts: ExportCounts) -> None:
            tell(counts.looked_at, max(known, counts.looked_at) if known else None)

        counts = export_city(
            context.database,
            place,
            city=context.settings.city,
            sealer=context.sealer,
            now=context.clock.now(),
            parts=parts or (PARTS if files is None else files.parts),
            watch=watch,
        )
    click.echo(f"{counts.looked_at:,} persons; {counts.subjects:,} with news, {counts.entries:,} entries written")


@population.command()
@folder_argument
@click.option("--database", "with_database", is_flag=True, help="Compare them with the ledger too, row by row.")
def verify(folder: Path | None, *, with_database: bool) -> None:
    """Check the files in FOLDER (SHANGDING_CITY_FILES); exit code 1 with each fault by its place.

    Each file must be as the manifest says, and the numbers of each ledger must be there without a gap and once.
    """
    place = _require(folder)
    news = 0
    with reading_files(place, are_checked=False) as files:
        with _progress("parts", files.parts) as tell:
            faults = verify_files(files, watch=tell)
        if with_database and not faults:
            with opened_database() as database, _progress("parts", files.parts) as tell:
                faults, news = compare_with_ledger(files, database, watch=tell)
        counts = ", ".join(f"{files.count_rows(kind):,} {kind}" for kind in Kind)
        is_complete = files.is_complete
    for fault in faults:
        click.echo(f"{fault.place}: {fault.what}", err=True)
    if not is_complete:
        click.echo("an export is under way or was broken off; `shangding population export` finishes it", err=True)
    click.echo(f"{counts}; {len(faults)} faults" + (f"; {news:,} persons have news" if with_database else ""))
    if faults or not is_complete:
        sys.exit(1)


@population.command()
@folder_argument
@click.option(
    "--at-least", type=click.IntRange(2), default=MANY_FILES, show_default=True, help="Leave fewer files as they are."
)
def compact(folder: Path | None, *, at_least: int) -> None:
    """Make one file of the many that exports leave in each part of FOLDER (SHANGDING_CITY_FILES)."""
    with _progress("parts", None) as tell:
        done = compact_files(_require(folder), at_least=at_least, watch=tell)
    click.echo(f"{done} parts have one file now")


def _require(folder: Path | None) -> Path:
    if folder is None:
        raise click.UsageError("give FOLDER, or set SHANGDING_CITY_FILES")
    return folder


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar on standard error; what is given is told how many are done, of how many."""
    columns = (TextColumn(what), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)

        def tell(done: int, of: int | None) -> None:
            progress.update(task, completed=done, total=of)

        yield tell


population.add_command(invent)
