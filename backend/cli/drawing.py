"""The figures of the city as pictures at the prompt; a module of its own, because what draws takes a second to load."""

from datetime import date
from pathlib import Path

import click

from backend.cli.database import opened_database, read_published
from backend.cli.placing import check_place, place_content
from backend.clock import SystemClock, today
from backend.gateways.pictures import NoFontError, write_png, write_svg
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.working_days import read_published_calendar
from backend.reports.city_report import Audience, read_office_figures, read_people
from backend.reports.drawing import Drawn, Names, draw_office_figures, draw_people
from backend.reports.kept_pictures import draw_latest
from backend.storage.database import Database
from backend.web.messages import Language

_READERS = {Audience.PUBLIC: "for everybody", Audience.OPERATORS: "for officers"}


def draw_counted(database: Database, rules: CityRules, benefits: CityBenefits) -> None:
    """Draw the figures of the day that was counted last; without a Chinese font that is said, and they stand."""
    names = Names(rules, benefits, Language.CHINESE)
    try:
        drawn = draw_latest(database, names, calendar=read_published_calendar())
    except NoFontError as fault:
        click.echo(f"nothing was drawn: {fault}", err=True)
        return
    if drawn is None:
        click.echo("the pictures of that day are drawn already")
        return
    click.echo("drawn for the API, each in Chinese and English:")
    for audience, pictures in drawn.items():
        click.echo(f"  {len(pictures)} {_READERS[audience]}: {', '.join(pictures)}")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--png", is_flag=True, help="PNG instead of SVG.")
@click.option("--english", is_flag=True, help="English words instead of Chinese ones.")
@click.option("--public", is_flag=True, help="Those for everybody, of lower bounds, instead of those for officers.")
def draw(folder: Path, *, png: bool, english: bool, public: bool) -> None:
    """Draw the latest figures into FOLDER, for officers or for everybody, in one language, one picture a file.

    What there is nothing of is left out. What the API serves is drawn by `shangding reports count`.
    """
    published, day = read_published(), today(SystemClock().now())
    names = Names(published.rules, published.benefits, Language.ENGLISH if english else Language.CHINESE)
    audience = Audience.PUBLIC if public else Audience.OPERATORS
    folder.mkdir(parents=True, exist_ok=True)
    check_place(folder / "x")  # before it is drawn, which takes its time
    with opened_database() as database:
        pictures = _draw(database, names, audience, day)
    if not pictures:
        raise click.ClickException("there is nothing to draw: no day was counted; see `shangding reports count`")
    for name, said, figure in pictures:
        path = folder / f"{name}.{'png' if png else 'svg'}"
        place_content(path, write_png(figure) if png else write_svg(figure, name=name, said=said).encode("utf-8"))
        click.echo(str(path))
    count, language = len(pictures), "English" if english else "Chinese"
    click.echo(f"{count} drawn {_READERS[audience]}, in {language}; what the API serves stays as it is", err=True)


def _draw(database: Database, names: Names, audience: Audience, day: date) -> list[Drawn]:
    with database.reading() as session:
        people = read_people(session, audience)
        office = None
        if audience is Audience.OPERATORS:
            office = read_office_figures(session, day, rules=names.rules, calendar=read_published_calendar())
    figures = [] if people is None else [*draw_people(people, names, audience)]
    return figures if office is None else [*figures, *draw_office_figures(office, names)]
