"""`shangding reports`: figures of the city as tables, and as pictures in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from backend.cli import CommandsOnDemand
from backend.cli.database import opened_database, read_published
from backend.cli.report_tables import show_given, show_people, show_public_benefits, show_rates, show_reasons
from backend.clock import SystemClock, today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.working_days import read_published_calendar
from backend.population.city_files import reading_files
from backend.population.files_of_day import check_files
from backend.population.origin import check_origin
from backend.reports.benefit_figures import measure_benefits
from backend.reports.city_count import count_city
from backend.reports.city_report import Audience, CityPeople, read_people
from backend.reports.counting import keep_figures
from backend.reports.counts import Span
from backend.reports.departments import compare_departments
from backend.reports.periods import LONGEST_DAYS, choose_month, choose_span, find_period_refusal
from backend.reports.quality import measure_quality
from backend.reports.refusals import find_month_refusal, measure_refusals
from backend.storage.database import Database

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_FOLDER = click.Path(file_okay=False, path_type=Path)
_MONTH = click.DateTime(formats=["%Y-%m"])
_since = click.option("--from", "since", type=_DAY, help="First day; 30 days before the last unless given.")
_until = click.option("--to", "until", type=_DAY, help="Last day, both included; yesterday unless given.")
_public = click.option("--public", is_flag=True, help="As the public may know it: lower bounds in whole twenties.")


class _Desk(NamedTuple):
    database: Database
    rules: CityRules
    benefits: CityBenefits
    now: datetime


@contextmanager
def _opened_desk() -> Iterator[_Desk]:
    published = read_published()
    with opened_database() as database:
        yield _Desk(database, published.rules, published.benefits, SystemClock().now())


@click.group(commands=CommandsOnDemand({"draw": "drawing"}))
def reports() -> None:
    """Show figures of the city: who is where, what was given, what was refused, how departments do.

    Counts of people are in whole tens, and nothing is told of 1 to 19 people. Where no days are named, they are the 30
    until yesterday, the last month that is over, or the day that was counted last: as over HTTP and in pictures.
    """


@reports.command("count")
@click.argument("folder", required=False, type=_FOLDER, envvar="SHANGDING_CITY_FILES")
@click.option("--scratch", type=_FOLDER, help="For what does not fit into memory; the system's folder unless given.")
def count(folder: Path | None, scratch: Path | None) -> None:
    """Count who is where today over the files of the city in FOLDER (SHANGDING_CITY_FILES), once a day, and draw it.

    Meant for each night, after `shangding population export`. What was counted for the day stays.
    """
    if folder is None:
        raise click.UsageError("name the folder of the city's files, or set SHANGDING_CITY_FILES")
    with _opened_desk() as desk, reading_files(folder) as files:
        now, rules = desk.now, desk.rules
        day = today(now)
        rulebook = rules.rulebook_on(day)
        check_files(files, city=rulebook.city, day=day)
        check_origin(files, desk.database)
        with Progress(TextColumn("parts"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task("count", total=files.parts)
            cells = count_city(
                files, rulebook, day, scratch=scratch, progress=lambda done, _: bar.update(task, completed=done)
            )
        is_new = keep_figures(desk.database, [cells], day=day, rulebook=rulebook, known_at=files.known_at, now=now)
        click.echo(f"{day}: {'counted' if is_new else 'was counted before; those figures stay'}")
        draw_counted(desk.database, rules, desk.benefits)


def draw_counted(database: Database, rules: CityRules, benefits: CityBenefits) -> None:
    """Draw the figures of the day that was counted last; what draws is loaded now, and not by those who only read."""
    import_module("backend.cli.drawing").draw_counted(database, rules, benefits)


@reports.command("scores")
@click.option("--day", type=_DAY, help="The last counted day until this one; the last of all unless given.")
@click.option("--since", type=_DAY, help="Compare with the last one until this; 30 days before.")
@_public
def show_scores(day: datetime | None, since: datetime | None, *, public: bool) -> None:
    """Show levels, bands of points, dimensions, and how far they have drifted (PSI)."""
    with _opened_desk() as desk:
        with desk.database.reading() as session:
            audience = Audience.PUBLIC if public else Audience.OPERATORS
            people = _take_people(read_people(session, audience, day=_take_day(day), since_on=_take_day(since)))
        rulebook = desk.rules.rulebook_on(people.day)
    show_people(people, rulebook)


@reports.command("benefits")
@_since
@_until
@_public
def show_benefits(since: datetime | None, until: datetime | None, *, public: bool) -> None:
    """Show what was given of each scenario, how it stands now, and the amounts in yuan; visitors apart.

    With --public the people who have had each until the day that was counted last, by how their latest one stands.
    """
    with _opened_desk() as desk:
        if public:
            if since is not None or until is not None:
                raise click.UsageError("the public reads of the day that was counted last; leave --from and --to out")
            with desk.database.reading() as session:
                people = _take_people(read_people(session, Audience.PUBLIC))
            show_public_benefits(people, desk.benefits.catalogue_on(people.day))
            return
        span = _take_span(since, until, today(desk.now))
        catalogue = desk.benefits.catalogue_on(span.last_on)
        with desk.database.reading() as session:
            found = measure_benefits(session, span.first_on, span.last_on)
    show_given(found, span, catalogue)


@reports.command("refusals")
@click.option("--month", type=_MONTH, help="A month that is over, such as 2026-10; the last one unless given.")
def show_refusals(month: datetime | None) -> None:
    """Show why merchants' questions came to nothing, in whole tens."""
    with _opened_desk() as desk:
        day = today(desk.now)
        wanted = choose_month(_take_day(month), today=day)
        if find_month_refusal(wanted.last_on, today=day) is not None:
            raise click.BadParameter(f"{wanted.first_on:%Y-%m} is not over; give a month that is")
        catalogue = desk.benefits.catalogue_on(wanted.last_on)
        with desk.database.reading() as session:
            found = measure_refusals(session, wanted.last_on)
    show_reasons(found, wanted, catalogue)


@reports.command("departments")
@_since
@_until
def show_departments(since: datetime | None, until: datetime | None) -> None:
    """Show departments side by side; nothing is told of fewer than 20 rows."""
    with _opened_desk() as desk:
        day = today(desk.now)
        span, rules = _take_span(since, until, day), desk.rules
        with desk.database.reading() as session:
            quality = measure_quality(session, span, rules=rules, calendar=read_published_calendar(), today=day)
        catalogue = rules.catalogue_on(day)
    show_rates(compare_departments(quality), span, catalogue)


def _take_people(found: CityPeople | None) -> CityPeople:
    if found is None:
        raise click.ClickException("no day was counted until then; see `shangding reports count`")
    return found


def _take_day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _take_span(since: datetime | None, until: datetime | None, day: date) -> Span:
    span = choose_span(_take_day(since), _take_day(until), today=day)
    if find_period_refusal(span, last=day) is not None:
        raise click.BadParameter(
            f"{span.first_on} to {span.last_on}: must not end before it begins, nor after today, nor have more than"
            f" {LONGEST_DAYS} days"
        )
    return span
