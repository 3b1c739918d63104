"""`shangding reports`: figures of the city as tables, and as pictures in a folder."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from backend.cli.database import opened_database, read_published
from backend.clock import SystemClock, today
from backend.gateways.pictures import NoFontError, write_png, write_svg
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.working_days import read_published_calendar
from backend.grants.grant import GrantState
from backend.population.city_files import reading_files
from backend.population.origin import check_origin
from backend.reports.bands import list_bands
from backend.reports.benefit_figures import measure_benefits
from backend.reports.city_count import count_city
from backend.reports.city_report import Audience, CityPeople, find_last_month, read_office_figures, read_people
from backend.reports.counting import keep_figures
from backend.reports.counts import Span
from backend.reports.departments import compare_departments
from backend.reports.descriptions import name_department
from backend.reports.distribution import Drift
from backend.reports.drawing import Names, draw_office_figures, draw_people
from backend.reports.figure_descriptions import name_reason, name_scenario
from backend.reports.figures import Share
from backend.reports.kept_pictures import draw_latest
from backend.reports.periods import LONGEST_DAYS, find_period_refusal
from backend.reports.quality import measure_quality
from backend.reports.refusals import find_month_refusal, measure_refusals
from backend.storage.database import Database
from backend.web.messages import Language, get_message, write_yuan
from scoring.days import ONE_DAY
from scoring.rulebook import Rulebook

USUAL_DAYS = 30
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_FOLDER = click.Path(file_okay=False, path_type=Path)
_MONTH = click.DateTime(formats=["%Y-%m"])
_since = click.option("--from", "since", type=_DAY, help="First day; 30 days before the last unless given.")
_until = click.option("--to", "until", type=_DAY, help="Last day, both included; yesterday unless given.")
_public = click.option("--public", is_flag=True, help="As the public may know it: no small groups.")


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


@click.group()
def reports() -> None:
    """Show figures of the city: who is where, what was given, what was refused, how departments do."""


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
        check_origin(files, desk.database)
        now, rules = desk.now, desk.rules
        day = today(now)
        rulebook = rules.rulebook_on(day)
        with Progress(TextColumn("parts"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task("count", total=files.parts)
            cells = count_city(
                files, rulebook, day, scratch=scratch, progress=lambda done, _: bar.update(task, completed=done)
            )
        is_new = keep_figures(desk.database, [cells], day=day, rulebook=rulebook, known_at=files.known_at, now=now)
        click.echo(f"{day}: {'counted' if is_new else 'was counted before; those figures stay'}")
        draw_counted(desk.database, rules, desk.benefits)


def draw_counted(database: Database, rules: CityRules, benefits: CityBenefits) -> None:
    """Draw the figures of the day that was counted last; without a Chinese font that is said, and they stand."""
    names = Names(rules, benefits, Language.CHINESE)
    try:
        drawn = draw_latest(database, names, calendar=read_published_calendar())
    except NoFontError as fault:
        click.echo(f"nothing was drawn: {fault}", err=True)
    else:
        click.echo(f"{drawn} pictures drawn")


@reports.command("scores")
@click.option("--day", type=_DAY, help="The last counted day until this one; the last of all unless given.")
@click.option("--since", type=_DAY, help="Compare with the last one until this; 30 days before.")
@_public
def show_scores(day: datetime | None, since: datetime | None, *, public: bool) -> None:
    """Show levels, bands of points, dimensions, and how far they have drifted (PSI)."""
    with _opened_desk() as desk:
        with desk.database.reading() as session:
            people = read_people(session, _choose(public=public), day=_take_day(day), since_on=_take_day(since))
        if people is None:
            raise click.ClickException("no day was counted until then; see `shangding reports count`")
        rulebook = desk.rules.rulebook_on(people.day)
    _show_people(people, rulebook)


@reports.command("benefits")
@_since
@_until
def show_benefits(since: datetime | None, until: datetime | None) -> None:
    """Show what was given of each scenario, how it stands now, and the amounts in yuan; visitors apart."""
    with _opened_desk() as desk:
        span = _take_span(since, until, today(desk.now))
        catalogue = desk.benefits.catalogue_on(span.last_on)
        with desk.database.reading() as session:
            found = measure_benefits(session, span.first_on, span.last_on)
    heads = ("scenario", "whose", "people", "grants", *GrantState, "agreed", "held", "final")
    _print(
        f"given {span.first_on} to {span.last_on}",
        heads,
        (
            (
                *(name_scenario(each.scenario, catalogue, Language.CHINESE), each.whose, each.people, each.granted),
                *(each.states[state] for state in GrantState),
                *(write_yuan(fen) for fen in (each.agreed_fen, each.held_fen, each.final_fen)),
            )
            for each in found
        ),
    )


@reports.command("refusals")
@click.option("--month", type=_MONTH, help="A month that is over, such as 2026-10; the last one unless given.")
def show_refusals(month: datetime | None) -> None:
    """Show why merchants' questions came to nothing; in whole twenties, small groups stay untold."""
    with _opened_desk() as desk:
        day = today(desk.now)
        wanted = find_last_month(day) if month is None else month.date()
        if find_month_refusal(wanted, today=day) is not None:
            raise click.BadParameter(f"{wanted:%Y-%m} is not over; give a month that is")
        catalogue = desk.benefits.catalogue_on(wanted)
        with desk.database.reading() as session:
            found = measure_refusals(session, wanted)
    rows = (
        (
            name_scenario(each.scenario, catalogue, Language.CHINESE),
            name_reason(why, Language.CHINESE),
            get_message("picture.untold", Language.CHINESE) if people is None else people,
        )
        for each in found
        for why, people in each.reasons
    )
    _print(f"{wanted:%Y-%m}", ("scenario", "reason", "people"), rows)


