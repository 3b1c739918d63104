"""Working days as the State Council arranges them year by year: shifted workdays (调休补班) count, holidays do not.

A year's arrangement is published in the autumn before. What is not published is not known, and nothing is guessed: a
calendar of weekends and lunar feasts would be wrong on the shifted days. As the New Year's arrangement reaches back
into December (2018-12-29 was a workday by the one for 2019, 2018-12-31 a day off), the last week of the last published
year is not known either; in all years on file it reached back three days.
"""

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import chinese_calendar

_SATURDAY = 5
_OPEN_WEEK = 7  # days at the end of the last published year that the next year's arrangement may still shift


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working days from `known_from` to `known_until`, both included, in order."""

    known_from: date
    known_until: date
    days: tuple[date, ...] = field(repr=False)

    def count(self, first: date, last: date) -> int | None:
        """Count the working days after `first` up to and with `last`; None when one of these days is not known.

        The day on which a period begins does not count (民法典 Art. 201). Where `last` is not after `first`, it is 0.
        """
        if last <= first:
            return 0
        if not self._is_known_after(first) or last > self.known_until:
            return None
        return bisect_right(self.days, last) - bisect_right(self.days, first)

    def add(self, day: date, working_days: int) -> date | None:
        """Give the day on which a period of `working_days` (1 or more) from `day` ends; None when it is not known."""
        if working_days < 1:
            raise ValueError(f"a period of {working_days} working days has no last day; give 1 or more")
        position = bisect_right(self.days, day) + working_days - 1
        if not self._is_known_after(day) or position >= len(self.days):
            return None
        return self.days[position]

    def is_in_time(self, first: date, last: date, working_days: int) -> bool | None:
        """Tell whether `last` lies within `working_days` after `first`; None when that is not known.

        The period ends on its last working day: a Saturday after it is too late, though no further working day passed.
        """
        due_on = self.add(first, working_days)
        if due_on is not None:
            return last <= due_on
        # The end is not known. But it cannot have come before as many calendar days have passed.
        return True if (last - first).days <= working_days else None

    def _is_known_after(self, day: date) -> bool:
        return day >= self.known_from - timedelta(days=1)


def make_calendar(holidays: Collection[date], workdays: Collection[date]) -> WorkingCalendar:
    """Make the calendar of the years in which there is a holiday: days off on weekdays, and shifted workdays.

    The years must follow one another without a gap; the last seven days of the last one count as not known.
    """
    known_from = date(min(holidays).year, 1, 1)
    known_until = date(max(holidays).year, 12, 31) - timedelta(days=_OPEN_WEEK)
    all_days = (known_from + timedelta(days=number) for number in range((known_until - known_from).days + 1))
    working = (day for day in all_days if day in workdays or (day.weekday() < _SATURDAY and day not in holidays))
    return WorkingCalendar(known_from, known_until, tuple(working))


@cache
def read_published_calendar() -> WorkingCalendar:
    """Read the calendar that ships with the holiday library; a newer release of it knows one more year."""
    return make_calendar(chinese_calendar.holidays, chinese_calendar.workdays)


def count_working_days(first: date, last: date) -> int | None:
    """Count the working days after `first` up to and with `last`; None when the calendar is not published that far."""
    return read_published_calendar().count(first, last)


def add_working_days(day: date, working_days: int) -> date | None:
    """Give the last day of a period of `working_days` (1 or more) after `day`; None when it is not published yet."""
    return read_published_calendar().add(day, working_days)
