"""`shangding rescore`: keep everybody's score of today, so that readers find it."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from backend.cli.reports import draw_counted
from backend.cli.starting import opened_context
from backend.clock import today
from backend.context import Context
from backend.population.checking import check_scores
from backend.population.city_files import reading_files
from backend.population.engine import Engine, open_engine
from backend.population.files_of_day import check_files
from backend.population.origin import check_origin
from backend.population.rescoring import Rescored, Watch, count_behind
from backend.population.rescoring import rescore as rescore_city
from backend.reports.counting import count_scores, keep_figures
from backend.reports.figure_tables import Cell
from backend.settings import read_settings
from scoring.rulebook import Rulebook

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", required=False, type=_FOLDER, envvar="SHANGDING_CITY_FILES")
@click.option("--dry-run", is_flag=True, help="Only tell how many would be refreshed.")
@click.option("--check", type=click.IntRange(1), help="Only compare the kept scores of so many people with the ledger.")
@click.option("--count", is_flag=True, help="Keep the figures of the day too: all are computed at that anyway.")
@click.option("--scratch", type=_FOLDER, help="For what does not fit into memory; the system's folder unless given.")
def rescore(folder: Path | None, *, dry_run: bool, check: int | None, count: bool, scratch: Path | None) -> None:
    """Refresh kept scores from the files of the city in FOLDER (SHANGDING_CITY_FILES); nobody waits for it.

    Only of those whose score is missing, or does not hold today: facts, account, rules or the day have changed. Meant
    for each night, after `shangding population export`, and harmless to repeat; what was killed goes on where it was.
    Who has changed since the export is left to the next reading, which computes. It is always today that is computed:
    of another day no score is kept. With --check, exit code 1 with each person whose kept score differs.
    """
    if folder is None:
        raise click.UsageError("give FOLDER, or set SHANGDING_CITY_FILES")
    with opened_context(read_settings(os.environ)) as context, reading_files(folder) as files:
        day = today(context.clock.now())
        check_files(files, city=context.settings.city, day=day if count else None)
        rulebook = context.rules.rulebook_on(day)
        with open_engine(files, rulebook.catalogue, scratch=scratch) as engine:
            if check is not None:
                _check(context, engine, check)
            elif dry_run:
                found = count_behind(context.database, engine, rulebook, now=context.clock.now())
                click.echo(f"{found.people:,} people; {found.left:,} would be refreshed")
            else:
                _rescore(context, engine, rulebook, counts=count)


def _rescore(context: Context, engine: Engine, rulebook: Rulebook, *, counts: bool) -> None:
    now, cells = context.clock.now(), Counter[Cell]()
    with _progress() as watch:
        done = rescore_city(
            context.database,
            engine,
            rulebook,
            now=now,
            on_parts=(lambda known, scores: cells.update(count_scores(known, scores, rulebook))) if counts else None,
            watch=watch,
        )
    click.echo(
        f"{done.people:,} people; {done.written:,} refreshed; {done.left:,} held by somebody else or changed meanwhile;"
        f" {done.passed_over:,} whose score holds, or of whom the database knows more than the files"
    )
    if counts:
        known_at, day = engine.files.known_at, today(now)
        is_new = keep_figures(context.database, [cells], day=day, rulebook=rulebook, known_at=known_at, now=now)
        click.echo(f"{day}: {'counted' if is_new else 'was counted before; those figures stay'}")
        draw_counted(context.database, context.rules, context.benefits)


def _check(context: Context, engine: Engine, number: int) -> None:
    check_origin(engine.files, context.database)
    found = check_scores(
        context.database, engine, number, rules=context.rules, sealer=context.sealer, now=context.clock.now()
    )
    for each in found.differences:
        click.echo(f"{each.subject_id}: {', '.join(each.names)} not as evaluated from the ledger", err=True)
    differ = len(found.differences)
    agree = found.people - found.without - differ
    click.echo(
        f"{found.people:,} looked at; {agree:,} agree, {differ:,} differ, {found.without:,} have none that holds"
    )
    if found.differences:
        sys.exit(1)


@contextmanager
def _progress() -> Iterator[Watch]:
    """Show a bar on standard error, of people for whom nothing is to be done any more."""
    columns = (TextColumn("people"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def watch(state: Rescored) -> None:
            progress.update(task, completed=state.done, total=state.people)

        yield watch
