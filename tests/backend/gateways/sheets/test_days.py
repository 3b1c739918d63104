from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from backend.gateways.sheets.days import count_days, read_day
from backend.gateways.sheets.sheet import Cell, CellFault

FIRST_OF_MARCH = date(2026, 3, 1)
NO_DAY = CellFault("cell_not_a_day")


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-01",
        "2026-3-1",
        "2026/03/01",
        "2026.3.1",
        "20260301",
        "20260301.0",
        "2026年3月1日",
        "２０２６年０３月０１日",
        "2026 年 3 月 1 日",
        "2026－03－01",
        " 2026/3/1 0:00:00",
        "2026-03-01T08:30:00",
        "46082",
        46082,
        46082.5,
        20260301,
        date(2026, 3, 1),
        datetime(2026, 3, 1, 14, 30),  # noqa: DTZ001 - a cell knows no time zone
    ],
    ids=repr,
)
def test_spellings_of_one_day(cell: Cell) -> None:
    assert read_day(cell) == FIRST_OF_MARCH


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("2026", "cell_day_incomplete"),
        (2026, "cell_day_incomplete"),
        ("2026年3月", "cell_day_incomplete"),
        ("2026-3", "cell_day_incomplete"),
        ("2026-02-30", "cell_no_such_day"),
        ("20261301", "cell_no_such_day"),
        ("3/1/2026", "cell_not_a_day"),
        ("26.3.1", "cell_not_a_day"),
        ("2026-3/1", "cell_not_a_day"),
        ("2026-03-01T08:30:00Z", "cell_not_a_day"),  # elsewhere it may be another day
        ("昨天", "cell_not_a_day"),
        (60, "cell_not_a_day"),
        (-1, "cell_not_a_day"),
        (3_000_000, "cell_not_a_day"),
        (True, "cell_not_a_day"),
        (time(8), "cell_not_a_day"),
        (timedelta(1), "cell_not_a_day"),
    ],
    ids=repr,
)
def test_what_is_no_day(cell: Cell, fault: str) -> None:
    read = read_day(cell)
    assert isinstance(read, CellFault)
    assert read.code in {fault, "cell_no_such_day" if cell == 3_000_000 else fault}


@pytest.mark.parametrize("cell", [None, "", "无", "/", "—"], ids=repr)
def test_no_day_at_all(cell: Cell) -> None:
    assert read_day(cell) is None


@pytest.mark.parametrize(
    ("serial", "day"),
    [(1, date(1900, 1, 1)), (59, date(1900, 2, 28)), (60, NO_DAY), (61, date(1900, 3, 1)), (0, NO_DAY)],
    ids=repr,
)
def test_the_day_that_never_was(serial: int, day: object) -> None:
    assert count_days(serial) == day


@given(st.dates(date(1904, 1, 2), date(9990, 1, 1)))
def test_both_counts_find_every_day(day: date) -> None:
    since_1904 = (day - date(1904, 1, 1)).days
    assert count_days(since_1904 + 1462) == day
    assert count_days(since_1904, counts_from_1904=True) == day


@given(st.integers(61, 2_900_000))
def test_the_counts_agree_with_openpyxl(serial: int) -> None:
    for epoch, since_1904 in ((CALENDAR_WINDOWS_1900, False), (CALENDAR_MAC_1904, True)):
        moment = from_excel(serial, epoch)
        assert isinstance(moment, datetime)
        assert moment.date() == count_days(serial, counts_from_1904=since_1904)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_in_every_spelling(day: date) -> None:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"):
        assert read_day(day.strftime(form)) == day
    assert read_day(datetime.combine(day, time(), UTC)) == day


def test_a_count_without_the_leap_day_would_be_caught() -> None:
    """The twin that forgets 29 February 1900 is a day off ever after."""
    assert date(1899, 12, 31) + timedelta(46082) != read_day(46082)
