"""Groups of people: bands of age and points, what is kept back of small ones, and how hard one is hit.

The disparity ratio is the share of losers in a group over the share of losers among all people. That a rate which
differs from the reference by more than a fifth deserves a look is the four-fifths convention of adverse impact (US
Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D, 1978), which compares rates of selection. To use
it for rates of loss, turned round (5/4), and with all people as the reference, is our own choice. It is a reason to
look, and no finding of law. The same guidelines leave differences of small numbers aside, and two standard deviations
are the usual bound of that (Hazelwood School District v. United States, 433 U.S. 299, 1977): both must be passed.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from backend.impact.figures import ChangeBand, PointsBand
from scoring.rulebook import Rulebook

STANDS_OUT_PERCENT = 125  # five quarters: the four-fifths convention turned round
POINTS_WIDTH = 10
UNKNOWN = "unknown"
ELSEWHERE = "elsewhere"
CHANGE_BANDS: tuple[tuple[int | None, int | None], ...] = (
    *((None, -20), (-19, -10), (-9, -5), (-4, -1)),
    (0, 0),
    *((1, 4), (5, 9), (10, 19), (20, None)),
)
MOST_DISTRICTS = 16  # with more, a table is a list that nobody reads

Key = TypeVar("Key", bound=Hashable)
Band: TypeAlias = tuple[int, int]


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


def find_small(
    views: Sequence[Mapping[Key, int]],
    least: int,
    *,
    sums: Iterable[Collection[Key]] = (),
    forced: Collection[Key] = (),
) -> frozenset[Key]:
    """Find the groups of a breakdown to keep back: those under `least`, and more until they hide one another.

    `views` count the same groups in several ways, such as before and after; what is small in one is kept back in all.
    Whatever is kept back can be computed together, from the sum of all or one of `sums`, the parts that add up to
    something known. So in each it is two groups or more, with at least `least` people (or all there are): the smallest
    of the others join. Groups without anybody tell of nobody and stay, unless they are `forced`.
    """
    keys = list(dict.fromkeys(key for view in views for key in view))
    kept = {key for key in keys if key in forced or any(0 < view.get(key, 0) < least for view in views)}
    groups = [*map(set, sums), set(keys)]
    while added := [
        joining for view in views for group in groups if (joining := _find_joining(view, group, kept, least))
    ]:
        kept.update(added[0])
    return frozenset(kept)


def _find_joining(view: Mapping[Key, int], group: set[Key], kept: set[Key], least: int) -> tuple[Key, ...]:
    """Find the group that has to be kept back too, so that this sum tells of none alone."""
    held = [view.get(key, 0) for key in group & kept if view.get(key, 0)]
    if not held or (len(held) > 1 and sum(held) >= least):
        return ()
    others = [key for key in group - kept if view.get(key, 0)]
    return tuple(sorted(others, key=lambda key: (view[key], str(key)))[:1])


def measure_ratio(fell: int, people: int, all_fell: int, all_people: int) -> int | None:
    """Give the disparity ratio in whole percent, a half rounded up; None where nobody fell at all."""
    if not people or not all_fell:
        return None
    return (2 * 100 * fell * all_people + people * all_fell) // (2 * people * all_fell)


def stands_out(fell: int, people: int, all_fell: int, all_people: int) -> bool:
    """Tell whether a group is hit so much harder than all people that somebody should look at it.

    Its ratio is above five quarters, and it lies more than two standard deviations above what chance would give: of
    few people a few more or less make another ratio.
    """
    excess = fell * all_people - people * all_fell
    ratio = measure_ratio(fell, people, all_fell, all_people) or 0
    return ratio > STANDS_OUT_PERCENT and excess**2 > 4 * people * all_fell * (all_people - all_fell)


def find_median(people: Mapping[int, int]) -> int:
    """Give the points of the person in the middle, the lower one of two; 0 where there is nobody."""
    left = (sum(people.values()) + 1) // 2
    for points in sorted(people):
        left -= people[points]
        if left <= 0:
            return points
    return 0


def band_points(
    people: tuple[Mapping[int, int], Mapping[int, int]],
    books: tuple[Rulebook, Rulebook],
    hidden_levels: Collection[str],
    least: int,
) -> tuple[PointsBand, ...]:
    """Count people by bands of ten points, before and after; the last band holds the ceiling.

    The bands of a level add up to it, or nearly: they are kept back so that neither tells of the other.
    """
    floor, ceiling = min(book.floor for book in books), max(book.ceiling for book in books)
    starts = range(floor, max(ceiling, floor + 1), POINTS_WIDTH)
    bands = [(start, start + POINTS_WIDTH - 1 if start + POINTS_WIDTH < ceiling else ceiling) for start in starts]
    shown = [_show_bands(bands, each, book, hidden_levels, least) for each, book in zip(people, books, strict=True)]
    return tuple(
        PointsBand(least=first, most=last, before=before, after=after)
        for (first, last), before, after in zip(bands, *shown, strict=True)
    )


def _show_bands(
    bands: Sequence[Band], people: Mapping[int, int], book: Rulebook, hidden_levels: Collection[str], least: int
) -> list[int | None]:
    counts = {band: _count(people, *band) for band in bands}
    above = book.ceiling
    forced: set[Band] = set()
    sums: list[list[Band]] = []
    for level in book.levels:
        begin = book.floor if level.at_least is None else level.at_least
        inside = [band for band in bands if band[1] >= begin and band[0] <= above]
        sums.append(inside)
        if level.code in hidden_levels:
            forced.update(inside)
        above = begin - 1
    small = find_small([counts], least, sums=sums, forced=forced)
    return [None if band in small else counts[band] for band in bands]


def band_changes(people: Mapping[int, int]) -> tuple[ChangeBand, ...]:
    """Count people by how many points they gain or lose: what happens to all people, told of no group."""
    return tuple(ChangeBand(least=first, most=last, people=_count(people, first, last)) for first, last in CHANGE_BANDS)


def pool_districts(people: Mapping[str, int], least: int) -> frozenset[str]:
    """Choose the districts that get a row of their own: the largest, none under `least`; the rest is pooled."""
    known = [code for code in people if code != UNKNOWN and people[code] >= least]
    return frozenset(sorted(known, key=lambda code: (-people[code], code))[:MOST_DISTRICTS])


def add_up(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Add rows of figures up, place by place."""
    return tuple(map(sum, zip(*rows, strict=True)))


def _count(people: Mapping[int, int], first: int | None, last: int | None) -> int:
    return sum(
        count
        for points, count in people.items()
        if (first is None or points >= first) and (last is None or points <= last)
    )
