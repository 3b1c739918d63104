from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scoring.repeats import Minuses

FIRST = date(2026, 1, 1)
minuses = st.tuples(
    st.integers(0, 12).map(lambda days: FIRST + timedelta(days=days)),
    st.sampled_from(["fine", "arrears"]),
    st.none() | st.integers(-2, 12).map(lambda days: FIRST + timedelta(days=days)),
)


@given(st.lists(minuses, max_size=12))
def test_a_minus_repeats_one_of_its_class_from_an_earlier_day_that_is_in_force(
    told: list[tuple[date, str, date | None]],
) -> None:
    told.sort(key=lambda minus: minus[0])
    held = Minuses()
    for number, (day, repeat_class, ends_on) in enumerate(told):
        held.add(day, repeat_class, ends_on)
        assert held.has_earlier(day, repeat_class) == any(
            before < day and of_class == repeat_class and (end is None or day < end)
            for before, of_class, end in told[:number]
        )
