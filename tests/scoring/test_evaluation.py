from datetime import date

from scoring.cases import sum_lines
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.records import EventKind, Record
from scoring.rulebook_document import read_rulebook
from scoring.statement import LineKind, Reason, Score
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT, TODAY, event, record


def score_of(*records: Record, as_of: date = TODAY, since: date | None = None) -> Score:
    return evaluate(records, RULEBOOK, as_of=as_of, known_at=end_of(as_of), since=since)


def fine(day: date, fen: int = 60_000, *, act: str | None = None) -> Record:
    return record("FINE", day, fields={"amount_fen": fen}, act=act)


def test_nobody_has_the_base() -> None:
    score = score_of()
    assert (score.points, score.level.code, len(score.lines), score.changes_on) == (100, "fair", 1, None)


def test_a_record_counts_from_its_day_and_no_longer_on_its_last() -> None:
    donation = record("BLOOD", date(2025, 6, 1))
    assert score_of(donation, as_of=date(2025, 5, 31)).points == 100
    assert score_of(donation, as_of=date(2025, 6, 1)).points == 110
    assert score_of(donation, as_of=date(2026, 5, 31)).points == 110
    lapsed = score_of(donation, as_of=date(2026, 6, 1))
    assert lapsed.points == 100
    assert [each.reason for each in lapsed.uncounted] == [Reason.LAPSED]


def test_validity_of_a_table_row_is_its_own() -> None:
    national = record("HONOUR", date(2021, 6, 2), fields={"grade": "nation"})
    municipal = record("HONOUR", date(2024, 6, 2), fields={"grade": "city"})
    assert score_of(national, municipal, as_of=date(2026, 6, 1)).points == 140
    assert score_of(national, municipal, as_of=date(2026, 6, 2)).points == 100


def test_a_choice_without_a_row_is_shown_and_not_counted() -> None:
    score = score_of(record("HONOUR", fields={"grade": "school"}), record("REGISTRATION"))
    assert score.points == 100
    assert [each.reason for each in score.uncounted] == [Reason.UNSCORED, Reason.UNSCORED]


def test_a_continuing_act_counts_until_its_end_and_so_many_months_after() -> None:
    open_arrears = record("ARREARS", date(2020, 1, 1), fields={"months": 3})
    paid = open_arrears._replace(ended_on=date(2025, 8, 15))
    assert score_of(open_arrears).points == 94
    assert score_of(paid, as_of=date(2026, 8, 14)).points == 94
    assert score_of(paid, as_of=date(2026, 8, 15)).points == 100


def test_of_one_act_the_largest_counts() -> None:
    score = score_of(
        fine(date(2026, 1, 1), act="A"),
        record("GRADED", date(2026, 1, 1), fields={"stated_points": -30}, act="A"),
        record("BLOOD", date(2026, 1, 1), act="A"),
    )
    assert score.points == 70
    assert [each.reason for each in score.uncounted] == [Reason.SAME_ACT, Reason.SAME_ACT]


def test_of_one_act_a_veto_stays_though_it_has_no_points() -> None:
    score = score_of(record("DEFAULTER", act="A"), fine(date(2026, 1, 1), act="A"))
    assert score.points == 100
    assert score.incentives_suspended


def test_an_act_does_not_come_back_when_its_weightiest_record_has_lapsed() -> None:
    fined = fine(date(2025, 5, 1), act="A")
    graded = record("GRADED", date(2025, 5, 1), fields={"stated_points": -10}, act="A")
    assert score_of(fined, graded, as_of=date(2026, 4, 30)).points == 80
    assert score_of(fined, graded, as_of=date(2026, 5, 1)).points == 100


def test_hours_follow_the_curve() -> None:
    for hours, points in ((1, 1), (20, 20), (21, 20), (22, 21), (80, 50), (83, 50), (84, 51)):
        score = score_of(record("HOURS", fields={"hours": hours}))
        assert score.points == 100 + points, hours


def test_a_curve_sums_over_records_and_each_shows_what_it_adds() -> None:
    score = score_of(
        record("HOURS", date(2026, 2, 1), fields={"hours": 15}),
        record("HOURS", date(2026, 1, 1), fields={"hours": 15}),
    )
    assert [line.points for line in score.lines if line.record] == [15, 10]


