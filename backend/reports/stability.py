"""How far a distribution has drifted: the population stability index, and how it is read.

PSI = sum over all cells of (a - e) * ln(a / e), with the share `e` of a cell on the earlier day and `a` on the later.
It is the symmetric Kullback-Leibler divergence of the two; in credit scoring it is due to E. M. Lewis, An Introduction
to Credit Scoring (1992), and so is its conventional reading: below 0.1 no change to speak of, up to 0.25 some, above it
a shift that calls for action (also N. Siddiqi, Credit Risk Scorecards, 2006, chapter on monitoring).
"""

import math
from collections.abc import Hashable, Mapping
from enum import StrEnum
from typing import TypeVar

WATCH_FROM, ACT_ABOVE = 0.1, 0.25
TEN_THOUSAND = 10_000
# A share of nothing has no logarithm: an empty cell counts as if half a person were in it.
_OF_EMPTY = 0.5

Key = TypeVar("Key", bound=Hashable)


class Reading(StrEnum):
    """What a PSI asks for."""

    STABLE = "stable"
    WATCH = "watch"
    ACT = "act"


def measure_psi(earlier: Mapping[Key, int], later: Mapping[Key, int]) -> float | None:
    """Measure the PSI between two distributions of people over cells; None where one of them has nobody.

    A cell that is empty on one day counts there as half a person, so that the index is finite.
    """
    totals = sum(earlier.values()), sum(later.values())
    if not all(totals):
        return None
    cells = [cell for cell in earlier.keys() | later.keys() if earlier.get(cell) or later.get(cell)]
    terms = []
    for cell in cells:
        expected = (earlier.get(cell) or _OF_EMPTY) / totals[0]
        actual = (later.get(cell) or _OF_EMPTY) / totals[1]
        terms.append((actual - expected) * math.log(actual / expected))
    return math.fsum(terms)


def read_psi(psi: float) -> Reading:
    """Read a PSI by the convention: below 0.1 stable, from 0.1 to 0.25 watch, above 0.25 act."""
    if psi < WATCH_FROM:
        return Reading.STABLE
    return Reading.WATCH if psi <= ACT_ABOVE else Reading.ACT


def count_ten_thousandths(psi: float) -> int:
    """Give a PSI in ten-thousandths, rounded, as it is told: 405 is 0.0405."""
    return round(psi * TEN_THOUSAND)
