from datetime import date

from scoring.days import end_of
from scoring.records import Record
from scoring.route import Route, route
from scoring.rulebook_document import read_rulebook
from tests.scoring.small_city import CATALOGUE, RULEBOOK, RULEBOOK_TEXT, TODAY, record


def route_of(*records: Record, since: date | None = None) -> Route:
    return route(records, [RULEBOOK], as_of=TODAY, known_at=end_of(TODAY), since=since)


def in_words(found: Route) -> list[tuple[tuple[tuple[str, int], ...], int]]:
    return [(tuple((action.rule.id, action.amount) for action in way.actions), way.points) for way in found.ways]


def test_the_smallest_sets_that_reach_the_next_level() -> None:
    found = route_of()
    assert (found.target and found.target.code, found.missing) == ("high", 20)
    assert in_words(found) == [((("R-HOURS", 20),), 120), ((("R-HOURS", 10), ("R-BLOOD", 1)), 120)]


def test_curves_are_climbed_only_as_far_as_needed() -> None:
    found = route_of(record("HOURS", date(2026, 1, 1), fields={"hours": 15}))
    assert in_words(found) == [((("R-HOURS", 5),), 120), ((("R-BLOOD", 1),), 125)]


def test_a_cap_already_used_closes_an_action() -> None:
    donations = [record("BLOOD", date(2026, month, 1)) for month in (1, 2)]
    minus = record("GRADED", fields={"stated_points": -10})
    found = route_of(*donations, minus)
    assert in_words(found) == [((("R-HOURS", 10),), 120)]
    cap = next(cap for cap in found.caps if cap.limit.id == "L-BLOOD")
    assert (cap.used, cap.at_most, cap.year) == (20, 20, 2026)


def test_a_repair_whose_time_has_come_is_an_action() -> None:
    fine = record("FINE", date(2026, 3, 1), fields={"amount_fen": 60_000})
    honour = record("HONOUR", fields={"grade": "city"})
    found = route_of(fine, honour, record("BLOOD", date(2026, 1, 1)))
    repaired = [way for way in found.ways if any(action.repairs for action in way.actions)]
    assert [way.points for way in repaired] == [120]
    too_early = route_of(fine._replace(occurred_on=date(2026, 3, 2)), honour, record("BLOOD", date(2026, 1, 1)))
    assert not any(action.repairs for way in too_early.ways for action in way.actions)


def test_waiting_alone_may_get_there() -> None:
    fine = record("FINE", date(2025, 9, 1), fields={"amount_fen": 60_000})
    found = route_of(fine, record("HONOUR", fields={"grade": "nation"}))
    assert found.waiting_on == date(2026, 9, 1)


def test_a_veto_blocks_every_way() -> None:
    found = route_of(record("DEFAULTER", date(2025, 1, 1)))
    assert found.ways == ()
    assert [line.cause_id for line in found.blocked_by] == ["R-DEFAULTER"]
    assert found.waiting_on is None


def test_at_the_top_there_is_nothing_to_reach() -> None:
    found = route_of(*(record("HONOUR", date(2026, 1, day), fields={"grade": "nation"}) for day in (1, 2)))
    assert (found.target, found.ways) == (None, ())


def test_the_repair_of_a_veto_is_never_lost_among_others() -> None:
    text = RULEBOOK_TEXT.replace('id = "R-DEFAULTER"', 'id = "R-DEFAULTER"\nrepairable_after_months = 3')
    rulebook = read_rulebook(text.replace('valid = { until = "end" }', "valid = { months = 60 }"), "veto", CATALOGUE)
    fines = [record("FINE", date(2026, 1, day), fields={"amount_fen": 100}) for day in range(1, 9)]
    listed = record("DEFAULTER", date(2025, 1, 1), ended_on=date(2025, 3, 1))
    honour = record("HONOUR", fields={"grade": "nation"})
    found = route([*fines, listed, honour], [rulebook], as_of=TODAY, known_at=end_of(TODAY))
    assert [line.cause_id for line in found.blocked_by] == ["R-DEFAULTER"]
    assert found.ways
    assert all(any(action.rule.id == "R-DEFAULTER" for action in way.actions) for way in found.ways)
    going_on = route([*fines, listed._replace(ended_on=None), honour], [rulebook], as_of=TODAY, known_at=end_of(TODAY))
    assert going_on.ways == ()


def test_a_wider_cap_counts_what_a_narrower_one_left() -> None:
    donations = [record("BLOOD", date(2026, month, 1)) for month in (1, 2, 3)]
    used = {cap.limit.id: cap.used for cap in route_of(*donations).caps}
    assert used == {"L-BLOOD": 20, "L-DEEDS": 20}