def test_a_second_minus_of_the_class_within_validity_counts_double() -> None:
    first, second = fine(date(2025, 7, 1)), fine(date(2026, 5, 1))
    score = score_of(first, second)
    assert sum_lines(score) == {"base": 100, "R-FINE": -40, "repeat": -20}
    after_first_lapsed = score_of(first, second, as_of=date(2026, 7, 1))
    assert sum_lines(after_first_lapsed) == {"base": 100, "R-FINE": -20, "repeat": -20}


def test_a_minus_after_the_earlier_lapsed_counts_once() -> None:
    assert score_of(fine(date(2025, 5, 1)), fine(date(2026, 5, 1))).points == 80


def test_a_withdrawn_earlier_minus_does_not_double() -> None:
    withdrawn = fine(date(2026, 1, 1))._replace(events=(event(EventKind.WITHDRAWN),))
    assert score_of(withdrawn, fine(date(2026, 5, 1))).points == 80


def test_records_of_one_act_do_not_repeat_one_another() -> None:
    assert score_of(fine(date(2026, 1, 1), act="A"), fine(date(2026, 1, 2), act="A")).points == 80


def test_yearly_limit_is_a_line_and_binds_each_year_alone() -> None:
    donations = [record("BLOOD", date(2025, month, 20), record_id=f"a{month}") for month in (7, 8, 9)]
    donations += [record("BLOOD", date(2026, month, 1), record_id=f"b{month}") for month in (1, 2)]
    score = score_of(*donations)
    assert sum_lines(score) == {"base": 100, "R-BLOOD": 50, "L-BLOOD": -10}


def test_minus_limit_of_a_year() -> None:
    fines = [fine(date(2026, month, 1)) for month in (1, 2, 3)]
    score = score_of(*fines)
    assert sum_lines(score) == {"base": 100, "R-FINE": -60, "repeat": -40, "L-FINES": 40}


def test_stars_replace_hours_when_higher() -> None:
    stars = record("STARS", fields={"stars": 4})
    assert sum_lines(score_of(stars, record("HOURS", fields={"hours": 10})))["X-VOLUNTEER"] == -10
    assert sum_lines(score_of(stars, record("HOURS", fields={"hours": 30})))["X-VOLUNTEER"] == -15


def test_a_dimension_limit_counts_what_earlier_cuts_left() -> None:
    score = score_of(
        record("STARS", fields={"stars": 5}),
        record("HOURS", fields={"hours": 84}),
        *(record("BLOOD", date(2026, 1, day), record_id=f"d{day}") for day in (1, 2, 3)),
    )
    assert score.dimensions["deeds"] == 60
    assert sum_lines(score)["L-DEEDS"] == -11


def test_a_veto_freezes_plus_suspends_incentives_and_caps_the_level() -> None:
    listed = record("DEFAULTER", date(2025, 1, 1))
    score = score_of(listed, record("BLOOD"), fine(date(2026, 1, 1), 100))
    assert (score.points, score.level.code, score.incentives_suspended) == (95, "low", True)
    assert sum_lines(score)["freeze"] == -10
    free = score_of(listed._replace(ended_on=TODAY), record("BLOOD"), fine(date(2026, 1, 1), 100))
    assert (free.points, free.level.code, free.incentives_suspended) == (105, "fair", False)


def test_an_open_objection_suspends_a_minus_until_decided() -> None:
    objected = fine(date(2026, 1, 1))._replace(events=(event(EventKind.OBJECTED),))
    decided = objected._replace(events=(event(EventKind.OBJECTED), event(EventKind.DECIDED)))
    again = objected._replace(events=(event(EventKind.OBJECTED), event(EventKind.DECIDED), event(EventKind.OBJECTED)))
    assert score_of(objected).points == 100
    assert [each.reason for each in score_of(objected).uncounted] == [Reason.SUSPENDED]
    assert score_of(decided).points == 80
    assert score_of(again).points == 80


def test_an_objection_to_a_plus_suspends_nothing() -> None:
    assert score_of(record("BLOOD", events=(event(EventKind.OBJECTED),))).points == 110


