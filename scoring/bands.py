"""Points in bands of ten, as figures tell them: narrow enough to see a shift, wide enough to hold many people.

The one place that knows where a band begins and ends. Bands begin at whole tens, and the last one holds the ceiling.
"""

from typing import NamedTuple

from scoring.rulebook import Rulebook

BAND_WIDTH = 10


class Band(NamedTuple):
    """The points from `first` to `last`, both included."""

    first: int
    last: int


def list_bands(*rulebooks: Rulebook) -> tuple[Band, ...]:
    """List the bands of all scores that are possible by any of the rulebooks (one or more), the lowest first."""
    lowest = find_band(min(book.floor for book in rulebooks), *rulebooks)
    highest = find_band(max(book.ceiling for book in rulebooks), *rulebooks)
    return (*(make_dimension_band(first) for first in range(lowest.first, highest.first, BAND_WIDTH)), highest)


def find_band(points: int, *rulebooks: Rulebook) -> Band:
    """Find the band in which a score lies, of those of `list_bands` for the same rulebooks."""
    ceiling = max(book.ceiling for book in rulebooks)
    band = find_dimension_band(min(points, ceiling - 1))
    return band._replace(last=ceiling) if band.last + 1 >= ceiling else band


def find_dimension_band(points: int) -> Band:
    """Find the band in which points of one dimension lie; a dimension has no ends of its own."""
    return make_dimension_band(points // BAND_WIDTH * BAND_WIDTH)


def make_dimension_band(first: int) -> Band:
    """Give the band of points of one dimension that begins with `first`."""
    return Band(first, first + BAND_WIDTH - 1)
