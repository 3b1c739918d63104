"""Groups of people: bands of age and points, and how hard one is hit.

The disparity ratio is the share of winners or losers in a group over their share among all people. That a rate of
selection under four fifths of that of the group with the highest one is generally taken as evidence of adverse impact
is a rule of thumb of the US Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D, 1978). All people as
the reference is our own choice, and so is to use it for rates of loss, turned round (5/4). It is a reason to look, and
no finding of law. Of few people a few more or less make another ratio: so chance must be an unlikely reason, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, lgamma
from typing import NamedTuple

from backend.impact.figures import ChangeBand, PointsBand
from backend.impact.telling import tell_people
from scoring.bands import list_bands
from scoring.rulebook import Rulebook

STANDS_OUT_PERCENT = 125  # five quarters: the four-fifths convention turned round
LEFT_OUT_PERCENT = 80  # four fifths, as they stand
CHANCE_PERCENT = 5  # that chance alone makes a report name a group
_VANISHING = 1e-17
UNKNOWN = "unknown"
ELSEWHERE = "elsewhere"
CHANGE_BANDS: tuple[tuple[int | None, int | None], ...] = (
    *((None, -20), (-19, -10), (-9, -5), (-4, -1)),
    (0, 0),
    *((1, 4), (5, 9), (10, 19), (20, None)),
)
MOST_DISTRICTS = 16  # with more, a table is a list that nobody reads


class AgeBand(NamedTuple):
    """Ages of completed years, both inclusive; None is no bound."""

    code: str
    name: str
    least: int | None
    most: int | None


# Every ten years: our own choice. Who is younger than 18 is not scored.
AGE_BANDS = (
    AgeBand("to_29", "29岁及以下", None, 29),
    AgeBand("30_39", "30—39岁", 30, 39),
    AgeBand("40_49", "40—49岁", 40, 49),
    AgeBand("50_59", "50—59岁", 50, 59),
    AgeBand("60_69", "60—69岁", 60, 69),
    AgeBand("from_70", "70岁及以上", 70, None),
    AgeBand(UNKNOWN, "年龄不详", None, None),
)


def measure_ratio(hit: int, people: int, all_hit: int, all_people: int) -> int | None:
    """Give the disparity ratio in whole percent, a half rounded up; None where nobody at all is hit."""
    if not people or not all_hit:
        return None
    return (2 * 100 * hit * all_people + people * all_hit) // (2 * people * all_hit)


def stands_out(fell: int, people: int, all_fell: int, all_people: int, *, comparisons: int) -> bool:
    """Tell whether a group is hit so much harder than all people that somebody should look at it.

    Its ratio is above five quarters, and chance would hit it as hard with less than five percent, divided by how many
    `comparisons` the report makes (Bonferroni): so a report in which nothing but chance is at work names a group in one
    of twenty cases at most.
    """
    ratio = measure_ratio(fell, people, all_fell, all_people) or 0
    return (
        ratio > STANDS_OUT_PERCENT
        and find_tail(fell, people, all_fell, all_people) < CHANCE_PERCENT / 100 / comparisons
    )


def is_left_out(rose: int, people: int, all_rose: int, all_people: int, *, comparisons: int) -> bool:
    """Tell whether a group gains so much more seldom than all people that somebody should look at it.

    Its ratio is below four fifths, and chance would let as few rise with less than five percent, divided by how many
    `comparisons` the report makes. That few rise is that many do not.
    """
    ratio = measure_ratio(rose, people, all_rose, all_people)
    return (
        ratio is not None
        and ratio < LEFT_OUT_PERCENT
        and find_tail(people - rose, people, all_people - all_rose, all_people) < CHANCE_PERCENT / 100 / comparisons
    )


def find_tail(fell: int, people: int, all_fell: int, all_people: int) -> float:
    """Give the probability that `fell` or more of a group fall, were the group drawn by lot from all people.

    The tail of the hypergeometric distribution, exact but for the rounding of floats: its first term by the logarithms
    of factorials, each next one from the one before, until they vanish. `fell` is above what is to be expected.
    """
    first = _log_choose(people, fell) + _log_choose(all_people - people, all_fell - fell)
    total = term = 1.0
    for hit in range(fell, min(people, all_fell)):
        term *= (people - hit) * (all_fell - hit)
        term /= (hit + 1) * (all_people - people - all_fell + hit + 1)
        total += term
        if term < total * _VANISHING:
            break
    return exp(first - _log_choose(all_people, all_fell)) * total


def _log_choose(many: int, few: int) -> float:
    return lgamma(many + 1) - lgamma(few + 1) - lgamma(many - few + 1)


def find_median(people: Mapping[int, int]) -> int:
    """Give the points of the person in the middle, the lower one of two; 0 where there is nobody."""
    left = (sum(people.values()) + 1) // 2
    for points in sorted(people):
        left -= people[points]
        if left <= 0:
            return points
    return 0


def band_points(
    people: tuple[Mapping[int, int], Mapping[int, int]], books: tuple[Rulebook, Rulebook], least: int
) -> tuple[PointsBand, ...]:
    """Count people by bands of points, before and after."""
    before, after = people
    return tuple(
        PointsBand(
            least=first, most=last, before=_tell(before, first, last, least), after=_tell(after, first, last, least)
        )
        for first, last in list_bands(*books)
    )


def band_changes(people: Mapping[int, int], least: int) -> tuple[ChangeBand, ...]:
    """Count people by how many points they gain or lose."""
    return tuple(
        ChangeBand(least=first, most=last, people=_tell(people, first, last, least)) for first, last in CHANGE_BANDS
    )


def pool_districts(people: Mapping[str, int], least: int) -> frozenset[str]:
    """Choose the districts that get a row of their own: the largest, none under `least`; the rest is pooled."""
    known = [code for code in people if code != UNKNOWN and people[code] >= least]
    return frozenset(sorted(known, key=lambda code: (-people[code], code))[:MOST_DISTRICTS])


def add_up(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Add rows of figures up, place by place."""
    return tuple(map(sum, zip(*rows, strict=True)))


def _tell(people: Mapping[int, int], first: int | None, last: int | None, least: int) -> int | None:
    inside = (
        count
        for points, count in people.items()
        if (first is None or points >= first) and (last is None or points <= last)
    )
    return tell_people(sum(inside), least=least)
