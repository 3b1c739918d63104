"""`shangding scenarios`: what a city offers, what is wrong with it, and whether its cases hold."""

import sys
from importlib.resources.abc import Traversable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from backend.gateways.rulebook_files import CityRules, list_cities, read_city, read_document
from backend.gateways.scenario_files import (
    CityBenefits,
    find_scenario_folder,
    list_edition_names,
    list_scenario_cities,
    read_edition,
    read_edition_cases,
    read_folder,
)
from scenarios.cases import find_exercised, list_parts, run_case
from scenarios.catalogue import Benefit, Condition, ScenarioCatalogue
from scenarios.scenario_document import read_city_code


@click.group()
def scenarios() -> None:
    """Look after the scenarios: what a score is good for."""


@scenarios.command(name="list")
@click.argument("cities", nargs=-1)
def list_offers(cities: tuple[str, ...]) -> None:
    """List what CITIES (names of shipped ones, or folders) offer; all shipped ones when none is named."""
    console = Console()
    for folder in _find_folders(cities):
        for edition in _read(folder).editions:
            _show(console, edition)


@scenarios.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check FILES named scenarios-<day>.toml, each against the rulebook of the city that it names.

    A scenario that makes a basic public service depend on the score, or that has any other fault, refuses the
    document with every fault and what would be right. Exit code 2 when one is refused.
    """
    for path in files:
        edition = read_edition(path.parent, path.name, _find_rules(path.parent, path.name))
        click.echo(f"{path}: {len(edition.scenarios)} scenarios of {edition.city} {edition.version}, no fault")


@scenarios.command()
@click.argument("cities", nargs=-1)
def cases(cities: tuple[str, ...]) -> None:
    """Run the cases of CITIES (names of shipped ones, or folders); of all shipped ones when none is named.

    Exit code 1 when a case fails or a part of a scenario has none, 2 when a document is refused.
    """
    console = Console()
    folders = _find_folders(cities)
    sound = [_run(console, folder, edition) for folder in folders for edition in _read(folder).editions]
    if not all(sound):
        sys.exit(1)


def _find_folders(cities: tuple[str, ...]) -> list[Traversable]:
    return [_find_folder(city) for city in cities or list_scenario_cities()]


def _find_folder(city: str) -> Traversable:
    path = Path(city)
    return path.absolute() if path.is_dir() else find_scenario_folder(city)


def _read(folder: Traversable) -> CityBenefits:
    return read_folder(folder, _find_rules(folder, list_edition_names(folder)[0]))


def _find_rules(folder: Traversable, name: str) -> CityRules | None:
    """Read the rulebook of a document's city; a city of which we have none brings its own scale along."""
    city = read_city_code(read_document(folder, name), name)
    return read_city(city) if city in list_cities() else None


def _show(console: Console, edition: ScenarioCatalogue) -> None:
    title = f"{edition.title.zh}  {edition.city} {edition.version}, from {edition.effective_on}"
    table = Table(title=title, title_justify="left")
    for column in ("code", "what", "for whom", "benefit", "figures from"):
        table.add_column(column, overflow="fold")
    for code, scenario in edition.scenarios.items():
        basic = " (basic service)" if scenario.is_basic else ""
        condition = _describe_condition(scenario.condition)
        table.add_row(code, scenario.title.zh + basic, condition, _describe_benefit(scenario.benefit), scenario.source)
    console.print(table)


def _describe_condition(condition: Condition) -> str:
    ages = condition.least_age, condition.greatest_age
    parts = [
        condition.level or "",
        "" if condition.least_points is None else f"{condition.least_points} points",
        f"on {' or '.join(condition.on_any_of)}" if condition.on_any_of else "",
        f"not on {' or '.join(condition.on_none_of)}" if condition.on_none_of else "",
        "" if ages == (None, None) else f"aged {ages[0] or ''}-{ages[1] or ''}",
        f"in {', '.join(condition.regions)}" if condition.regions else "",
    ]
    return ", ".join(part for part in parts if part)


def _describe_benefit(benefit: Benefit) -> str:
    if benefit.figure_by_contract:
        return f"{benefit.kind}, by contract"
    figures = {"fen": benefit.limit_fen, "% of the price": benefit.charged_percent, "minutes": benefit.free_minutes}
    return " ".join([benefit.kind, *(f"{figure} {unit}" for unit, figure in figures.items() if figure is not None)])


def _run(console: Console, folder: Traversable, edition: ScenarioCatalogue) -> bool:
    given = read_edition_cases(folder, edition)
    failing = [verdict for verdict in (run_case(case, edition) for case in given) if verdict.faults]
    missing = sorted(list_parts(edition) - find_exercised(given))
    console.print(f"{edition.city} {edition.version}: {len(given)} cases, {len(failing)} failed", highlight=False)
    for verdict in failing:
        console.print(f"[bold red]✗[/] {verdict.case.name}", highlight=False)
        for fault in verdict.faults:
            console.print(f"    {fault}", highlight=False)
    if missing:
        console.print(f"    without a case: {', '.join(missing)}", highlight=False, soft_wrap=True)
    return not (failing or missing)