def test_floor_and_ceiling_are_lines() -> None:
    graded = [
        record("GRADED", date(2026, 1, day), fields={"stated_points": -50}, record_id=str(day)) for day in (1, 2, 3)
    ]
    low = score_of(*graded)
    assert low.points == 0
    assert sum_lines(low)["clamp"] == 150
    high = score_of(
        *(record("HONOUR", date(2026, 1, day), fields={"grade": "nation"}) for day in range(1, 6)),
    )
    assert (high.points, sum_lines(high)["clamp"]) == (200, -50)


def test_clean_years_since_the_account_was_opened() -> None:
    assert score_of(since=date(2023, 6, 1)).points == 110
    assert score_of(since=date(2024, 1, 1)).points == 110
    assert score_of(since=date(2010, 1, 1)).points == 120
    marred = fine(date(2024, 3, 1), 100)
    assert score_of(marred, since=date(2010, 1, 1)).points == 105


def test_a_continuing_minus_mars_every_year_it_lasts() -> None:
    arrears = record("ARREARS", date(2021, 1, 1), fields={"months": 1}, ended_on=date(2023, 5, 1))
    assert score_of(arrears, since=date(2010, 1, 1)).points == 110


def test_level_edges_are_as_stated() -> None:
    edges = {79: "low", 80: "fair", 119: "fair", 120: "high", 150: "high", 151: "top"}
    assert {points: RULEBOOK.level_of(points).code for points in edges} == edges


def test_every_line_has_its_day_of_lapse_and_its_grounds() -> None:
    score = score_of(record("BLOOD", date(2026, 1, 31)))
    line = next(line for line in score.lines if line.kind is LineKind.RECORD)
    assert line.lapses_on == date(2027, 1, 31)
    assert line.grounds is not None
    assert line.grounds.basis == "小城办法第四条"


def test_two_of_one_day_repeat_nothing() -> None:
    pair = [fine(date(2026, 5, 1)), fine(date(2026, 5, 1), 100)]
    for first, second in ((0, 1), (1, 0)):
        records = [pair[first]._replace(record_id="1"), pair[second]._replace(record_id="2")]
        assert score_of(*records).points == 75


def test_a_record_that_does_not_stand_for_its_act_repeats_nothing() -> None:
    hidden = fine(date(2026, 1, 1), act="A")
    graded = record("GRADED", date(2026, 1, 1), fields={"stated_points": -30}, act="A")
    assert score_of(hidden, graded, fine(date(2026, 5, 1))).points == 50


def test_while_the_weightiest_of_an_act_is_objected_to_no_other_comes_up() -> None:
    objected = record(
        "GRADED", date(2026, 1, 1), fields={"stated_points": -30}, act="A", events=(event(EventKind.OBJECTED),)
    )
    score = score_of(objected, fine(date(2026, 1, 1), act="A"))
    assert score.points == 100
    assert {each.reason for each in score.uncounted} == {Reason.SUSPENDED, Reason.SAME_ACT}


def test_of_one_act_on_a_curve_the_larger_amount_stands() -> None:
    short = record("HOURS", date(2026, 1, 1), fields={"hours": 1}, act="A")
    long = record("HOURS", date(2026, 1, 2), fields={"hours": 9}, act="A")
    assert score_of(short, long).points == 109


def test_a_yearly_limit_binds_what_is_in_force() -> None:
    donations = [record("BLOOD", date(2025, month, 20), record_id=f"a{month}") for month in (1, 6, 12)]
    assert score_of(*donations, as_of=date(2026, 1, 19)).points == 120
    assert score_of(*donations, as_of=date(2026, 1, 20)).points == 120
    assert score_of(*donations, as_of=date(2026, 6, 20)).points == 110


def test_limits_of_rules_come_before_the_highest_only_group() -> None:
    text = RULEBOOK_TEXT.replace('rules = ["R-BLOOD"]', 'rules = ["R-HOURS"]').replace("at_most = 20", "at_most = 5")
    rulebook = read_rulebook(text, "limited hours", CATALOGUE)
    stars = record("STARS", fields={"stars": 5})
    hours = record("HOURS", fields={"hours": 20})
    alone = evaluate([stars], rulebook, as_of=TODAY, known_at=end_of(TODAY))
    together = evaluate([stars, hours], rulebook, as_of=TODAY, known_at=end_of(TODAY))
    assert alone.points == together.points == 115