@reports.command("departments")
@_since
@_until
def show_departments(since: datetime | None, until: datetime | None) -> None:
    """Show departments side by side; rates of fewer than 20 rows stay untold."""
    with _opened_desk() as desk:
        day = today(desk.now)
        span, rules = _take_span(since, until, day), desk.rules
        with desk.database.reading() as session:
            quality = measure_quality(session, span, rules=rules, calendar=read_published_calendar(), today=day)
        catalogue = rules.catalogue_on(day)
    rates = ("timely", "checked", "refused", "quarantined", "corrected", "withdrawn")
    rows = (
        (
            name_department(each.department, catalogue, Language.CHINESE),
            "-" if each.handed_in is None else each.handed_in,
            *(_write_share(getattr(each, rate)) for rate in rates),
        )
        for each in compare_departments(quality)
    )
    _print(f"received {span.first_on} to {span.last_on}", ("department", "rows", *rates), rows)


@reports.command("draw")
@click.argument("folder", type=_FOLDER)
@click.option("--png", is_flag=True, help="PNG instead of SVG.")
@click.option("--english", is_flag=True, help="English words instead of Chinese ones.")
@_public
def draw(folder: Path, *, png: bool, english: bool, public: bool) -> None:
    """Draw the latest figures into FOLDER, one picture a file; what there is nothing of is left out."""
    with _opened_desk() as desk:
        language = Language.ENGLISH if english else Language.CHINESE
        names = Names(desk.rules, desk.benefits, language)
        yesterday = today(desk.now) - ONE_DAY
        pictures = _draw(desk.database, names, _choose(public=public), yesterday)
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, figure in pictures:
        path = folder / f"{name}.{'png' if png else 'svg'}"
        path.write_bytes(write_png(figure) if png else write_svg(figure, name=name, said=title).encode("utf-8"))
        click.echo(str(path))


def _draw(database: Database, names: Names, audience: Audience, yesterday: date) -> list[tuple[str, str, Figure]]:
    with database.reading() as session:
        people = read_people(session, audience)
        day = yesterday if people is None else people.day
        office = None
        if audience is Audience.OPERATORS:
            office = read_office_figures(session, day, rules=names.rules, calendar=read_published_calendar())
    figures = [] if people is None else [*draw_people(people, names, audience)]
    figures += [] if office is None else [*draw_office_figures(office, day, names)]
    said = {name: get_message(f"picture.said.{name}", names.language, day=day.isoformat()) for name, _ in figures}
    return [(name.value, said[name], figure) for name, figure in figures]


def _show_people(people: CityPeople, rulebook: Rulebook) -> None:
    found, head = people.now, f"{people.day}, {people.now.people} people"
    if found.rounded_to > 1:
        head += f", rounded down to whole {found.rounded_to}"
    levels = ((level.name, _write_people(found.levels.get(level.code), found.rounded_to)) for level in rulebook.levels)
    _print(head, ("level", "people"), levels)
    bands = reversed(list_bands(rulebook))
    points = (
        (f"{band.first} to {band.last}", _write_people(found.points.get(band.first), found.rounded_to))
        for band in bands
    )
    _print(head, ("points", "people"), points)
    drifts = people.drifts
    if drifts is None:
        click.echo("no earlier day was counted to compare with")
        return
    named = {dimension.code: dimension.name for dimension in rulebook.dimensions}
    rows = {"levels": drifts.levels, "points": drifts.points}
    rows |= {named.get(code, code): drift for code, drift in drifts.dimensions.items()}
    drifted = ((name, *_write_drift(drift)) for name, drift in rows.items())
    _print(f"drift since {drifts.since_on}", ("of", "PSI", "reading"), drifted)


def _write_drift(drift: Drift) -> tuple[str, str]:
    if drift.psi is None or drift.reading is None:
        return "-", "-"
    return f"{drift.psi:.4f}", drift.reading.value


def _write_people(people: int | None, rounded_to: int) -> str:
    if people is None:
        return "0" if rounded_to == 1 else get_message("picture.untold", Language.CHINESE)
    return str(people)


def _write_share(share: Share | None) -> str:
    return "-" if share is None or share.permille is None else f"{share.permille / 10:.1f}% of {share.whole}"


def _print(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=head != heads[0])
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _choose(*, public: bool) -> Audience:
    return Audience.PUBLIC if public else Audience.OPERATORS


def _take_day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _take_span(since: datetime | None, until: datetime | None, day: date) -> Span:
    last_on = day - ONE_DAY if until is None else until.date()
    first_on = last_on - timedelta(days=USUAL_DAYS - 1) if since is None else since.date()
    span = Span(first_on=first_on, last_on=last_on)
    if find_period_refusal(span, last=day) is not None:
        raise click.BadParameter(
            f"{first_on} to {last_on}: must not end before it begins, nor after today, nor have more than"
            f" {LONGEST_DAYS} days"
        )
    return span
