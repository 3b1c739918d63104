"""How people are distributed over levels, points and dimensions on a day, and how far that has drifted.

Everything is made of the cells that were kept for the day. Officers are told each count and each sum by
`impact.telling`, the public sums of cells as `suppression.publish` has them. Shares and drift are worked out from what
is told, and from nothing else, so that whatever is derived here tells nothing more.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from sqlalchemy.orm import Session

from backend.impact.telling import LEAST_GROUP, find_grain, tell_people
from backend.reports.benefit_figures import Fate, Whose
from backend.reports.figure_tables import Cell, Counted, FigureKind, find_day, read_cells, read_offsets
from backend.reports.stability import Reading, measure_psi, read_psi
from backend.reports.suppression import add_published, publish
from scoring.days import ONE_DAY

Groups = Mapping[str, int | None]
Bands = Mapping[int, int | None]
MOST_COLUMNS = 11
_WIDTHS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # in whole bands
# A drift is told where the groups that are not told hold one in twenty of the people at most, whoever is in them.
_MOST_UNTOLD = 20

Key = TypeVar("Key", bound=Hashable)


class WideBands(NamedTuple):
    """The points of dimensions in so few bands that they can be read side by side, by code and first points."""

    width: int
    starts: range
    people: Mapping[str, Bands]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The people of a day as officers are told, or (`is_public`) as everybody is.

    `levels` by code, `points` and each of `dimensions` by the first points of a band; None for too few people to be
    told, and for the public for nobody, too: `nobody` is what stands for a group that is missing here. `people` are
    all of them for officers, and for the public the sum of what is shown. `benefits`, for the public alone, by
    scenario, whose it is, and how the latest grant stands.
    """

    counted: Counted
    is_public: bool
    people: int | None
    levels: Groups
    points: Bands
    dimensions: Mapping[str, Bands]
    wide: WideBands
    benefits: Mapping[tuple[str, Whose], Mapping[Fate, int | None]] = field(repr=False)

    @property
    def nobody(self) -> int | None:
        """What is told of a group without anybody: the public cannot tell it from a few."""
        return None if self.is_public else 0

    @property
    def rounded_to(self) -> int:
        """What counts are whole multiples of."""
        return LEAST_GROUP if self.is_public else find_grain(LEAST_GROUP)


class Drift(NamedTuple):
    """How far a distribution has drifted since another day; both None where too little of one is told."""

    psi: float | None
    reading: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts:
    """How far levels, points and the points of each dimension have drifted since the day `since_on`."""

    since_on: date
    levels: Drift
    points: Drift
    dimensions: Mapping[str, Drift]


def read_told(session: Session, counted: Counted) -> Distribution:
    """Read the figures of a day as officers are told."""
    return tell_day(counted, read_cells(session, counted.day))


def read_published(session: Session, counted: Counted) -> Distribution:
    """Read the figures of a day as the public may know them."""
    return publish_day(counted, read_cells(session, counted.day), read_offsets(session))


def tell_day(counted: Counted, cells: Mapping[Cell, int]) -> Distribution:
    """Make of exact cells what officers are told: each count, and each sum by itself."""
    return _distribute(counted, cells, _tell_sum, is_public=False)


def publish_day(counted: Counted, cells: Mapping[Cell, int], offsets: Mapping[Cell, int]) -> Distribution:
    """Make of exact cells what the public may know; each of them needs its offset (KeyError).

    Without dimensions: each of them holds the same people once more, and two sums of the same people are an equation.
    """
    told = {cell: n for cell, n in cells.items() if cell.kind is not FigureKind.DIMENSION}
    published = {cell: publish(n, offsets[cell]) for cell, n in told.items()}
    return _distribute(counted, published, add_published, is_public=True)


def find_days(session: Session, day: date | None, since_on: date | None) -> tuple[Counted, Counted | None] | None:
    """Find the last day counted until `day` (the last of all without one), and the last until `since_on`, if given.

    The second one lies before the first, whatever is asked for. None where there is no first one.
    """
    latest = find_day(session, until=day)
    if latest is None:
        return None
    earlier = None if since_on is None else find_day(session, until=min(since_on, latest.day - ONE_DAY))
    return latest, earlier


