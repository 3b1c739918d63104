"""Benefits and refusals of a few people, counted by hand, on both databases."""

from datetime import date
from uuid import uuid4

import pytest

from backend.grants.grant import GrantState
from backend.impact.telling import tell_people
from backend.reports.benefit_figures import (
    Fate,
    Whose,
    count_benefit_people,
    measure_benefits,
    name_cell,
    tell_fen,
)
from backend.reports.refusals import end_of_month, find_month_refusal, measure_refusals
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from tests.backend.builders import add_person
from tests.backend.reports.giving import ask, give, noon, note_use

BIKE, LIBRARY = "shared_bike", "library_card"
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def given(database: Database) -> Database:
    """Four people: one with two library cards and a bike, one who gave a card back, and two visitors."""
    with database.transaction() as session:
        ada, bo, cy, di = (add_person(session) for _ in range(4))
        give(session, ada, LIBRARY, GrantState.COMPLETED, "2026-11-02", final_fen=0)
        give(session, ada, LIBRARY, GrantState.IN_USE, "2026-11-03")
        give(session, ada, BIKE, GrantState.BROKEN, "2026-11-30", agreed_fen=30_000, final_fen=20_000)
        give(session, bo, LIBRARY, GrantState.COMPLETED, "2026-11-01", final_fen=500)
        give(session, cy, LIBRARY, GrantState.EXPIRED, "2026-11-04", via="visitor")
        note_use(session, di, give(session, di, LIBRARY, GrantState.RESERVED, "2026-10-31"))
        note_use(session, di, give(session, di, LIBRARY, GrantState.OVERDUE, "2026-11-05"))
    return database


def test_what_was_given_adds_up(given: Database) -> None:
    with given.reading() as session:
        residents, visitors, bike = measure_benefits(session, *NOVEMBER, least=1)
    assert (bike.scenario, bike.whose, bike.people, bike.granted) == (BIKE, Whose.RESIDENT, 1, 1)
    assert (bike.agreed_fen, bike.held_fen, bike.final_fen) == (30_000, 0, 20_000)
    assert (residents.scenario, residents.people, residents.granted) == (LIBRARY, 2, 3)
    assert (residents.agreed_fen, residents.held_fen, residents.final_fen) == (30_000, 10_000, 500)
    assert {state: n for state, n in residents.states.items() if n} == {
        GrantState.COMPLETED: 2,
        GrantState.IN_USE: 1,
    }
    assert (visitors.whose, visitors.people, visitors.granted) == (Whose.VISITOR, 2, 2)  # that of October aside
    assert {state for state, n in visitors.states.items() if n} == {GrantState.EXPIRED, GrantState.OVERDUE}


def test_grants_and_amounts_are_those_of_twenty_people_and_more(database: Database) -> None:
    """21 people with 23 cards of 100 yuan, of which one person's cost 5 yuan; two people with 40 bikes."""
    with database.transaction() as session:
        people = [add_person(session) for _ in range(21)]
        for number, person in enumerate((*people, *people[:2])):
            cost = 500 if number == 7 else 0
            give(session, person, LIBRARY, GrantState.COMPLETED, f"2026-11-{number + 1:02}", final_fen=cost)
        for number in range(40):
            give(session, people[number % 2], BIKE, GrantState.IN_USE, "2026-11-02")
    with database.reading() as session:
        library, bike = measure_benefits(session, *NOVEMBER)
    assert (library.people, library.granted, library.states[GrantState.COMPLETED]) == (20, 20, 20)
    assert (library.agreed_fen, library.held_fen, library.final_fen) == (220_000, 0, None)
    assert library.states[GrantState.IN_USE] == 0
    assert (bike.people, bike.granted, bike.states[GrantState.IN_USE], bike.held_fen) == (None,) * 4


@pytest.mark.parametrize("each", [10_000, 19_900, 29_900, 7])
def test_an_amount_of_round_grants_fits_every_number_of_people_that_is_told_alike(each: int) -> None:
    for people in (20, 21, 31, 34, 104, 995):
        alike = [n for n in range(20, 1010) if tell_people(n) == tell_people(people)]
        for grants in (people, people + 2, 2 * people - 1):
            told = tell_fen(each * grants, people)
            fitting = [n for n in alike if any(tell_fen(each * g, n) == told for g in range(n, 3 * n))]
            assert fitting == alike, (people, grants)


def test_each_person_counts_once_a_scenario_by_the_latest_grant(given: Database) -> None:
    with given.reading() as session:
        assert count_benefit_people(session) == {
            name_cell(LIBRARY, Whose.RESIDENT, Fate.OPEN): 1,
            name_cell(LIBRARY, Whose.RESIDENT, Fate.GIVEN_BACK): 1,
            name_cell(LIBRARY, Whose.VISITOR, Fate.NOT_USED): 1,
            name_cell(LIBRARY, Whose.VISITOR, Fate.OPEN): 1,
            name_cell(BIKE, Whose.RESIDENT, Fate.SETTLED): 1,
        }


def test_refusals_of_a_month_are_told_in_whole_tens(database: Database) -> None:
    with database.transaction() as session:
        ada = add_person(session)
        for _ in range(36):
            ask(session, "2026-10-31", because="level")
        for _ in range(19):
            ask(session, "2026-10-01", because="no_consent")
        for _ in range(30):  # one person, however often
            ask(session, "2026-10-02", because="paused", subject_id=ada)
        for _ in range(20):  # nobody is known: each counts as somebody
            ask(session, "2026-10-03", subject_id=None, answer="cannot_say", reason="code_unusable")
        for _ in range(22):
            ask(session, "2026-10-04", subject_id=None, via="ask", expires_at=None, reason="not_available")
        ask(session, "2026-10-05", "shared_bike", because="age")
        for day in ("2026-09-30", "2026-11-01"):
            for _ in range(20):
                ask(session, day, because="region")
        ask(session, "2026-10-06", answer="granted", reason=None, grant_id=uuid4())
    with database.reading() as session:
        library, bike = measure_refusals(session, date(2026, 10, 17))
    assert library.scenario == LIBRARY
    assert library.reasons == (
        ("level", 40),
        ("code_unusable", 20),
        ("not_available", 20),
        ("no_consent", None),
        ("paused", None),
    )
    assert (bike.scenario, bike.reasons) == (BIKE, (("age", None),))


def test_an_ask_that_nobody_answered_has_a_reason_of_its_own(database: Database) -> None:
    with database.transaction() as session:
        for number in range(20):
            until = f"2026-10-{number + 1:02}"
            ask(session, until, via="ask", subject_id=None, expires_at=noon(until), answer="pending", reason=None)
    with database.reading() as session:
        (library,) = measure_refusals(session, date(2026, 10, 1))
    assert library.reasons == (("unanswered", 20),)


def test_only_a_month_that_is_over_is_told() -> None:
    today = date(2026, 11, 22)
    assert find_month_refusal(date(2026, 11, 1), today=today) == Refusal(ProblemCode.MONTH_NOT_OVER)
    assert find_month_refusal(date(2026, 10, 31), today=today) is None
    assert find_month_refusal(date(2026, 11, 30), today=date(2026, 11, 30)) is not None
    assert end_of_month(date(2028, 2, 1)) == date(2028, 2, 29)
