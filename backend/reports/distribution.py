"""How people are distributed over levels, points and dimensions on a day, and how far that has drifted.

Everything is added up from the cells that were kept for the day: exactly for officers, and for the public from cells as
`suppression.publish` has them, so that whatever is derived here tells the public nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.reports.benefit_figures import Fate, Whose
from backend.reports.figure_tables import Cell, Counted, FigureKind, find_day, read_cells, read_offsets
from backend.reports.stability import Reading, measure_psi, read_psi
from backend.reports.suppression import LEAST, add_published, publish

Groups = Mapping[str, int | None]
Bands = Mapping[int, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The people of a day. `rounded_to` is 1 for exact figures, and 20 where they are those for the public.

    `levels` by code, `points` and each of `dimensions` by the first points of a band; None for too few people to be
    told. `people` is the sum of what is shown. `benefits` by scenario, whose it is, and how the latest grant stands.
    """

    counted: Counted
    rounded_to: int
    people: int
    levels: Groups
    points: Bands
    dimensions: Mapping[str, Bands]
    benefits: Mapping[tuple[str, Whose], Mapping[Fate, int | None]] = field(repr=False)


class Drift(NamedTuple):
    """How far a distribution has drifted since another day; both None where one of them shows nobody."""

    psi: float | None
    reading: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts:
    """How far levels, points and the points of each dimension have drifted since the day `since_on`."""

    since_on: date
    levels: Drift
    points: Drift
    dimensions: Mapping[str, Drift]


def read_exact(session: Session, counted: Counted) -> Distribution:
    """Read the figures of a day as they are, for officers."""
    return _distribute(counted, 1, read_cells(session, counted.day))


def read_published(session: Session, counted: Counted) -> Distribution:
    """Read the figures of a day as the public may know them.

    Without dimensions: each of them holds the same people once more, and two sums of the same people are an equation.
    """
    return publish_day(counted, read_cells(session, counted.day), read_offsets(session))


def publish_day(counted: Counted, cells: Mapping[Cell, int], offsets: Mapping[Cell, int]) -> Distribution:
    """Make of exact cells what the public may know; each of them needs its offset (KeyError)."""
    told = {cell: n for cell, n in cells.items() if cell.kind is not FigureKind.DIMENSION}
    return _distribute(counted, LEAST, {cell: publish(n, offsets[cell]) for cell, n in told.items()})


def find_days(session: Session, day: date | None, since_on: date | None) -> tuple[Counted, Counted | None] | None:
    """Find the last day counted until `day` (the last of all without one), and the last until `since_on`, if given.

    None where there is no such day.
    """
    latest = find_day(session, until=day)
    if latest is None:
        return None
    earlier = None if since_on is None else find_day(session, until=since_on)
    return latest, earlier


def measure_drifts(earlier: Distribution, later: Distribution) -> Drifts:
    """Measure how far everything has drifted from one day to another."""
    codes = [code for code in later.dimensions if code in earlier.dimensions]
    return Drifts(
        since_on=earlier.counted.day,
        levels=_measure(earlier.levels, later.levels),
        points=_measure(earlier.points, later.points),
        dimensions={code: _measure(earlier.dimensions[code], later.dimensions[code]) for code in codes},
    )


def _measure(earlier: Groups | Bands, later: Groups | Bands) -> Drift:
    psi = measure_psi(_fill(earlier), _fill(later))
    return Drift(psi, None if psi is None else read_psi(psi))


def _fill(groups: Groups | Bands) -> dict[str | int, int]:
    return {group: people or 0 for group, people in groups.items()}


def _distribute(counted: Counted, rounded_to: int, cells: Mapping[Cell, int | None]) -> Distribution:
    levels: dict[str, list[int | None]] = {}
    points: dict[int, list[int | None]] = {}
    dimensions: dict[str, dict[int, int | None]] = {}
    benefits: dict[tuple[str, Whose], dict[Fate, int | None]] = {}
    for (kind, name), people in sorted(cells.items()):
        first, _, rest = name.partition(":")
        if kind is FigureKind.SCORE:
            levels.setdefault(first, []).append(people)
            points.setdefault(int(rest), []).append(people)
        elif kind is FigureKind.DIMENSION:
            dimensions.setdefault(first, {})[int(rest)] = people
        else:
            whose, _, fate = rest.partition(":")
            benefits.setdefault((first, Whose(whose)), {})[Fate(fate)] = people
    return Distribution(
        counted=counted,
        rounded_to=rounded_to,
        people=_sum(people for each in levels.values() for people in each),
        levels=MappingProxyType({level: add_published(each) for level, each in levels.items()}),
        points=MappingProxyType({first: add_published(points[first]) for first in sorted(points)}),
        dimensions=MappingProxyType({code: dict(sorted(each.items())) for code, each in dimensions.items()}),
        benefits=MappingProxyType(benefits),
    )


def _sum(people: Iterable[int | None]) -> int:
    return add_published(people) or 0
