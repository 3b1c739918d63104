"""Figures against counts made by hand, over the National Day holiday of 2026 with its shifted workday (10-10)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import chinese_calendar
import pytest
from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules
from backend.gateways.working_days import WorkingCalendar, make_calendar, read_published_calendar
from backend.records.receipts import Outcome
from backend.reports import quality
from backend.reports.counts import ReceiptCount, Span, count_receipts
from backend.reports.figures import Delay, Share
from backend.reports.quality import QualityFigures, measure_quality
from backend.storage.database import Database
from scoring.catalogue import Deadline, Item
from tests.backend.reports.handing_in import (
    DONATION,
    FINE,
    HEALTH,
    MINUTE,
    RULES,
    TRAFFIC,
    add_receipt,
    change,
    noon_of,
    open_batch,
    open_offices,
    quarantine,
)

PUBLISHED = read_published_calendar()
OCTOBER = Span(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31))


def measure(
    database: Database,
    span: Span = OCTOBER,
    *,
    rules: CityRules = RULES,
    calendar: WorkingCalendar = PUBLISHED,
    today: str = "2026-11-22",
) -> tuple[QualityFigures, ...]:
    with database.reading() as session:
        return measure_quality(session, span, rules=rules, calendar=calendar, today=date.fromisoformat(today))


def hand_in_october(session: Session) -> None:
    """Ten rows of the traffic police, received on Monday 2026-10-12.

    Working days after 09-24 (Thursday): 09-28, 09-29, 09-30, 10-08, 10-09, 10-10 (a Saturday), 10-12: seven.
    After 09-23 the 24th comes before them: eight.
    """
    batch = open_batch(session, noon_of("2026-10-12"))
    accepted = [
        add_receipt(session, batch, occurred_on=day, items_given=1)
        for day in ("2026-09-24", "2026-09-24", "2026-09-23", "2026-10-12")
    ]
    accepted.append(add_receipt(session, batch))  # as rows were kept before the columns came
    change(session, accepted[0], "corrected", "corrected", known_at=batch.received_at)
    change(session, accepted[1], "corrected", "withdrawn", known_at=batch.received_at)
    change(session, accepted[2], "objected", known_at=batch.received_at)
    add_receipt(session, batch, "duplicate", occurred_on="2026-09-24", items_given=1)
    for code in ("no_document", "no_document", "not_final"):
        add_receipt(session, batch, "refused", code=code, occurred_on="2026-09-24", items_given=1)
    quarantine(session, batch, noon_of("2026-10-19"))  # 13, 14, 15, 16, 19: the fifth


@pytest.fixture
def filled(database: Database) -> Database:
    """The rows of October, once on each engine."""
    open_offices(database)
    with database.transaction() as session:
        hand_in_october(session)
    return database


def test_figures_are_those_counted_by_hand(filled: Database) -> None:
    (figures,) = measure(filled)
    assert (figures.department, figures.indicator, figures.handed_in) == (TRAFFIC, FINE, 10)
    assert figures.outcomes == {
        Outcome.ACCEPTED: Share(5, 10),
        Outcome.DUPLICATE: Share(1, 10),
        Outcome.REFUSED: Share(3, 10),
        Outcome.QUARANTINED: Share(1, 10),
    }
    assert figures.refusals == (("no_document", Share(2, 10)), ("not_final", Share(1, 10)))
    assert figures.timeliness is not None
    assert figures.timeliness.in_time == Share(3, 4)
    assert (figures.timeliness.pending, figures.timeliness.not_judged) == (0, 1)
    assert figures.timeliness.deadline.working_days == 7
    assert figures.delay == Delay(rows=4, median_working_days=7, worst_working_days=8, not_known=1)
    assert figures.check is not None
    assert figures.check.in_time == Share(10, 10)
    assert figures.check.deadline == Deadline(working_days=5, basis="《河南省社会信用条例》第十七条第二款")
    assert figures.completeness == Share(0, 0)
    assert (figures.corrected, figures.withdrawn) == (Share(2, 5), Share(1, 5))
    assert (figures.differing, figures.without_document) == (Share(0, 0), 0)


class FirstDayCounts(WorkingCalendar):
    """A planted defect: the day of the decision counts."""

    __slots__ = ()

    def add(self, day: date, working_days: int) -> date | None:
        return WorkingCalendar.add(self, day - timedelta(days=1), working_days)

    def count(self, first: date, last: date) -> int | None:
        return WorkingCalendar.count(self, first - timedelta(days=1), last)


def count_every_day() -> WorkingCalendar:
    length = (PUBLISHED.known_until - PUBLISHED.known_from).days
    days = tuple(PUBLISHED.known_from + timedelta(days=number) for number in range(length + 1))
    return replace(PUBLISHED, days=days)


DEFECTS = {
    "calendar days": count_every_day(),
    "the decision day counts": FirstDayCounts(PUBLISHED.known_from, PUBLISHED.known_until, PUBLISHED.days),
    "shifted workdays are ignored": make_calendar(chinese_calendar.holidays, ()),
    "holidays are ignored": make_calendar([date(2004, 1, 1), date(2026, 12, 31)], chinese_calendar.workdays),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_planted_defects_of_the_calendar_give_other_figures(filled: Database, defect: str) -> None:
    (figures,) = measure(filled, calendar=DEFECTS[defect])
    assert figures.timeliness is not None
    assert figures.timeliness.in_time != Share(3, 4)
    assert figures.delay != Delay(rows=4, median_working_days=7, worst_working_days=8, not_known=1)


def count_refused_as_accepted(session: Session, span: Span) -> Iterator[ReceiptCount]:
    """A planted defect: refused rows get into the figures that are about accepted ones."""
    for each in count_receipts(session, span):
        refused = each.outcome == Outcome.REFUSED
        yield each._replace(outcome="accepted", occurred_on=date(2026, 9, 24)) if refused else each


def test_a_planted_denominator_with_refused_rows_is_caught(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "count_receipts", count_refused_as_accepted)
    (figures,) = measure(filled)
    assert figures.timeliness is not None
    assert figures.timeliness.in_time == Share(6, 7) != Share(3, 4)
    assert figures.corrected == Share(2, 8) != Share(2, 5)


def test_a_saturday_after_the_seventh_working_day_is_late(database: Database) -> None:
    open_offices(database)
    with database.transaction() as session:  # 10-28 is a Wednesday; 29 30 2 3 4 5 6: the seventh is Friday 11-06
        for received_on in ("2026-11-06", "2026-11-07"):
            add_receipt(session, open_batch(session, noon_of(received_on)), occurred_on="2026-10-28")
    (figures,) = measure(database, Span(first_on=date(2026, 11, 1), last_on=date(2026, 11, 30)))
    assert figures.timeliness is not None
    assert figures.timeliness.in_time == Share(1, 2)
    assert figures.delay == Delay(rows=2, median_working_days=7, worst_working_days=7, not_known=0)


@pytest.mark.parametrize(
    ("decided_on", "today", "expected"),
    [
        ("2026-10-19", "2026-11-22", (Share(1, 1), 0, 0)),
        ("2026-10-20", "2026-11-22", (Share(0, 1), 0, 0)),  # the sixth
        (None, "2026-10-16", (Share(0, 0), 1, 0)),  # may still be in time
        (None, "2026-10-19", (Share(0, 0), 1, 0)),
        (None, "2026-10-20", (Share(0, 1), 0, 0)),  # too late already
    ],
)
def test_the_platform_answers_for_rows_that_wait(
    database: Database, decided_on: str | None, today: str, expected: tuple[Share, int, int]
) -> None:
    open_offices(database)
    with database.transaction() as session:
        batch = open_batch(session, noon_of("2026-10-12"))
        quarantine(session, batch, None if decided_on is None else noon_of(decided_on))
    (figures,) = measure(database, today=today)
    assert figures.check is not None
    assert (figures.check.in_time, figures.check.pending, figures.check.not_judged) == expected
    assert figures.timeliness is not None
    assert figures.timeliness.in_time.permille is None


def test_beyond_the_published_calendar_nothing_is_guessed(database: Database) -> None:
    open_offices(database)
    published = make_calendar(
        [day for day in chinese_calendar.holidays if day.year <= 2025],
        [day for day in chinese_calendar.workdays if day.year <= 2025],
    )
    with database.transaction() as session:
        batch = open_batch(session, noon_of("2026-01-08"))
        for occurred_on in ("2025-12-15", "2025-12-22", "2026-01-05"):
            add_receipt(session, batch, occurred_on=occurred_on)
        quarantine(session, batch, noon_of("2026-01-20"))
    (figures,) = measure(database, Span(first_on=date(2026, 1, 1), last_on=date(2026, 1, 31)), calendar=published)
    assert figures.timeliness is not None
    # 12-15: due on 12-24, the last day known. 12-22: due on a day that nobody knows. 01-05: three days at most.
    assert (figures.timeliness.in_time, figures.timeliness.not_judged) == (Share(1, 2), 1)
    assert figures.delay == Delay(rows=0, median_working_days=None, worst_working_days=None, not_known=3)
    assert figures.check is not None
    assert (figures.check.in_time, figures.check.not_judged) == (Share(3, 3), 1)


def let_items_be_optional() -> CityRules:
    """The city's rules with two further items of a fine that may be left out."""
    edition = RULES.editions[-1]
    indicator = edition.catalogue.indicators[FINE]
    (given,) = indicator.items.values()
    further = {name: replace(given, name=name, required=False) for name in ("place_no", "speed_kmh")}
    items: dict[str, Item] = {given.name: given, **further}
    indicators = {**edition.catalogue.indicators, FINE: replace(indicator, items=items)}
    catalogue = replace(edition.catalogue, indicators=indicators)
    return replace(RULES, editions=(*RULES.editions[:-1], replace(edition, catalogue=catalogue)))


