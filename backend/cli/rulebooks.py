"""`shangding rulebook check`: what is wrong with a city's rules, and whether its cases hold."""

import sys
from importlib.resources.abc import Traversable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from backend.gateways.rulebook_files import find_city_folder, list_cities, read_edition_cases, read_rules
from scoring.cases import Verdict, find_exercised, list_parts, run_case
from scoring.catalogue import FILTERS
from scoring.checking import find_gaps, find_notices, find_unscored_indicators
from scoring.rulebook import Rulebook


@click.group()
def rulebook() -> None:
    """Look after rulebooks."""


@rulebook.command()
@click.argument("cities", nargs=-1)
def check(cities: tuple[str, ...]) -> None:
    """Check the rulebooks of CITIES (names of shipped ones, or folders); of all shipped ones when none is named.

    Overlaps, rules that can never apply, missing bases and forbidden classes refuse a rulebook; gaps, unexercised
    parts and failing cases are listed. Exit code 1 when anything was found, 2 when a document is refused; notices, of
    what should be meant, are none.
    """
    console = Console()
    folders = [_find_folder(city) for city in cities or list_cities()]
    sound = []
    for folder in folders:
        editions = read_rules(folder).editions
        for former, edition in zip((None, *editions), editions, strict=False):
            sound.append(_report(console, folder, edition, former))
    if not all(sound):
        sys.exit(1)


def _find_folder(city: str) -> Traversable:
    path = Path(city)
    return path if path.is_dir() else find_city_folder(city)


def _report(console: Console, folder: Traversable, edition: Rulebook, former: Rulebook | None) -> bool:
    verdicts = [run_case(case, edition) for case in read_edition_cases(folder, edition)]
    failing = [verdict for verdict in verdicts if verdict.faults]
    gaps = find_gaps(edition)
    unexercised = sorted(list_parts(edition) - find_exercised(verdicts))
    table = Table(title=f"{edition.title}  {edition.city} {edition.version}", title_justify="left", show_header=False)
    table.add_row("indicators", str(len(edition.catalogue.indicators)))
    table.add_row("admission filters", ", ".join(edition.catalogue.laws))
    table.add_row("filters that do not bind", ", ".join(_list_missing(edition)) or "none")
    table.add_row("rules", str(len(edition.rules)))
    table.add_row("overlaps, dead rules, missing bases", "none, or it would not have loaded")
    table.add_row("collected but not scored", ", ".join(find_unscored_indicators(edition)) or "nothing")
    table.add_row("gaps", "\n".join(f"{gap.indicator}: {gap.where}" for gap in gaps) or "none")
    table.add_row("parts no case exercises", "\n".join(unexercised) or "none")
    table.add_row("notices", "\n".join(find_notices(edition, former)) or "none")
    table.add_row("cases", f"{len(verdicts)} run, {len(failing)} failed")
    console.print(table)
    for verdict in failing:
        _explain(console, verdict)
    return not (failing or gaps or unexercised)


def _list_missing(edition: Rulebook) -> list[str]:
    return [name for name in FILTERS if name not in edition.catalogue.laws]


def _explain(console: Console, verdict: Verdict) -> None:
    console.print(f"[bold red]✗[/] {verdict.case.name}", highlight=False)
    for fault in verdict.faults:
        console.print(f"    {fault}", highlight=False)
    for line in verdict.score.lines:
        console.print(f"    {line.points:+5d}  {line.kind:10} {line.cause_id}", highlight=False)
