"""What a reader can work out of what is published, by trying every city that could have been published so.

Groups are hidden below 4 people here instead of 20, so that all cities can be tried.
"""

from collections.abc import Callable, Iterable
from itertools import product

import pytest

from backend.impact.telling import LEAST_GROUP
from backend.reports.suppression import add_published, publish

K = 4
MOST = 3 * K + 1  # people of a cell: more would only repeat what is tried
City = tuple[int, ...]


def publish_all(city: City, offsets: Iterable[int]) -> tuple[int | None, ...]:
    """All that is published of a day: each cell, and a sum of what is shown."""
    shown = tuple(publish(n, offset, least=K) for n, offset in zip(city, offsets, strict=True))
    return (*shown, add_published(shown))


def publish_with_exact_sum(city: City, offsets: Iterable[int]) -> tuple[int | None, ...]:
    """A planted defect: the sum beside the rounded cells is that of the exact ones."""
    return (*publish_all(city, offsets), sum(city))


def find_widths(city: City, offsets: tuple[int, ...], read: Callable[[City, tuple[int, ...]], object]) -> list[int]:
    """How many values each cell may have, for whoever reads what `read` publishes and knows how, but no secret."""
    seen = read(city, offsets)
    possible = [
        other
        for other in product(range(2 * K + K), repeat=len(city))
        if any(read(other, secret) == seen for secret in product(range(K), repeat=len(city)))
    ]
    return [len({other[place] for other in possible}) for place in range(len(city))]


def test_a_published_day_leaves_each_cell_its_values() -> None:
    """2k - 1 values: 39 of 20. That is fewer than the values of a cell, or it would say nothing."""
    for city in product((0, K - 1, K, K + 1), repeat=2):
        for offsets in ((0, 0), (K - 1, 1)):
            widths = find_widths(city, offsets, publish_all)
            assert all(width >= 2 * K - 1 for width in widths), (city, offsets, widths)


def test_a_planted_exact_sum_is_found() -> None:
    assert min(find_widths((0, 0), (0, 0), publish_with_exact_sum)) == 1


def find_histories(movements: tuple[int, ...], seen: tuple[int | None, ...], secrets: Iterable[int]) -> set[int]:
    """The first numbers of a cell that fit what was published day by day, for whoever knows every movement."""
    found = set()
    for first, secret in product(range(MOST + K), secrets):
        days = [first + moved for moved in movements]
        if min(days) >= 0 and tuple(publish(n, secret, least=K) for n in days) == seen:
            found.add(first)
    return found


@pytest.mark.parametrize("secret", range(K))
def test_whoever_knows_all_movements_is_left_with_k_values(secret: int) -> None:
    """A cell that grows by one a day passes every border, and was never nearly empty."""
    for first in (K - 1, 2 * K - 1, 2 * K):
        movements = tuple(range(2 * K))
        seen = tuple(publish(first + moved, secret, least=K) for moved in movements)
        assert len(find_histories(movements, seen, range(K))) == K


def test_without_the_secret_one_border_would_tell_the_number() -> None:
    """A planted defect: plain rounding down, with no secret."""
    movements = tuple(range(2 * K))
    seen = tuple(publish(K + 1 + moved, 0, least=K) for moved in movements)
    assert find_histories(movements, seen, (0,)) == {K + 1}


def test_no_small_group_is_ever_shown_and_nothing_is_made_larger() -> None:
    for people, offset in product(range(3 * LEAST_GROUP), range(LEAST_GROUP)):
        shown = publish(people, offset)
        assert shown is None or (people >= LEAST_GROUP and people - 2 * LEAST_GROUP < shown <= people)
        assert shown is not None or people < 2 * LEAST_GROUP - 1
    assert add_published([None, None]) is None
    assert add_published([40, None, 20]) == 60