def test_completeness_counts_optional_items_of_accepted_rows(database: Database) -> None:
    open_offices(database)
    with database.transaction() as session:
        batch = open_batch(session, noon_of("2026-10-12"))
        for items_given in (1, 2, 3, 3, None):  # 0, 1, 2 and 2 of two optional ones each, and one that tells nothing
            add_receipt(session, batch, items_given=items_given)
        add_receipt(session, batch, "refused", items_given=3)
    (figures,) = measure(database, rules=let_items_be_optional())
    assert figures.completeness == Share(5, 8)
    assert figures.completeness.permille == 625
    (plain,) = measure(database)
    assert plain.completeness.permille is None


def test_without_a_clock_in_the_catalogue_there_is_no_timeliness(database: Database) -> None:
    open_offices(database)
    with database.transaction() as session:
        batch = open_batch(session, noon_of("2026-10-12"), HEALTH)
        add_receipt(session, batch, indicator=DONATION, occurred_on="2026-10-09")
        add_receipt(session, batch, "refused", indicator=None, code="malformed_row")
    malformed, donation = measure(database)
    assert (malformed.indicator, malformed.handed_in, malformed.timeliness) == (None, 1, None)
    assert malformed.check is not None
    assert donation.timeliness is None
    assert donation.delay == Delay(rows=1, median_working_days=2, worst_working_days=2, not_known=0)
    before = Span(first_on=date(2019, 1, 1), last_on=date(2019, 12, 31))
    with database.transaction() as session:  # before the first catalogue no clock ran
        add_receipt(session, open_batch(session, noon_of("2019-03-01"), HEALTH), indicator=DONATION)
    (old,) = measure(database, before)
    assert (old.timeliness, old.check, old.handed_in) == (None, None, 1)


