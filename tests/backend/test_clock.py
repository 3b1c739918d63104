from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from backend.clock import FixedClock, SystemClock, format_moment, today

MIDNIGHT = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)  # 1 March, 00:00 in Zhengzhou


def test_the_system_clock_is_aware_and_goes_on() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(MIDNIGHT.astimezone(timezone(timedelta(hours=8))))
    assert clock.now() == MIDNIGHT
    assert clock.now().utcoffset() == timedelta(0)
    clock.move(timedelta(seconds=-1))
    assert clock.now() == MIDNIGHT - timedelta(seconds=1)


def test_the_day_changes_at_midnight_of_the_city() -> None:
    assert today(MIDNIGHT) == date(2026, 3, 1)
    assert today(MIDNIGHT - timedelta(microseconds=1)) == date(2026, 2, 28)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        FixedClock(MIDNIGHT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="has no time zone"):
        today(MIDNIGHT.replace(tzinfo=None))


def test_moments_are_written_in_utc() -> None:
    assert format_moment(datetime(2026, 11, 22, 4, tzinfo=UTC)) == "2026-11-22T04:00:00Z"
    with pytest.raises(ValueError, match="time zone"):
        format_moment(datetime(2026, 11, 22, 4))  # noqa: DTZ001 - that is the point
