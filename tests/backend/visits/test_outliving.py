"""What was asked about visitors is shown as long as it is kept, and what comes after that is about nobody."""

from datetime import timedelta

from sqlalchemy import text

from backend.visits.endings import take_corrected, take_withdrawn
from backend.visits.outliving import QUESTIONS_KEPT_FOR, forget_questions, purge_answers
from tests.backend.partners.cities import THEIRS
from tests.backend.visits.home import Visited


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
    """By the names of the indexes in the plans."""
    looked_for = {
        "ix_home_question_empty": "home_question WHERE content IS NULL AND asked_at <= now()",
        "ix_withdrawn_question_unsettled": "withdrawn_question WHERE NOT is_settled",
        "ix_taken_notice_taken_at": "taken_notice WHERE taken_at <= now()",
    }
    with postgres_visited.city.database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for index, question in looked_for.items():
            plan = session.scalars(text(f"EXPLAIN SELECT 1 FROM {question}")).all()  # noqa: S608 - words of ours
            assert index in str(plan)
