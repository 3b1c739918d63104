"""Bands of points: each possible score lies in exactly one, and the last one holds the ceiling."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scoring.bands import Band, find_band, find_dimension_band, list_bands
from scoring.rulebook import Rulebook
from tests.scoring.small_city import RULEBOOK


def limit(floor: int, ceiling: int) -> Rulebook:
    return replace(RULEBOOK, floor=floor, ceiling=ceiling)


def test_the_last_band_holds_the_ceiling() -> None:
    assert list_bands(limit(0, 200))[-2:] == (Band(180, 189), Band(190, 200))
    assert list_bands(limit(0, 205))[-2:] == (Band(190, 199), Band(200, 205))
    assert list_bands(limit(0, 100), limit(-20, 30)) == (Band(-20, -11), Band(-10, -1), *list_bands(limit(0, 100)))
    assert find_dimension_band(-11) == Band(-20, -11)


@given(st.integers(-50, 50), st.integers(1, 60), st.data())
def test_every_score_lies_in_one_of_the_bands(floor: int, height: int, data: st.DataObject) -> None:
    book = limit(floor, floor + height)
    points = data.draw(st.integers(book.floor, book.ceiling))
    around = [band for band in list_bands(book) if band.first <= points <= band.last]
    assert around == [find_band(points, book)]
