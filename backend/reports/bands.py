"""Points in bands of ten, as figures tell them: narrow enough to see a shift, wide enough to hold many people."""

from typing import NamedTuple

from scoring.rulebook import Rulebook

WIDTH = 10


class Band(NamedTuple):
    """The points from `first` to `last`, both included."""

    first: int
    last: int


def make_band(first: int, rulebook: Rulebook) -> Band:
    """Give the band of scores that begins with `first`; the highest one holds the ceiling too."""
    last = first + WIDTH - 1
    return Band(first, rulebook.ceiling if last + 1 >= rulebook.ceiling else last)


def list_bands(rulebook: Rulebook) -> tuple[Band, ...]:
    """List the bands of all possible scores, the lowest first."""
    lowest, highest = find_band(rulebook.floor, rulebook), find_band(rulebook.ceiling, rulebook)
    return tuple(make_band(first, rulebook) for first in range(lowest, highest + 1, WIDTH))


def find_band(points: int, rulebook: Rulebook) -> int:
    """Find the first points of the band in which a score lies."""
    return min(points, rulebook.ceiling - 1) // WIDTH * WIDTH


def make_dimension_band(first: int) -> Band:
    """Give the band of points of one dimension that begins with `first`; a dimension has no ends of its own."""
    return Band(first, first + WIDTH - 1)
