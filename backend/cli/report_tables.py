"""Figures of the city as tables at the prompt."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rich.console import Console
from rich.table import Table

from backend.grants.grant import GrantState
from backend.reports.benefit_figures import BenefitFigures
from backend.reports.city_report import CityPeople
from backend.reports.counts import Span
from backend.reports.departments import DepartmentFigures
from backend.reports.descriptions import name_department
from backend.reports.distribution import Distribution, Drift, Drifts
from backend.reports.drawing import UNTOLD, write_people
from backend.reports.figure_descriptions import name_reason, name_scenario
from backend.reports.figures import Share
from backend.reports.refusals import RefusalFigures
from backend.web.messages import Language, write_yuan
from scenarios.catalogue import ScenarioCatalogue
from scoring.bands import list_bands
from scoring.catalogue import Catalogue
from scoring.rulebook import Rulebook

RATES = ("timely", "checked", "refused", "quarantined", "corrected", "withdrawn")
_CASES = ("quarantined", "corrected", "withdrawn")  # of people, and told as they are
_TENS = f"in whole tens, each number by itself; {UNTOLD} 1 to 19 people, not told"


def show_people(people: CityPeople, rulebook: Rulebook) -> None:
    """Show levels, bands, dimensions and drift."""
    found = people.now
    head = f"{people.day}, {write_people(found.people)} people"
    note = f"people {_TENS}"
    if found.is_public:
        head += " shown"
        note = f"lower bounds: each cell may hold up to 38 people more; {UNTOLD} not shown, 0 to 38 people in each cell"
    levels = ((level.name, write_people(found.levels.get(level.code, found.nobody))) for level in rulebook.levels)
    _print(head, ("level", "people"), levels)
    points = (
        (f"{band.first} to {band.last}", write_people(found.points.get(band.first, found.nobody)))
        for band in reversed(list_bands(rulebook))
    )
    _print("", ("points", "people"), points)
    named = {dimension.code: dimension.name for dimension in rulebook.dimensions}
    if found.dimensions:
        _show_dimensions(found, named)
    print_line(note)
    if people.drifts is None:
        print_line("no earlier day was counted to compare with")
    else:
        _show_drifts(people.drifts, named)


def _show_dimensions(found: Distribution, named: Mapping[str, str]) -> None:
    width, starts, people = found.wide
    rows = (
        (name, *(write_people(people.get(code, {}).get(first, found.nobody)) for first in starts))
        for code, name in named.items()
    )
    _print("", ("points of", *(f"{first} to {first + width - 1}" for first in starts)), rows)


def _show_drifts(drifts: Drifts, named: Mapping[str, str]) -> None:
    rows = {"levels": drifts.levels, "points": drifts.points}
    rows |= {name: drifts.dimensions[code] for code, name in named.items() if code in drifts.dimensions}
    drifted = ((name, *_write_drift(drift)) for name, drift in rows.items())
    note = f"of the counts that are told; {UNTOLD} too many people may be in groups that are not told"
    _print(f"drift since {drifts.since_on}", ("of", "PSI", "reading"), drifted, note)


def show_given(figures: Iterable[BenefitFigures], span: Span, catalogue: ScenarioCatalogue | None) -> None:
    """Show what was given, with amounts in yuan; only states that some grant has are columns."""
    found = [*figures]
    states = [state for state in GrantState if any(each.states[state] != 0 for each in found)]
    rows = (
        (
            *(name_scenario(each.scenario, catalogue, Language.CHINESE), each.whose),
            *map(write_people, (each.people, each.granted, *(each.states[state] for state in states))),
            *map(_write_fen, (each.agreed_fen, each.held_fen, each.final_fen)),
        )
        for each in found
    )
    heads = ("scenario", "whose", "people", "grants", *states, "agreed", "held", "final")
    note = f"people and grants {_TENS}; amounts in yuan, rounded to what one person has or more"
    _print(f"given {span.first_on} to {span.last_on}", heads, rows, note)


def show_reasons(figures: Iterable[RefusalFigures], month: date, catalogue: ScenarioCatalogue | None) -> None:
    """Show why questions of a month came to nothing."""
    rows = (
        (
            name_scenario(each.scenario, catalogue, Language.CHINESE),
            name_reason(why, Language.CHINESE),
            write_people(people),
        )
        for each in figures
        for why, people in each.reasons
    )
    _print(f"asked in {month:%Y-%m}", ("scenario", "reason", "people"), rows, f"people {_TENS}")


def show_rates(figures: Iterable[DepartmentFigures], span: Span, catalogue: Catalogue) -> None:
    """Show departments side by side."""
    rows = (
        (
            name_department(each.department, catalogue, Language.CHINESE),
            write_people(each.handed_in),
            *(_write_share(getattr(each, rate), UNTOLD if rate in _CASES else "-") for rate in RATES),
        )
        for each in figures
    )
    note = (
        f"{UNTOLD} fewer than 20 rows, or 1 to 19 that wait, were corrected or withdrawn (those are in whole tens)\n"
        "- fewer than 20 rows, or no deadline"
    )
    _print(f"received {span.first_on} to {span.last_on}", ("department", "rows", *RATES), rows, note)


def print_line(text: str) -> None:
    """Print a line beside tables, if there is one."""
    if text:
        _open_console().print(text, highlight=False)


def _write_drift(drift: Drift) -> tuple[str, str]:
    if drift.psi is None or drift.reading is None:
        return UNTOLD, UNTOLD
    return f"{drift.psi:.4f}", drift.reading.value


def _write_fen(fen: int | None) -> str:
    return UNTOLD if fen is None else write_yuan(fen)


def _write_share(share: Share | None, instead: str) -> str:
    if share is None or share.permille is None:
        return instead
    return f"{share.permille / 10:.1f}% of {share.whole:,}"


def _print(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
    table = Table()
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=head != heads[0])
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    if title:
        print_line(title if table.row_count else f"{title}: nothing")
    if table.row_count:
        _open_console().print(table)
        print_line(note)


def _open_console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 200)
