from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.working_days import (
    WorkingCalendar,
    add_working_days,
    count_working_days,
    make_calendar,
    read_published_calendar,
)

PUBLISHED = read_published_calendar()
KNOWN = st.dates(PUBLISHED.known_from, PUBLISHED.known_until)

# The State Council's arrangements for 2025 and for 2026 (the latter of 2025-11-04), counted by hand.
SHIFTED_WORKDAYS = (
    *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
)
HOLIDAYS_ON_WEEKDAYS = (
    *("2025-01-28", "2025-02-04", "2025-05-05", "2025-10-08"),
    *("2026-01-02", "2026-02-16", "2026-02-23", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07"),
)
COUNTED = (
    ("2026-11-20", "2026-11-20", 0),  # a Friday: the day itself does not count
    ("2026-11-20", "2026-11-22", 0),  # and no weekend
    ("2026-11-20", "2026-11-23", 1),
    ("2026-11-02", "2026-11-11", 7),  # Monday; 3 4 5 6 9 10 11
    ("2026-02-13", "2026-02-14", 1),  # a Saturday that is a workday
    ("2026-02-13", "2026-02-24", 2),  # 14 and 24: the Spring Festival lies between
    ("2026-02-24", "2026-03-02", 5),  # 25 26 27 28 (a Saturday) and 2
    ("2025-09-26", "2025-10-11", 6),  # 28 (a Sunday), 29, 30, then 9, 10 and 11 (a Saturday)
    ("2018-12-28", "2019-01-02", 2),  # 29 (a Saturday, by the arrangement for 2019) and 2
)
SEVEN_LATER = (
    ("2026-11-02", "2026-11-11"),
    ("2026-02-13", "2026-03-02"),  # 14, 24, 25, 26, 27, 28, 2
    ("2025-09-26", "2025-10-13"),  # 28, 29, 30, 9, 10, 11, 13
)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize("shifted", SHIFTED_WORKDAYS)
def test_a_shifted_workday_counts_though_it_lies_on_a_weekend(shifted: str) -> None:
    assert day(shifted).weekday() >= 5
    assert count_working_days(day(shifted) - timedelta(days=1), day(shifted)) == 1


@pytest.mark.parametrize("holiday", HOLIDAYS_ON_WEEKDAYS)
def test_a_holiday_does_not_count_though_it_lies_on_a_weekday(holiday: str) -> None:
    assert day(holiday).weekday() < 5
    assert count_working_days(day(holiday) - timedelta(days=1), day(holiday)) == 0


@pytest.mark.parametrize(("first", "last", "counted"), COUNTED)
def test_working_days_are_counted_as_by_hand(first: str, last: str, counted: int) -> None:
    assert count_working_days(day(first), day(last)) == counted


@pytest.mark.parametrize(("first", "due"), SEVEN_LATER)
def test_a_period_of_seven_ends_as_by_hand(first: str, due: str) -> None:
    assert add_working_days(day(first), 7) == day(due)


def count_calendar_days(_: WorkingCalendar, first: date, last: date) -> int:
    return (last - first).days


def count_weekdays(_: WorkingCalendar, first: date, last: date) -> int:
    days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
    return sum(each.weekday() < 5 for each in days)


def count_with_the_first(calendar: WorkingCalendar, first: date, last: date) -> int | None:
    return calendar.count(first - timedelta(days=1), last)


@pytest.mark.parametrize("defect", [count_calendar_days, count_weekdays, count_with_the_first])
def test_planted_defects_are_caught_by_the_facts(
    defect: Callable[[WorkingCalendar, date, date], int | None],
) -> None:
    wrong = [case for case in COUNTED if defect(PUBLISHED, day(case[0]), day(case[1])) != case[2]]
    assert len(wrong) >= 2


def test_a_saturday_after_the_last_working_day_is_too_late() -> None:
    assert PUBLISHED.is_in_time(day("2026-10-28"), day("2026-11-06"), 7) is True  # the seventh: a Friday
    assert PUBLISHED.count(day("2026-10-28"), day("2026-11-07")) == 7
    assert PUBLISHED.is_in_time(day("2026-10-28"), day("2026-11-07"), 7) is False


def test_what_is_not_published_is_not_known() -> None:
    beyond = PUBLISHED.known_until + timedelta(days=1)
    assert count_working_days(PUBLISHED.known_until, beyond) is None
    assert count_working_days(beyond, beyond + timedelta(days=1)) is None
    assert add_working_days(PUBLISHED.known_until, 1) is None
    assert count_working_days(date(2003, 12, 30), date(2004, 1, 5)) is None
    assert add_working_days(date(2003, 12, 30), 7) is None
    assert count_working_days(date(2003, 12, 31), date(2004, 1, 2)) == 1


def test_the_last_week_of_a_year_waits_for_the_next_arrangement() -> None:
    assert PUBLISHED.known_until.month == 12
    assert PUBLISHED.known_until.day == 24
    known = {each for each in chinese_calendar.workdays if each <= date(2018, 12, 31)}
    as_of_2018 = make_calendar([each for each in chinese_calendar.holidays if each.year <= 2018], known)
    assert as_of_2018.known_until == date(2018, 12, 24)
    assert as_of_2018.count(date(2018, 12, 28), date(2018, 12, 29)) is None  # by then nobody knew that it is a workday
    reach = [each for each in chinese_calendar.workdays if (each.month, each.day) > (12, 1)]
    assert min((each.month, each.day) for each in reach) == (12, 29)


def test_what_is_surely_in_time_is_said_though_the_end_is_not_known() -> None:
    first = PUBLISHED.known_until - timedelta(days=1)
    assert PUBLISHED.is_in_time(first, first + timedelta(days=7), 7) is True
    assert PUBLISHED.is_in_time(first, first + timedelta(days=8), 7) is None


@given(KNOWN, KNOWN)
def test_it_agrees_with_the_library_day_by_day(one: date, other: date) -> None:
    first, last = sorted((one, min(other, one + timedelta(days=30))))
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    assert count_working_days(first, last) == sum(chinese_calendar.is_workday(each) for each in days)


@given(KNOWN, st.integers(1, 40))
def test_the_end_of_a_period_is_a_working_day_and_counts_back(first: date, length: int) -> None:
    due_on = add_working_days(first, length)
    if due_on is None:
        assert first > PUBLISHED.known_until - timedelta(days=100)
        return
    assert chinese_calendar.is_workday(due_on)
    assert count_working_days(first, due_on) == length


def test_nothing_passes_before_a_day_and_a_period_has_a_length() -> None:
    assert count_working_days(date(2026, 3, 2), date(2026, 3, 1)) == 0
    with pytest.raises(ValueError, match="give 1 or more"):
        add_working_days(date(2026, 3, 2), 0)


def test_the_published_years_have_no_gap() -> None:
    years = sorted({each.year for each in chinese_calendar.holidays})
    assert all(later - earlier == 1 for earlier, later in pairwise(years))