def test_days_are_days_of_the_city(database: Database) -> None:
    open_offices(database)
    midnight = noon_of("2026-10-12") - timedelta(hours=12)
    with database.transaction() as session:
        for received_at in (midnight - MINUTE, midnight, midnight + timedelta(days=1) - MINUTE):
            add_receipt(session, open_batch(session, received_at), occurred_on="2026-10-09")
    (sunday,) = measure(database, Span(first_on=date(2026, 10, 11), last_on=date(2026, 10, 11)))
    assert (sunday.handed_in, sunday.delay.worst_working_days) == (1, 1)  # Saturday the 10th was a workday
    (monday,) = measure(database, Span(first_on=date(2026, 10, 12), last_on=date(2026, 10, 12)))
    assert (monday.handed_in, monday.delay.worst_working_days) == (2, 2)


def test_a_span_can_be_narrowed(filled: Database) -> None:
    with filled.transaction() as session:
        add_receipt(session, open_batch(session, noon_of("2026-10-12"), HEALTH), indicator=DONATION)
        add_receipt(session, open_batch(session, noon_of("2026-09-30"), TRAFFIC))
    assert [each.department for each in measure(filled)] == [HEALTH, TRAFFIC]
    assert [each.department for each in measure(filled, replace(OCTOBER, department=TRAFFIC))] == [TRAFFIC]
    assert [each.indicator for each in measure(filled, replace(OCTOBER, indicator=DONATION))] == [DONATION]
    assert measure(filled, replace(OCTOBER, department=HEALTH, indicator=FINE)) == ()


def test_a_share_of_nothing_has_no_rate_and_none_is_rounded_up_to_all() -> None:
    assert Share(0, 0).permille is None
    assert Share(0, 3).permille == 0
    assert Share(2, 3).permille == 666
    assert Share(9999, 10000).permille == 999
    assert Share(7, 7).permille == 1000
