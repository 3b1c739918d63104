"""The figures of the city as pictures: drawn at night or at the prompt, never while somebody waits for an answer."""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from matplotlib.figure import Figure

from backend.gateways.pictures import (
    AFTER,
    BEFORE,
    GAIN,
    LOSS,
    BarChart,
    Matrix,
    Series,
    draw_bars,
    draw_columns,
    draw_matrix,
)
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.reports.bands import list_bands
from backend.reports.benefit_figures import Fate, Whose
from backend.reports.city_report import Audience, CityPeople, OfficeFigures
from backend.reports.descriptions import name_department
from backend.reports.distribution import Bands, Distribution
from backend.reports.figure_descriptions import name_reason, name_scenario
from backend.reports.figures import Share
from backend.reports.suppression import add_published
from backend.web.messages import Language, get_message
from scoring.rulebook import Rulebook

PERCENT = 100
MOST_COLUMNS = 11
_WIDTHS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # in whole bands


class Picture(StrEnum):
    """What can be drawn; the first three for the public too."""

    LEVELS = "levels"
    POINTS = "points"
    BENEFITS = "benefits"
    DIMENSIONS = "dimensions"
    DRIFT = "drift"
    REFUSALS = "refusals"
    DEPARTMENTS = "departments"


class Names(NamedTuple):
    """What codes are called, in one language."""

    rules: CityRules
    benefits: CityBenefits
    language: Language

    def rulebook_on(self, day: date) -> Rulebook:
        """Give the rulebook in force on a day; NoRulebookError before the first."""
        return self.rules.rulebook_on(day)

    def say(self, code: str, **values: object) -> str:
        """Give a text of the message catalogue."""
        return get_message(f"picture.{code}", self.language, **values)

    def choose(self, name: str, name_en: str) -> str:
        """Choose a name."""
        return name_en if self.language is Language.ENGLISH else name


def draw_people(people: CityPeople, names: Names, audience: Audience) -> Iterator[tuple[Picture, Figure]]:
    """Draw who is where; for the public the people who have had a benefit too, for officers dimensions and drift."""
    yield Picture.LEVELS, draw_columns(_chart_levels(people, names))
    yield Picture.POINTS, draw_columns(_chart_points(people, names))
    if audience is Audience.PUBLIC:
        yield Picture.BENEFITS, draw_bars(_chart_people_with_benefits(people.now, names))
        return
    yield Picture.DIMENSIONS, draw_matrix(_lay_dimensions(people.now, names))
    if people.drifts is not None:
        yield Picture.DRIFT, draw_bars(_chart_drift(people, names))


def draw_office_figures(figures: OfficeFigures, day: date, names: Names) -> Iterator[tuple[Picture, Figure]]:
    """Draw what officers alone read; what there is nothing of is not drawn."""
    if figures.benefits:
        yield Picture.BENEFITS, draw_bars(_chart_grants(figures, day, names))
    if figures.refusals:
        yield Picture.REFUSALS, draw_bars(_chart_refusals(figures, day, names))
    if figures.departments:
        yield Picture.DEPARTMENTS, draw_bars(_chart_departments(figures, day, names))


def _chart_levels(people: CityPeople, names: Names) -> BarChart:
    levels = names.rulebook_on(people.day).levels
    return BarChart(
        tuple(names.choose(level.name, level.name_en) for level in levels),
        tuple(
            _make_series(each, [each.levels.get(level.code) for level in levels], colour, names)
            for each, colour in _list_days(people)
        ),
    )


def _chart_points(people: CityPeople, names: Names) -> BarChart:
    bands = list_bands(names.rulebook_on(people.day))
    return BarChart(
        tuple(f"{band.first}" for band in bands),
        tuple(
            _make_series(each, [each.points.get(band.first) for band in bands], colour, names)
            for each, colour in _list_days(people)
        ),
    )


def _list_days(people: CityPeople) -> list[tuple[Distribution, str]]:
    now = (people.now, AFTER)
    return [now] if people.before is None else [(people.before, BEFORE), now]


def _make_series(found: Distribution, groups: Sequence[int | None], colour: str, names: Names) -> Series:
    """Shares of all, so that two days can be compared; the numbers of people are written at the bars."""
    shares = tuple(None if n is None or not found.people else n * PERCENT / found.people for n in groups)
    labels = tuple(_write_people(n, found.rounded_to, names) for n in groups)
    return Series(names.say("people_on", day=found.counted.day.isoformat()), colour, shares, labels)


def _write_people(people: int | None, rounded_to: int, names: Names) -> str:
    if people is None:
        return "0" if rounded_to == 1 else names.say("untold")
    return f"{people:,}"


