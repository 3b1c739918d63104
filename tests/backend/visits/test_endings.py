"""In whatever order answer, corrections and withdrawal arrive, and however often: they come to the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend.benefits.visitor_tables import list_entitlements
from backend.visits.endings import take_corrected, take_withdrawn
from backend.visits.tables import HomeQuestionRow
from tests.backend.benefits.counter import BIKE, CARD
from tests.backend.partners.cities import THEIRS
from tests.backend.visits.home import Answer, Visited, write

# Corrections by when they were left: the first leaves a scenario, the second none, and the third, by a clock that was
# wrong, another one.
CORRECTIONS: Sequence[tuple[str, ...]] = ((CARD,), (), (BIKE,))
WITHDRAWAL = len(CORRECTIONS)
_notices = st.lists(st.integers(0, WITHDRAWAL), max_size=6)


def say(visited: Visited, scenarios: Sequence[str]) -> Answer:
    """What the home city says to be entitled to now."""
    until = write(visited.city.now() + timedelta(hours=1))
    return {
        "content": {"entitlements": [{"scenario": each, "until": until} for each in scenarios]},
        "until": until if scenarios else None,
    }


def take(visited: Visited, question_id: str, number: int) -> None:
    """Let a notice arrive: a correction, or the withdrawal."""
    now, city = visited.city.now(), visited.city
    with city.database.transaction() as session:
        if number == WITHDRAWAL:
            done = take_withdrawn(session, THEIRS, {"question_ids": [question_id]}, now=now)
        else:
            content: dict[str, Any] = {"question_id": question_id, **say(visited, CORRECTIONS[number])}
            left_at = now - timedelta(seconds=10 - number)
            done = take_corrected(session, THEIRS, content, left_at=left_at, now=now)
    assert done == {"deleted": [question_id]}


def expect(before: Sequence[int], after: Sequence[int]) -> set[str]:
    """What must stand: nothing once withdrawn or corrected to nothing, otherwise what was left last."""
    arrived = {*before, *after}
    if WITHDRAWAL in arrived or any(not CORRECTIONS[number] for number in arrived):
        return set()
    return {BIKE, CARD} if not arrived else set(CORRECTIONS[max(arrived)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(before=_notices, after=_notices)
def test_the_order_in_which_messages_arrive_changes_nothing(town: Visited, before: list[int], after: list[int]) -> None:
    subject_id, person = town.welcome()

    def take_before(question: dict[str, Any]) -> None:
        for number in before:
            take(town, question["question_id"], number)

    town.home.before = take_before
    town.home.spoil = lambda answer: {**answer, **say(town, (BIKE, CARD))}
    town.city.clock.move(timedelta(minutes=1))
    answer = town.visit(subject_id)
    assert answer.status_code == 200, answer.text
    question_id = answer.get_json()["question_id"]
    for number in after:
        take(town, question_id, number)
    with town.city.database.reading() as session:
        standing = {each.scenario for each in list_entitlements(session, subject_id, town.city.now())}
        wanted = select(HomeQuestionRow).where(HomeQuestionRow.question_id == UUID(question_id))
        row = session.scalars(wanted).one()
    assert standing == expect(before, after)
    assert (row.content is None) == (not standing)
    assert person.id_number not in str(row.__dict__)


def test_what_is_forgotten_while_it_is_asked_is_not_kept(town: Visited) -> None:
    subject_id, _ = town.welcome()
    headers = town.city.citizen(subject_id)

    def forget(question: dict[str, Any]) -> None:
        answer = town.city.client().delete(f"/v1/visits/{question['question_id']}", headers=headers)
        assert answer.status_code == 200, answer.text

    town.home.before = forget
    visit = town.visit(subject_id).get_json()
    assert (visit["state"], visit["ended_because"], visit["entitlements"]) == ("ended", "forgotten", [])


def test_nobody_takes_back_what_another_city_said(town: Visited) -> None:
    subject_id, _ = town.welcome()
    question_id = town.visit(subject_id).get_json()["question_id"]
    with town.city.database.transaction() as session:
        take_withdrawn(session, "nanjing", {"question_ids": [question_id]}, now=town.city.now())
        content = {"question_id": question_id, "content": {"entitlements": []}, "until": None}
        take_corrected(session, "nanjing", content, left_at=town.city.now(), now=town.city.now())
    assert town.list_visits(subject_id)[0]["state"] == "standing"
