"""What was asked about visitors is shown as long as it is kept, and what comes after that is about nobody."""

from datetime import timedelta

from backend.partners.purging import purge_taken
from backend.visits.endings import take_corrected, take_withdrawn
from backend.visits.outliving import QUESTIONS_KEPT_FOR, forget_questions, forget_withdrawals, purge_answers
from backend.visits.tables import list_unsettled
from tests.backend.partners.cities import THEIRS
from tests.backend.visits.home import Visited
from tests.databases import plans_noted, run_sql

# Of one question so many that reading all of them shows in a plan, and as much of whatever else is forgotten.
MANY_QUESTIONS = (
    "INSERT INTO home_question SELECT (jsonb_populate_record(home_question, jsonb_build_object("
    "'question_id', gen_random_uuid()))).* FROM home_question, generate_series(1, 2000)"
)
AS_MANY_WITHDRAWALS = (
    "INSERT INTO withdrawn_question (partner, question_id, withdrawn_at, is_settled)"
    " SELECT partner, question_id, asked_at, true FROM home_question"
)
AS_MANY_NOTICES = (
    "INSERT INTO taken_notice (partner, notice_id, kind, digest, confirmation, taken_at)"
    " SELECT partner, question_id, 'used', '', '{}', asked_at FROM home_question"
)
FOUND_BY = (
    "ix_home_question_empty",
    "ix_withdrawn_question_withdrawn_at",
    "ix_withdrawn_question_unsettled",
    "ix_taken_notice_taken_at",
)


def forget(visited: Visited) -> int:
    with visited.city.database.transaction() as session:
        return forget_questions(session, visited.city.now())


def test_what_was_asked_is_forgotten_three_years_after_once_its_answer_is(visited: Visited) -> None:
    entitled, stranger = (visited.welcome(entitled=each)[0] for each in (True, False))
    question_id, _ = (visited.visit(each).get_json()["question_id"] for each in (entitled, stranger))
    database, clock = visited.city.database, visited.city.clock
    clock.move(QUESTIONS_KEPT_FOR - timedelta(seconds=1))
    assert forget(visited) == 0
    clock.move(timedelta(seconds=1))
    assert (forget(visited), visited.list_visits(stranger)) == (1, [])  # nothing was said to that one
    assert [each["ended_because"] for each in visited.list_visits(entitled)] == ["outlived"]
    assert (purge_answers(database, now=visited.city.now()), forget(visited)) == (1, 1)
    with database.transaction() as session:
        named, now = {"question_id": question_id, "content": {"entitlements": []}, "until": None}, visited.city.now()
        assert take_corrected(session, THEIRS, named, left_at=now, now=now) == {"deleted": [question_id]}
        withdrawn = take_withdrawn(session, THEIRS, {"question_ids": [question_id]}, now=now)
    assert (withdrawn, visited.list_visits(entitled)) == ({"deleted": [question_id]}, [])


def test_what_is_to_be_forgotten_is_found_without_reading_everything(postgres_visited: Visited) -> None:
    """By the plans of what is sent, where next to nothing of very much is to be forgotten."""
    city = postgres_visited.city
    postgres_visited.visit(postgres_visited.welcome(entitled=False)[0])
    for statement in (MANY_QUESTIONS, AS_MANY_WITHDRAWALS, AS_MANY_NOTICES, "ANALYZE"):
        run_sql(city.database, statement)
    with plans_noted(city.database) as plans, city.database.transaction() as session:
        forget_questions(session, city.now(), limit=10)
        forget_withdrawals(session, city.now(), limit=10)
        list_unsettled(session, limit=10)
        purge_taken(session, city.now(), limit=10)
    for index, plan in zip(FOUND_BY, plans, strict=True):
        assert index in plan
        assert "Seq Scan" not in plan, plan
