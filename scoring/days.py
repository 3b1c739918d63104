"""City days and calendar months. China keeps one time all year, UTC+8."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

CITY_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)
MONTHS_A_YEAR = 12
SHORTEST_MONTH = 28
# Of these days scores are computed. A record may count a hundred years, and the calendar must reach as far.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
MONTHS_AHEAD = 120  # that anything is planned or measured: ten years; a day that is further off is a slip of the pen


def day_of(moment: datetime) -> date:
    """Give the city day of an aware moment; a naive moment is refused with ValueError."""
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone; an aware moment such as one in UTC is needed"
        raise ValueError(message)
    return moment.astimezone(CITY_TIME).date()


def end_of(day: date) -> datetime:
    """Give the last moment of a city day, in UTC: one microsecond before the next day begins."""
    midnight = datetime.combine(day, time(), CITY_TIME).astimezone(UTC)
    return midnight + ONE_DAY - timedelta(microseconds=1)


def check_day(day: date) -> None:
    """Raise ValueError where no score is computed of a day: `evaluate` and `plan_scores` refuse the same ones."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"no score is computed of {day}; give a day from {FIRST_DAY} to {LAST_DAY}")


@lru_cache(maxsize=8192)  # people's records share few days, and every record asks for its day of lapse
def add_months(day: date, months: int) -> date:
    """Move a day by calendar months; where the target month is too short, its last day is taken."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    if year > date.max.year:
        return date.max
    if day.day <= SHORTEST_MONTH:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def new_year_after(day: date) -> date:
    """Give the first day of the next calendar year."""
    return date(day.year + 1, 1, 1)


def age_on(born_on: date, day: date) -> int:
    """Count completed years of life; a birthday counts from its own day (29 February: from 1 March in common years)."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
