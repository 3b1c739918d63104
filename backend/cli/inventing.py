"""`shangding population invent`: a whole invented city as files, as large as a real one."""

from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from backend.clock import SystemClock, today
from backend.demo.invented_city import (
    PUBLISHED_INDICATORS,
    PUBLISHED_PEOPLE,
    PUBLISHED_RECORDS,
    CitySize,
    invent_city,
)
from backend.demo.invented_contents import IndicatorsError
from backend.gateways.rulebook_files import read_city
from scoring.days import MONTHS_AHEAD, add_months


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--city", envvar="SHANGDING_CITY", default="zhengzhou", show_default=True, help="Whose rulebook counts the records."
)
@click.option("--people", type=click.IntRange(100), default=PUBLISHED_PEOPLE, show_default=True)
@click.option("--records", type=click.IntRange(0), default=PUBLISHED_RECORDS, show_default=True)
@click.option("--indicators", type=click.IntRange(1), default=PUBLISHED_INDICATORS, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same city.")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="What was known before this city day is in it; today unless given. Another day makes another city.",
)
def invent(
    folder: Path, city: str, people: int, records: int, indicators: int, seed: int, day: datetime | None
) -> None:
    """Write an invented city as files into FOLDER, which must be new or empty.

    As many people, records and indicators as Zhengzhou has published of itself, unless told otherwise: some minutes
    and 7 GB. Everybody in it is invented, and so is every record.
    """
    now = today(SystemClock().now())
    on: date = now if day is None else day.date()
    rules = read_city(city)
    first, last = rules.editions[0].effective_on, add_months(now, MONTHS_AHEAD)
    if not first <= on <= last:
        raise click.BadParameter(
            f"there are no rules for {on}; give a day from {first}, when the first of {city} take effect, to {last}",
            param_hint="--day",
        )
    rulebook = rules.rulebook_on(on)
    size = CitySize(day=on, people=people, records=records, indicators=indicators, seed=seed)
    console = Console()
    columns = (TextColumn("{task.completed:>13,} records"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=records)
        try:
            files = invent_city(folder, rulebook, size, progress=lambda made: progress.advance(task, made))
        except IndicatorsError as fault:
            raise click.BadParameter(str(fault), param_hint="--indicators") from None
    click.echo(f"{people:,} people, {records:,} records, {indicators:,} indicators; digest {files.digest}")
