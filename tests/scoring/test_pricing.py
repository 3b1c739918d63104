from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scoring.pricing import Curve, Segment, Stair, Validity

YEAR = Validity(12, from_end=False)


def draw_curve(widths: list[tuple[int, int, int]], *, closed: bool = False) -> Curve:
    """Draw a curve from segments given as width, points and per."""
    segments, end = [], 0
    for number, (width, points, per) in enumerate(widths, start=1):
        end += width
        segments.append(Segment(end if closed or number < len(widths) else None, points, per))
    return Curve("amount", by_year=False, segments=tuple(segments), stairs=(), validity=YEAR)


def climb(curve: Curve, amount: int) -> int:
    """Walk up segment by segment: the whole steps of each, up to the amount."""
    points = start = 0
    for segment in curve.segments:
        end = amount if segment.to is None else min(segment.to, amount)
        points += max(0, end - start) // segment.per * segment.points
        start = segment.to or start
    return points


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3), st.integers(1, 7)), min_size=1, max_size=4),
    st.integers(0, 200),
    st.booleans(),
)
def test_a_curve_gives_the_whole_steps_of_each_segment(
    widths: list[tuple[int, int, int]],
    amount: int,
    closed: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    curve = draw_curve(widths, closed=closed)
    assert curve.points_at(amount) == climb(curve, amount)
    assert curve.price({"amount": amount}) == (climb(curve, amount), YEAR)


def test_stairs_give_the_highest_one_reached() -> None:
    curve = Curve("amount", by_year=False, segments=(), stairs=(Stair(5, 2), Stair(30, 9)), validity=YEAR)
    expected = {0: 0, 4: 0, 5: 2, 29: 2, 30: 9, 999: 9}
    assert {amount: curve.points_at(amount) for amount in expected} == expected


def test_an_absent_or_negative_amount_has_no_price() -> None:
    curve = draw_curve([(10, 1, 1)])
    assert curve.price({}) is None
    assert curve.price({"amount": -1}) is None
    assert curve.price({"amount": "9"}) is None


def test_months_run_from_the_day_or_from_the_end() -> None:
    day, end = date(2026, 1, 31), date(2026, 8, 31)
    assert YEAR.ends_on(day, end) == date(2027, 1, 31)
    assert Validity(1, from_end=True).ends_on(day, end) == date(2026, 9, 30)
    assert Validity(None, from_end=True).ends_on(day, end) == end
    assert Validity(1, from_end=True).ends_on(day, None) is None
