from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.comparison import Cause
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.forecast import forecast
from scoring.history import history
from scoring.records import Record
from scoring.statement import LineKind, Score
from scoring.what_if import what_if
from tests.scoring.small_city import EARLY, RULEBOOK
from tests.scoring.strategies import LAST, days, moments, people

SINCE = date(2021, 1, 1)


def score_of(records: list[Record], as_of: date, known_at: datetime | None = None) -> Score:
    return evaluate(records, RULEBOOK, as_of=as_of, known_at=known_at or end_of(as_of), since=SINCE)


@given(people, days)
def test_lines_sum_to_the_score_and_dimensions_to_their_lines(records: list[Record], as_of: date) -> None:
    score = score_of(records, as_of)
    assert sum(line.points for line in score.lines) == score.points
    assert RULEBOOK.floor <= score.points <= RULEBOOK.ceiling
    sums: dict[str, int] = defaultdict(int)
    for line in score.lines:
        sums[line.dimension] += line.points
    del sums[""]
    assert {name: points for name, points in score.dimensions.items() if points} == {
        name: points for name, points in sums.items() if points
    }


@given(people, days, st.randoms(use_true_random=False))
def test_the_order_of_records_never_matters(records: list[Record], as_of: date, random: Random) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)
    assert score_of(shuffled, as_of) == score_of(records, as_of)


@given(people, days, moments)
def test_what_was_not_known_yet_changes_nothing(records: list[Record], as_of: date, known_at: datetime) -> None:
    known = [
        record._replace(events=tuple(event for event in record.events if event.known_at <= known_at))
        for record in records
        if record.known_at <= known_at
    ]
    replayed, seen_then = score_of(records, as_of, known_at), score_of(known, as_of, known_at)
    assert replayed.points == seen_then.points
    assert [line[:3] for line in replayed.lines] == [line[:3] for line in seen_then.lines]


@given(people, days)
def test_limits_are_never_exceeded(records: list[Record], as_of: date) -> None:
    score = score_of(records, as_of)
    if score.incentives_suspended:
        assert all(points <= 0 for points in score.dimensions.values())
    assert score.dimensions["deeds"] <= 60
    blood: dict[int, int] = defaultdict(int)
    for line in score.lines:
        if line.kind is LineKind.RECORD and line.record and line.record.indicator == "BLOOD":
            blood[line.record.occurred_on.year] += line.points
    bites = sum(line.points for line in score.lines if line.cause_id == "L-BLOOD")
    assert bites == -sum(max(0, points - 20) for points in blood.values())


@given(people, days)
def test_nothing_changes_before_the_day_that_is_announced(records: list[Record], as_of: date) -> None:
    known_at = end_of(LAST)
    score = score_of(records, as_of, known_at)
    until = score.changes_on or as_of + timedelta(days=400)
    middle = as_of + (until - as_of) / 2
    for day in {middle, until - timedelta(days=1)}:
        if day >= as_of:
            assert score_of(records, day, known_at).lines == score.lines


@given(people, days)
def test_forecast_agrees_with_evaluation_on_each_of_its_days(records: list[Record], as_of: date) -> None:
    known_at = end_of(LAST)
    points = score_of(records, as_of, known_at).points
    for step in forecast(records, [RULEBOOK], as_of=as_of, known_at=known_at, since=SINCE):
        assert step.before.points == points
        points = step.after.points
        assert points == score_of(records, step.on, known_at).points
        assert sum(change.points for change in step.changes) == step.after.points - step.before.points


@given(people, days)
def test_one_more_good_deed_never_costs_points(records: list[Record], as_of: date) -> None:
    known_at = end_of(LAST)
    # A second record of one act is no further deed: the weightier one stands for the act, also when it has lapsed.
    acts = Counter(record.act for record in records)
    for index, record in enumerate(records):
        is_deed = record.indicator in {"HONOUR", "HOURS", "STARS", "BLOOD"} and not record.events
        if is_deed and (record.act is None or acts[record.act] == 1):
            without = records[:index] + records[index + 1 :]
            assert score_of(records, as_of, known_at).points >= score_of(without, as_of, known_at).points


@given(people)
@settings(max_examples=15)
def test_no_day_of_the_past_or_the_future_is_missed(records: list[Record]) -> None:
    until = end_of(LAST)
    first, past = history(records, [RULEBOOK], since=SINCE, until=until)
    seen = {step.on: step.after.points for step in past}
    points, day = first.points, SINCE
    while day <= LAST:
        points = seen.get(day, points)
        assert score_of(records, day).points == points, day
        day += timedelta(days=1)
    coming = {
        step.on: step.after.points for step in forecast(records, [RULEBOOK], as_of=LAST, known_at=until, since=SINCE)
    }
    points, day = score_of(records, LAST, until).points, LAST
    while day < date(2029, 1, 1):
        points = coming.get(day, points)
        assert score_of(records, day, until).points == points, day
        day += timedelta(days=1)


@given(people)
def test_history_is_what_was_seen_on_each_day(records: list[Record]) -> None:
    until = end_of(LAST)
    first, steps = history(records, [RULEBOOK], since=SINCE, until=until)
    assert [step.on for step in steps] == sorted({step.on for step in steps})
    for earlier, later in pairwise([first, *(step.after for step in steps)]):
        day_before = later.as_of - timedelta(days=1)
        assert score_of(records, day_before).points == earlier.points
        assert score_of(records, later.as_of).points == later.points
    for step in steps:
        assert sum(change.points for change in step.changes) == step.after.points - step.before.points


@given(people, days)
def test_supposing_a_record_is_having_it(records: list[Record], as_of: date) -> None:
    known_at = end_of(LAST)
    for index in range(len(records)):
        without = records[:index] + records[index + 1 :]
        supposed = what_if(without, RULEBOOK, added=[records[index]], as_of=as_of, known_at=known_at, since=SINCE)
        assert supposed.after == score_of(records, as_of, known_at)
        removed = what_if(
            records,
            RULEBOOK,
            removed=frozenset({records[index].record_id}),
            as_of=as_of,
            known_at=known_at,
            since=SINCE,
        )
        assert removed.after == score_of(without, as_of, known_at)


# Of one act a lighter record stands when the weightier one is supposed away; it has lapsed, and another repeats it.
LIGHTER = Record("lighter", "ARREARS", EARLY, SINCE, SINCE, {"months": 1}, act="act-1")
WEIGHTIER = Record("weightier", "FINE", EARLY, SINCE, None, {"amount_fen": 0}, act="act-1")
REPEATING = Record("repeating", "ARREARS", EARLY, SINCE + timedelta(days=1), None, {"months": 1})


@given(people)
@example([LIGHTER, WEIGHTIER, REPEATING])
def test_whatever_changes_has_a_cause(records: list[Record]) -> None:
    until = end_of(LAST)
    _, past = history(records, [RULEBOOK], since=SINCE, until=until)
    future = forecast(records, [RULEBOOK], as_of=LAST, known_at=until, since=SINCE)
    supposed = [
        what_if(records, RULEBOOK, removed=frozenset({each.record_id}), as_of=LAST, known_at=until, since=SINCE)
        for each in records
    ]
    found = [(step.before, step.after, step.changes) for step in (*past, *future)]
    found += [(each.before, each.after, each.changes) for each in supposed]
    for before, after, changes in found:
        if (before.points, before.level) != (after.points, after.level):
            assert any(change.cause is not Cause.FOLLOWS for change in changes), changes
