"""The figures of the city as pictures: drawn at night or at the prompt, never while somebody waits for an answer.

Each says what it shows and how its numbers are to be read: pictures are passed on without what stood around them.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from unicodedata import east_asian_width

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
from backend.reports.benefit_figures import Fate, Whose
from backend.reports.city_report import Audience, CityPeople, OfficeFigures
from backend.reports.descriptions import name_department
from backend.reports.distribution import Distribution
from backend.reports.figure_descriptions import UNTOLD, name_reason, name_scenario, write_people
from backend.reports.figures import Share
from backend.reports.suppression import add_published
from backend.web.messages import Language, get_message
from scoring.bands import list_bands
from scoring.rulebook import Rulebook

PERCENT = 100
_LINE = 150  # narrow letters of a line of a note


class Picture(StrEnum):
    """What can be drawn; the first three for the public too."""

    LEVELS = "levels"
    POINTS = "points"
    BENEFITS = "benefits"
    DIMENSIONS = "dimensions"
    DRIFT = "drift"
    REFUSALS = "refusals"
    DEPARTMENTS = "departments"


_OF_A_DAY = (Picture.LEVELS, Picture.POINTS, Picture.BENEFITS, Picture.DIMENSIONS)


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


class Drawn(NamedTuple):
    """A picture, what it shows in words, and how its numbers are to be read."""

    picture: Picture
    said: str
    figure: Figure


def draw_people(people: CityPeople, names: Names, audience: Audience) -> Iterator[Drawn]:
    """Draw who is where; for the public the people who have had a benefit too, for officers dimensions and drift."""
    note = names.say("note.officers")
    if audience is Audience.PUBLIC:
        note = names.say("note.public", cell=names.say("cell.people"))
    titles = {each: names.say(f"said.{each}", day=people.day.isoformat()) for each in _OF_A_DAY}
    yield _finish(Picture.LEVELS, draw_columns(_chart_levels(people, names)), titles[Picture.LEVELS], note)
    yield _finish(Picture.POINTS, draw_columns(_chart_points(people, names)), titles[Picture.POINTS], note)
    if audience is Audience.PUBLIC:
        note = names.say("note.public", cell=names.say("cell.benefits"))
        figure = draw_bars(_chart_people_with_benefits(people.now, names))
        yield _finish(Picture.BENEFITS, figure, titles[Picture.BENEFITS], note)
        return
    figure = draw_matrix(_lay_dimensions(people.now, names))
    yield _finish(Picture.DIMENSIONS, figure, titles[Picture.DIMENSIONS], note)
    if people.drifts is not None:
        title = names.say("said.drift", since=people.drifts.since_on.isoformat(), day=people.day.isoformat())
        yield _finish(Picture.DRIFT, draw_bars(_chart_drift(people, names)), title, names.say("note.drift"))


def draw_office_figures(figures: OfficeFigures, names: Names) -> Iterator[Drawn]:
    """Draw what officers alone read, named by its first and last day; what there is nothing of is not drawn."""
    charts = {
        Picture.BENEFITS: (figures.benefits, _chart_grants, "grants", figures.span),
        Picture.REFUSALS: (figures.refusals, _chart_refusals, "refusals", figures.month),
        Picture.DEPARTMENTS: (figures.departments, _chart_departments, "departments", figures.span),
    }
    for picture, (found, chart, said, span) in charts.items():
        if found:
            title = names.say(f"said.{said}", first=span.first_on.isoformat(), last=span.last_on.isoformat())
            yield _finish(picture, draw_bars(chart(figures, names)), title, names.say(f"note.{said}"))


def _finish(picture: Picture, figure: Figure, title: str, note: str) -> Drawn:
    """Write above a picture what it shows, and below how to read it."""
    note = _break_lines(note)
    figure.suptitle(title, x=0.01, ha="left", size=10)
    figure.supxlabel(note, x=0.01, ha="left", size=6.5)
    lines = 2 + note.count("\n")
    figure.set_figheight(figure.get_figheight() + 0.25 + 0.13 * lines)
    return Drawn(picture, f"{title}. {note}".replace("\n", ""), figure)


def _break_lines(text: str) -> str:
    """Break a text into lines that fit below a picture, behind blanks and Chinese signs; Chinese letters are wide."""
    lines = [""]
    for piece in re.findall(r"[^ ，；。：（）]*[ ，；。：（）]?", text):
        if _measure(lines[-1] + piece.rstrip()) > _LINE:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _measure(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _chart_levels(people: CityPeople, names: Names) -> BarChart:
    levels = names.rulebook_on(people.day).levels
    return BarChart(
        tuple(names.choose(level.name, level.name_en) for level in levels),
        tuple(
            _make_series(each, [each.levels.get(level.code, each.nobody) for level in levels], colour, names)
            for each, colour in _list_days(people)
        ),
    )


def _chart_points(people: CityPeople, names: Names) -> BarChart:
    bands = list_bands(names.rulebook_on(people.day))
    return BarChart(
        tuple(f"{band.first}" for band in bands),
        tuple(
            _make_series(each, [each.points.get(band.first, each.nobody) for band in bands], colour, names)
            for each, colour in _list_days(people)
        ),
    )


def _list_days(people: CityPeople) -> list[tuple[Distribution, str]]:
    now = (people.now, AFTER)
    return [now] if people.before is None else [(people.before, BEFORE), now]


def _make_series(found: Distribution, groups: Sequence[int | None], colour: str, names: Names) -> Series:
    """Shares of all, so that two days can be compared; the numbers of people are written at the bars."""
    shares = tuple(None if n is None or not found.people else n * PERCENT / found.people for n in groups)
    labels = tuple(map(write_people, groups))
    return Series(names.say("people_on", day=found.counted.day.isoformat()), colour, shares, labels)


def _lay_dimensions(found: Distribution, names: Names) -> Matrix:
    dimensions = names.rulebook_on(found.counted.day).dimensions
    wide = found.wide
    rows = [wide.people.get(each.code, {}) for each in dimensions]
    counts = [[row.get(first, found.nobody) for first in wide.starts] for row in rows]
    most = max(people or 0 for row in counts for people in row) or 1
    return Matrix(
        rows=tuple(names.choose(each.name, each.name_en) for each in dimensions),
        columns=tuple(f"{first}…{first + wide.width - 1}" for first in wide.starts),
        shades=tuple(tuple((people or 0) / most for people in row) for row in counts),
        labels=tuple(tuple(map(write_people, row)) for row in counts),
        row_title="",
        column_title=names.say("dimension_points"),
    )


def _chart_drift(people: CityPeople, names: Names) -> BarChart:
    drifts = people.drifts
    if drifts is None:
        raise ValueError("there is no earlier day; leave the picture out")
    named = {each.code: names.choose(each.name, each.name_en) for each in names.rulebook_on(people.day).dimensions}
    rows = {
        names.say("levels"): drifts.levels,
        names.say("points"): drifts.points,
        **{name: drifts.dimensions[code] for code, name in named.items() if code in drifts.dimensions},
    }
    labels = tuple(
        UNTOLD if drift.psi is None else f"{drift.psi:.4f} {get_message(f'drift.{drift.reading}', names.language)}"
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
        labels = tuple(map(write_people, people))
        series.append(Series(names.say(f"{whose}s"), colour, tuple(people), labels))
    return BarChart(tuple(name_scenario(code, catalogue, names.language) for code in codes), tuple(series))


def _chart_grants(figures: OfficeFigures, names: Names) -> BarChart:
    catalogue = names.benefits.catalogue_on(figures.span.last_on)
    codes = sorted({each.scenario for each in figures.benefits})
    granted = {(each.scenario, each.whose): each.granted for each in figures.benefits}
    series = tuple(
        Series(names.say(f"grants_{whose}"), colour, values, tuple(map(write_people, values)))
        for whose, colour in zip(Whose, (AFTER, GAIN), strict=True)
        for values in [tuple(granted.get((code, whose), 0) for code in codes)]
    )
    return BarChart(tuple(name_scenario(code, catalogue, names.language) for code in codes), series)


def _chart_refusals(figures: OfficeFigures, names: Names) -> BarChart:
    catalogue = names.benefits.catalogue_on(figures.month.last_on)
    rows = [
        (f"{name_scenario(each.scenario, catalogue, names.language)}: {name_reason(why, names.language)}", people)
        for each in figures.refusals
        for why, people in each.reasons
    ]
    labels = tuple(write_people(people) for _, people in rows)
    series = Series(names.say("refusals"), AFTER, tuple(people for _, people in rows), labels)
    return BarChart(tuple(name for name, _ in rows), (series,))


def _chart_departments(figures: OfficeFigures, names: Names) -> BarChart:
    catalogue = names.rules.catalogue_on(figures.day)
    rates = [("timely", AFTER), ("refused", LOSS)]
    series = []
    for rate, colour in rates:
        shares: list[Share | None] = [getattr(each, rate) for each in figures.departments]
        permille = [None if share is None else share.permille for share in shares]
        labels = tuple("-" if n is None else f"{n / 10:.1f}%" for n in permille)
        series.append(Series(names.say(rate), colour, tuple(permille), labels))
    titles = tuple(name_department(each.department, catalogue, names.language) for each in figures.departments)
    return BarChart(titles, tuple(series))
