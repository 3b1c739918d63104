"""`shangding impact`: what a change of rules or scenarios would do to everybody, before it does it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from backend.cli.database import read_published
from backend.cli.impact_files import write_report
from backend.cli.impact_tables import show_impact
from backend.cli.placing import NewFile
from backend.clock import today
from backend.gateways.rulebook_files import CityRules, find_city_folder, read_document, read_rules
from backend.gateways.scenario_files import CityBenefits, list_edition_names, read_benefits
from backend.impact.figures import Impact
from backend.impact.measuring import ImpactError, measure_impact
from backend.population.city_files import CityFiles, reading_files
from backend.population.files_of_day import check_complete
from scenarios.catalogue import ScenarioCatalogue
from scenarios.scenario_document import read_scenarios
from scoring.catalogue_document import read_catalogue
from scoring.days import MONTHS_AHEAD, add_months
from scoring.rulebook import NoRulebookError, Rulebook
from scoring.rulebook_document import read_rulebook

_OUT = NewFile()
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("editions", nargs=-1, required=True, metavar="[OLD] NEW")
@click.option(
    "--files",
    "folder",
    required=True,
    envvar="SHANGDING_CITY_FILES",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the files of the city (SHANGDING_CITY_FILES).",
)
@click.option("--on", "as_of", type=_DAY, help="The city day that is measured; that of the files unless given.")
@click.option("--old-scenarios", help="A file, a folder (its latest) or a day; those in force unless given.")
@click.option("--new-scenarios", help="A file, a folder or a day; the old ones unless given.")
@click.option("--no-samples", is_flag=True, help="Leave the sample people out: for a report that is passed on.")
@click.option("--json", "json_path", type=_OUT, help="Write all figures to this file.")
@click.option("--html", "html_path", type=_OUT, help="Write the report to this file; it fetches nothing.")
@click.option("--pdf", "pdf_path", type=_OUT, help="Write the report as PDF to this file.")
def impact(
    editions: tuple[str, ...],
    folder: Path,
    as_of: datetime | None,
    old_scenarios: str | None,
    new_scenarios: str | None,
    *,
    no_samples: bool,
    **paths: Path | None,
) -> None:
    """Say what a change from the rulebook OLD to NEW would do to all people of a city.

    Each is a file rulebook-<day>.toml beside its catalogue, a folder (its latest edition) or a day (the edition in
    force then); OLD is the one in force on the day that is measured unless given. With the settings of a service in
    the environment its announced editions are known too, else those that ship.
    """
    before: str | None
    match editions:
        case (after,):
            before = None
        case (before, after):
            pass
        case _:
            raise click.UsageError("give one rulebook, the new one, or two, the old one first")
    with reading_files(folder) as files:
        check_complete(files)
        day = today(files.known_at) if as_of is None else as_of.date()
        shelf = _Shelf(files.city, day)
        old, new = shelf.find_rulebook(before), shelf.find_rulebook(after)
        _check_day(day, (old, new), files)
        old_offers = shelf.find_scenarios(old_scenarios, old)
        new_offers = shelf.find_scenarios(new_scenarios, new) if new_scenarios else old_offers
        with _progress() as tell:
            found = _measure(files, (old, new), (old_offers, new_offers), day, tell, with_samples=not no_samples)
    show_impact(Console(), found)
    write_report(found, **paths)


def _check_day(day: date, books: tuple[Rulebook, Rulebook], files: CityFiles) -> None:
    """Refuse a day of which rulebooks and files say nothing: before both, or so late that the files tell nothing."""
    first, last = min(book.effective_on for book in books), add_months(today(files.known_at), MONTHS_AHEAD)
    if not first <= day <= last:
        raise click.BadParameter(
            f"{day} is not within what the rulebooks and the files are about; give a day from {first}, when the first"
            f" of the two takes effect, to {last}, ten years after the files",
            param_hint="--on",
        )


def _measure(
    files: CityFiles,
    books: tuple[Rulebook, Rulebook],
    offers: tuple[ScenarioCatalogue | None, ScenarioCatalogue | None],
    day: date,
    tell: Callable[[int, int], None],
    *,
    with_samples: bool,
) -> Impact:
    try:
        return measure_impact(
            files,
            *books,
            old_benefits=offers[0],
            new_benefits=offers[1],
            as_of=day,
            progress=tell,
            with_samples=with_samples,
        )
    except ImpactError as fault:
        raise click.ClickException(str(fault)) from None


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("measuring"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, all_of_them: progress.update(task, completed=done, total=all_of_them)


class _Shelf:
    """Where the editions of a city are found, as they are named at the prompt."""

    def __init__(self, city: str, day: date) -> None:
        self._city = city
        self._day = day

    @cached_property
    def _editions(self) -> tuple[CityRules, CityBenefits]:
        if os.environ.get("SHANGDING_DATABASE_URL"):
            published = read_published()
            return published.rules, published.benefits
        rules = read_rules(find_city_folder(self._city))
        return rules, read_benefits(self._city, rules)

    def find_rulebook(self, named: str | None) -> Rulebook:
        """Find an edition: a file, a folder, a day, or the one in force."""
        path = Path(named or "")
        if named and path.is_file():
            catalogue_name = path.name.replace("rulebook-", "catalogue-")
            if catalogue_name == path.name:
                raise click.BadParameter(f"{path}: is not named rulebook-<day>.toml")
            catalogue = read_catalogue(read_document(path.parent, catalogue_name), catalogue_name)
            return read_rulebook(read_document(path.parent, path.name), path.name, catalogue)
        if named and path.is_dir():
            return read_rules(path).editions[-1]
        try:
            return self._editions[0].rulebook_on(self._day if named is None else _read_day(named))
        except NoRulebookError as fault:
            first = self._editions[0].editions[0].effective_on
            raise click.BadParameter(f"{fault}; give a day from {first}") from None

    def find_scenarios(self, named: str | None, book: Rulebook) -> ScenarioCatalogue | None:
        """Find an edition of scenarios, read against a rulebook; none where the city has none."""
        path = Path(named or "")
        if named and path.is_file():
            return read_scenarios(read_document(path.parent, path.name), path.name, book)
        if named and path.is_dir():
            name = list_edition_names(path)[-1]
            return read_scenarios(read_document(path, name), name, book)
        return self._editions[1].catalogue_on(self._day if named is None else _read_day(named))


def _read_day(named: str) -> date:
    try:
        return date.fromisoformat(named)
    except ValueError:
        raise click.BadParameter(f"{named} is neither a file nor a folder nor a day such as 2026-01-01") from None