def _lay_dimensions(found: Distribution, names: Names) -> Matrix:
    dimensions = names.rulebook_on(found.counted.day).dimensions
    starts = {first for bands in found.dimensions.values() for first in bands} or {0}
    width = _choose_width(min(starts), max(starts))
    columns = range(min(starts) // width * width, max(starts) + 1, width)
    counts = [[_add_up(found.dimensions.get(each.code, {}), first, width) for first in columns] for each in dimensions]
    most = max(max(row) for row in counts) or 1
    return Matrix(
        rows=tuple(names.choose(each.name, each.name_en) for each in dimensions),
        columns=tuple(f"{first}…{first + width - 1}" for first in columns),
        shades=tuple(tuple(n / most for n in row) for row in counts),
        labels=tuple(tuple(f"{n:,}" for n in row) for row in counts),
        row_title="",
        column_title=names.say("dimension_points"),
    )


def _choose_width(lowest: int, highest: int) -> int:
    """Choose how wide the columns are, so that there are not more than can be read; whole bands each."""
    fitting = (width for width in _WIDTHS if (highest // width - lowest // width) < MOST_COLUMNS)
    return next(fitting, _WIDTHS[-1])


def _add_up(bands: Bands, first: int, width: int) -> int:
    return sum(people or 0 for start, people in bands.items() if first <= start < first + width)


def _chart_drift(people: CityPeople, names: Names) -> BarChart:
    drifts = people.drifts
    if drifts is None:
        raise ValueError("there is no earlier day; leave the picture out")
    named = {each.code: names.choose(each.name, each.name_en) for each in names.rulebook_on(people.day).dimensions}
    rows = {
        names.say("levels"): drifts.levels,
        names.say("points"): drifts.points,
        **{named.get(code, code): drift for code, drift in drifts.dimensions.items()},
    }
    labels = tuple(
        "-" if drift.psi is None else f"{drift.psi:.4f} {get_message(f'drift.{drift.reading}', names.language)}"
        for drift in rows.values()
    )
    values = tuple(drift.psi for drift in rows.values())
    name = names.say("drift_since", since=drifts.since_on.isoformat(), day=people.day.isoformat())
    return BarChart(tuple(rows), (Series(name, AFTER, values, labels),))


def _chart_people_with_benefits(found: Distribution, names: Names) -> BarChart:
    catalogue = names.benefits.catalogue_on(found.counted.day)
    codes = [] if catalogue is None else sorted(catalogue.scenarios)
    series = []
    for whose, colour in zip(Whose, (AFTER, GAIN), strict=True):
        people = [add_published(found.benefits.get((code, whose), {}).get(fate) for fate in Fate) for code in codes]
        labels = tuple(_write_people(n, found.rounded_to, names) for n in people)
        series.append(Series(names.say(f"{whose}s"), colour, tuple(people), labels))
    return BarChart(tuple(name_scenario(code, catalogue, names.language) for code in codes), tuple(series))


def _chart_grants(figures: OfficeFigures, day: date, names: Names) -> BarChart:
    catalogue = names.benefits.catalogue_on(day)
    codes = sorted({each.scenario for each in figures.benefits})
    granted = {(each.scenario, each.whose): each.granted for each in figures.benefits}
    series = tuple(
        Series(names.say(f"grants_{whose}"), colour, values, tuple(f"{value:,}" for value in values))
        for whose, colour in zip(Whose, (AFTER, GAIN), strict=True)
        for values in [tuple(granted.get((code, whose), 0) for code in codes)]
    )
    return BarChart(tuple(name_scenario(code, catalogue, names.language) for code in codes), series)


def _chart_refusals(figures: OfficeFigures, day: date, names: Names) -> BarChart:
    catalogue = names.benefits.catalogue_on(day)
    rows = [
        (f"{name_scenario(each.scenario, catalogue, names.language)}: {name_reason(why, names.language)}", people)
        for each in figures.refusals
        for why, people in each.reasons
    ]
    labels = tuple(names.say("untold") if people is None else f"{people:,}" for _, people in rows)
    series = Series(names.say("refusals"), AFTER, tuple(people for _, people in rows), labels)
    return BarChart(tuple(name for name, _ in rows), (series,))


def _chart_departments(figures: OfficeFigures, day: date, names: Names) -> BarChart:
    catalogue = names.rules.catalogue_on(day)
    rates = [("timely", AFTER), ("refused", LOSS)]
    series = []
    for rate, colour in rates:
        shares: list[Share | None] = [getattr(each, rate) for each in figures.departments]
        permille = [None if share is None else share.permille for share in shares]
        labels = tuple("-" if n is None else f"{n / 10:.1f}%" for n in permille)
        series.append(Series(names.say(rate), colour, tuple(permille), labels))
    titles = tuple(name_department(each.department, catalogue, names.language) for each in figures.departments)
    return BarChart(titles, tuple(series))
