from datetime import UTC, date, datetime

import pytest

from scoring.comparison import Cause
from scoring.days import end_of
from scoring.forecast import list_coming_editions
from scoring.history import history
from scoring.records import Content, Event, EventKind
from scoring.rulebook import NoRulebookError, rulebook_on
from scoring.rulebook_document import read_rulebook
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT, event, record

SINCE = date(2026, 1, 15)


def noon(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 4, tzinfo=UTC)


def test_each_step_has_its_cause() -> None:
    fine = record(
        "FINE",
        date(2026, 2, 1),
        fields={"amount_fen": 60_000},
        known_at=noon(2, 10),
        events=(
            Event(EventKind.OBJECTED, noon(2, 12)),
            Event(EventKind.DECIDED, noon(2, 20)),
            Event(EventKind.CORRECTED, noon(3, 1), Content(date(2026, 2, 1), fields={"amount_fen": 100})),
            Event(EventKind.REPAIRED, noon(5, 1)),
        ),
    )
    donation = record("BLOOD", date(2025, 4, 1))
    first, steps = history([fine, donation], [RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    assert first.points == 110
    assert [(step.on.isoformat(), step.after.points, step.changes[0].cause) for step in steps] == [
        ("2026-02-10", 90, Cause.REPORTED),
        ("2026-02-12", 110, Cause.OBJECTED),
        ("2026-02-20", 90, Cause.DECIDED),
        ("2026-03-01", 105, Cause.CORRECTED),
        ("2026-04-01", 95, Cause.LAPSED),
        ("2026-05-01", 100, Cause.REPAIRED),
    ]


def test_a_new_edition_of_the_rulebook_is_a_cause() -> None:
    text = RULEBOOK_TEXT.replace('version = "1"', 'version = "2"', 1).replace("2020-01-01", "2026-03-01", 1)
    newer = read_rulebook(text.replace("points = 10\nvalid", "points = 13\nvalid"), "newer", CATALOGUE)
    donation = record("BLOOD", date(2026, 1, 1))
    _, steps = history([donation], [newer, RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    assert [(step.on, step.after.points, step.changes[0].cause) for step in steps] == [
        (date(2026, 3, 1), 113, Cause.RULES)
    ]
    (coming,) = list_coming_editions(
        [donation], [newer, RULEBOOK], as_of=date(2026, 2, 1), known_at=noon(2, 1), since=SINCE
    )
    for told in (steps[0].transition, coming.transition):
        assert told is not None
        assert [(share.id, share.before.points, share.after.points) for share in told.shares] == [("R-BLOOD", 110, 113)]


def test_a_late_report_shows_on_the_day_it_became_known() -> None:
    late = record("BLOOD", date(2026, 1, 20), known_at=noon(4, 1))
    _, steps = history([late], [RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    assert [step.on for step in steps] == [date(2026, 4, 1)]


def test_before_the_first_edition_there_is_no_score() -> None:
    with pytest.raises(NoRulebookError, match="2019-12-31"):
        rulebook_on([RULEBOOK], date(2019, 12, 31))


def test_an_account_older_than_the_first_edition_has_a_history_from_that_edition_on() -> None:
    donation = record("BLOOD", date(2019, 12, 1))
    first, steps = history([donation], [RULEBOOK], since=date(2019, 6, 1), until=end_of(date(2021, 6, 1)))
    assert (first.as_of, first.points) == (date(2020, 1, 1), 110)
    assert [step.on for step in steps] == [date(2020, 12, 1), date(2021, 1, 1)]


def test_a_veto_is_named_as_the_cause_of_the_level_it_takes() -> None:
    listed = record("DEFAULTER", date(2026, 2, 1), known_at=noon(2, 10), ended_on=date(2026, 5, 1))
    _, steps = history([listed], [RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    told = [
        (step.on.isoformat(), step.after.level.code, [(each.cause, each.line.cause_id) for each in step.changes])
        for step in steps
    ]
    assert told == [
        ("2026-02-10", "low", [(Cause.REPORTED, "R-DEFAULTER")]),
        ("2026-05-01", "fair", [(Cause.LAPSED, "R-DEFAULTER")]),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("at_most = 20\nbasis", "at_most = 10\nbasis", (110, "fair")),
        ("at_least = 120", "at_least = 121", (120, "fair")),
    ],
)
def test_an_edition_that_moves_only_a_limit_or_an_edge_is_a_cause(old: str, new: str, told: tuple[int, str]) -> None:
    assert old in RULEBOOK_TEXT
    text = RULEBOOK_TEXT.replace('version = "1"', 'version = "2"', 1).replace("2020-01-01", "2026-03-01", 1)
    newer = read_rulebook(text.replace(old, new), "newer", CATALOGUE)
    donations = [record("BLOOD", date(2026, 1, day)) for day in (1, 2)]
    _, (step,) = history(donations, [newer, RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    assert (step.after.points, step.after.level.code) == told
    assert {change.cause for change in step.changes} == {Cause.RULES}


def test_a_line_that_goes_when_a_weightier_record_of_its_act_begins_has_that_cause() -> None:
    arrears = record("ARREARS", date(2026, 2, 1), fields={"months": 1}, act="A")
    listed = record("DEFAULTER", date(2026, 3, 1), act="A", events=(event(EventKind.OBJECTED),))
    _, steps = history([arrears, listed], [RULEBOOK], since=SINCE, until=end_of(date(2026, 6, 1)))
    assert [(step.on, step.after.points, [change.cause for change in step.changes]) for step in steps] == [
        (date(2026, 2, 1), 98, [Cause.STARTED]),
        (date(2026, 3, 1), 100, [Cause.STARTED]),
    ]