def measure_drifts(earlier: Distribution, later: Distribution) -> Drifts:
    """Measure how far everything that is told has drifted from one day to another, for one kind of reader."""
    codes = [code for code in later.dimensions if code in earlier.dimensions]
    days = earlier, later
    return Drifts(
        since_on=earlier.counted.day,
        levels=_measure(days, earlier.levels, later.levels),
        points=_measure(days, earlier.points, later.points),
        dimensions={code: _measure(days, earlier.dimensions[code], later.dimensions[code]) for code in codes},
    )


def _measure(
    days: tuple[Distribution, Distribution], earlier: Mapping[Key, int | None], later: Mapping[Key, int | None]
) -> Drift:
    then, now = _fill(days[0], earlier), _fill(days[1], later)
    psi = None if then is None or now is None else measure_psi(then, now)
    return Drift(psi, None if psi is None else read_psi(psi))


def _fill(day: Distribution, groups: Mapping[Key, int | None]) -> Mapping[Key, int] | None:
    """Fill in what is not told: nobody for the public, for officers half of what a group may hold.

    None where all that is not told may be more than one in twenty of the people.
    """
    untold = sum(people is None for people in groups.values()) * (LEAST_GROUP - 1)
    if not day.is_public and untold * _MOST_UNTOLD > (day.people or 0):
        return None
    instead = 0 if day.is_public else LEAST_GROUP // 2
    return {group: instead if people is None else people for group, people in groups.items()}


def _tell_sum(people: Iterable[int | None]) -> int | None:
    return tell_people(sum(n or 0 for n in people))


def _distribute(
    counted: Counted,
    cells: Mapping[Cell, int | None],
    add_up: Callable[[Iterable[int | None]], int | None],
    *,
    is_public: bool,
) -> Distribution:
    levels: dict[str, list[int | None]] = defaultdict(list)
    points: dict[int, list[int | None]] = defaultdict(list)
    dimensions: dict[str, dict[int, int | None]] = defaultdict(dict)
    benefits: dict[tuple[str, Whose], dict[Fate, int | None]] = defaultdict(dict)
    for (kind, name), people in sorted(cells.items()):
        first, _, rest = name.partition(":")
        if kind is FigureKind.SCORE:
            levels[first].append(people)
            points[int(rest)].append(people)
        elif kind is FigureKind.DIMENSION:
            dimensions[first][int(rest)] = people
        elif is_public:
            whose, _, fate = rest.partition(":")
            benefits[first, Whose(whose)][Fate(fate)] = people
    return Distribution(
        counted=counted,
        is_public=is_public,
        people=add_up(people for each in levels.values() for people in each),
        levels=MappingProxyType({level: add_up(each) for level, each in levels.items()}),
        points=MappingProxyType({first: add_up(points[first]) for first in sorted(points)}),
        dimensions=MappingProxyType(
            {code: {first: add_up([each[first]]) for first in sorted(each)} for code, each in dimensions.items()}
        ),
        wide=_widen(dimensions, add_up),
        benefits=MappingProxyType({key: MappingProxyType(each) for key, each in benefits.items()}),
    )


def _widen(dimensions: Mapping[str, Bands], add_up: Callable[[Iterable[int | None]], int | None]) -> WideBands:
    firsts = {first for bands in dimensions.values() for first in bands} or {0}
    width = _choose_width(min(firsts), max(firsts))
    starts = range(min(firsts) // width * width, max(firsts) + 1, width)
    people = {
        code: {start: add_up(n for first, n in bands.items() if start <= first < start + width) for start in starts}
        for code, bands in dimensions.items()
    }
    return WideBands(width, starts, MappingProxyType(people))


def _choose_width(lowest: int, highest: int) -> int:
    """Choose how wide columns are, so that there are not more than can be read; whole bands each."""
    fitting = (width for width in _WIDTHS if (highest // width - lowest // width) < MOST_COLUMNS)
    return next(fitting, _WIDTHS[-1])
