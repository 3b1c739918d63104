"""When rows of files were checked: a file is read after it was received, perhaps long after."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from backend.gateways.working_days import read_published_calendar
from backend.records.file_tables import READING_FAILED
from backend.reports import quality
from backend.reports.counts import ReceiptCount, Span, count_receipts
from backend.reports.figures import Share
from backend.reports.quality import measure_quality
from backend.reports.tables import count_unread_files
from backend.storage.database import Database
from tests.backend.reports.handing_in import (
    HEALTH,
    MINUTE,
    RULES,
    TRAFFIC,
    add_receipt,
    close_file,
    noon_of,
    open_batch,
    open_file,
    open_offices,
)

OCTOBER = Span(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31))


def read_check(database: Database, today: str) -> tuple[Share, int, int]:
    """The platform's clock: in time, pending and not judged."""
    with database.reading() as session:
        calendar, day = read_published_calendar(), date.fromisoformat(today)
        (figures,) = measure_quality(session, OCTOBER, rules=RULES, calendar=calendar, today=day)
    assert figures.check is not None
    return figures.check.in_time, figures.check.pending, figures.check.not_judged


def hand_in_file(database: Database, ended_on: str | None, fault_code: str | None = None) -> None:
    """A batch of one row and a file of three (one of them refused), received on Monday 2026-10-12."""
    open_offices(database)
    with database.transaction() as session:
        add_receipt(session, open_batch(session, noon_of("2026-10-12")))
        file = open_file(session, noon_of("2026-10-12"))
        for outcome in ("accepted", "duplicate", "refused"):
            add_receipt(session, file, outcome)
        if ended_on is not None:
            close_file(session, file, noon_of(ended_on), fault_code)


@pytest.mark.parametrize(
    ("ended_on", "today", "expected"),
    [
        ("2026-10-12", "2026-11-22", (Share(4, 4), 0, 0)),
        ("2026-10-19", "2026-11-22", (Share(4, 4), 0, 0)),  # 13, 14, 15, 16, 19: the fifth
        ("2026-10-20", "2026-11-22", (Share(1, 4), 0, 0)),  # the sixth
        (None, "2026-10-12", (Share(1, 1), 3, 0)),  # may still be in time
        (None, "2026-10-19", (Share(1, 1), 3, 0)),
        (None, "2026-10-20", (Share(1, 4), 0, 0)),  # too late already
    ],
)
def test_rows_of_a_file_are_checked_when_it_has_ended(
    database: Database, ended_on: str | None, today: str, expected: tuple[Share, int, int]
) -> None:
    hand_in_file(database, ended_on)
    assert read_check(database, today) == expected


def test_rows_of_a_file_given_up_late_are_late(database: Database) -> None:
    hand_in_file(database, "2026-10-20", "not_csv")
    assert read_check(database, "2026-11-22") == (Share(1, 4), 0, 0)


def test_a_file_that_will_be_read_on_is_not_checked_yet(database: Database) -> None:
    hand_in_file(database, "2026-10-13", READING_FAILED)
    assert read_check(database, "2026-10-19") == (Share(1, 1), 3, 0)
    assert read_check(database, "2026-10-20") == (Share(1, 4), 0, 0)


def test_the_end_of_a_file_is_a_day_of_the_city(database: Database) -> None:
    open_offices(database)
    midnight = noon_of("2026-10-20") - timedelta(hours=12)
    with database.transaction() as session:
        for ended_at in (midnight - MINUTE, midnight):
            file = open_file(session, noon_of("2026-10-12"))
            add_receipt(session, file)
            close_file(session, file, ended_at)
    assert read_check(database, "2026-11-22") == (Share(1, 2), 0, 0)


def count_as_checked_at_once(session: Session, span: Span) -> Iterator[ReceiptCount]:
    """A planted defect: whatever was received is said to have been checked on that day."""
    return (each._replace(checked_on=each.received_on) for each in count_receipts(session, span))


def test_a_planted_check_at_once_is_caught(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in_file(database, "2026-10-20")
    monkeypatch.setattr(quality, "count_receipts", count_as_checked_at_once)
    assert read_check(database, "2026-11-22") == (Share(4, 4), 0, 0) != (Share(1, 4), 0, 0)


def test_unread_files_are_those_of_the_span_that_hand_something_in(database: Database) -> None:
    open_offices(database)
    with database.transaction() as session:
        for received_at in (OCTOBER.since - MINUTE, OCTOBER.since, OCTOBER.before - MINUTE, OCTOBER.before):
            open_file(session, received_at)
        open_file(session, OCTOBER.since, HEALTH)
        open_file(session, OCTOBER.since, dry_run=True)
        for fault_code in (None, "not_csv", READING_FAILED):
            close_file(session, open_file(session, OCTOBER.since), OCTOBER.before, fault_code)
        counted = {
            department: count_unread_files(session, department=department, since=OCTOBER.since, before=OCTOBER.before)
            for department in (None, TRAFFIC, HEALTH, "taxation")
        }
    assert counted == {None: 4, TRAFFIC: 3, HEALTH: 1, "taxation": 0}
