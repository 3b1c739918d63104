from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.windows import LocalCounters, Rate, Tally, read_rate

BEGIN = datetime(2026, 11, 22, 4, tzinfo=UTC)  # the beginning of a minute and of an hour
MINUTE = Rate(3, 60)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def count(counters: LocalCounters, *moments: float, rate: Rate = MINUTE) -> list[bool]:
    return [counters.count("key", rate, at(moment))[0] for moment in moments]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("120/minute", Rate(120, 60)),
        ("10/15 minutes", Rate(10, 900)),
        ("1/day", Rate(1, 86400)),
        ("5/second", Rate(5, 1)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "10", "0/minute", "10/minutes/2", "10 per minute", "１0/minute", "10/0 minutes"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="120/minute"):
        read_rate(text)


def test_a_window_takes_as_many_as_the_rate_says() -> None:
    assert count(LocalCounters(), 0, 1, 2, 3, 59) == [True, True, True, False, False]


def test_the_window_before_counts_for_the_share_that_is_still_covered() -> None:
    counters = LocalCounters()
    assert count(counters, 57, 58, 59) == [True] * 3
    assert count(counters, 60, 79, 81, 82) == [False, False, True, False]


def test_two_windows_later_all_is_forgotten() -> None:
    counters = LocalCounters()
    assert count(counters, 0, 1, 2) == [True] * 3
    assert count(counters, 120, 121, 122, 123) == [True, True, True, False]


def test_keys_are_counted_apart() -> None:
    counters = LocalCounters()
    assert count(counters, 0, 0, 0) == [True] * 3
    assert counters.count("other", MINUTE, at(0))[0]


def test_a_clock_that_is_set_back_lets_nobody_off() -> None:
    counters = LocalCounters()
    assert count(counters, 100, 101, 102, 10) == [True, True, True, False]


def test_looking_counts_nothing() -> None:
    counters = LocalCounters()
    assert count(counters, 0) == [True]
    assert [counters.look("key", MINUTE, at(1)) for _ in range(5)] == [Tally(1, 0, 1)] * 5


def test_where_nothing_is_counted_there_is_nothing_to_wait_for() -> None:
    tally = LocalCounters().look("key", MINUTE, at(1))
    assert (tally.count_remaining(MINUTE), tally.find_wait_s(MINUTE)) == (3, 1)


def test_what_has_passed_takes_no_room() -> None:
    counters = LocalCounters()
    for number in range(5000):
        counters.count(str(number), MINUTE, at(0))
    for number in range(5000):
        counters.count("key", Rate(10**6, 60), at(200 + number / 1000))
    assert len(counters._counted) == 1  # noqa: SLF001 - what is forgotten can be seen nowhere else


@given(amount=st.integers(1, 20), window_s=st.sampled_from([1, 60, 900]), gaps=st.lists(st.floats(0, 50), max_size=80))
def test_no_window_lets_more_through_and_who_waits_as_told_is_let_in(
    amount: int, window_s: int, gaps: list[float]
) -> None:
    counters, rate, moment, let_in = LocalCounters(), Rate(amount, window_s), 0.0, list[int]()
    for gap in gaps:
        moment += gap
        allowed, tally = counters.count("key", rate, at(moment))
        assert allowed or tally.count_remaining(rate) == 0
        let_in += [int(moment // window_s)] * allowed
        wait_s = tally.find_wait_s(rate)
        assert 1 <= wait_s <= 2 * window_s
        later = counters.look("key", rate, at(moment + wait_s))
        assert later.count_remaining(rate) > tally.count_remaining(rate) or tally.count_remaining(rate) == amount
    assert all(let_in.count(window) <= amount for window in set(let_in))
