"""A consent that was withdrawn is withdrawn everywhere: no answer after it says yes, and the city is told to delete."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from backend.disclosures import answering
from backend.disclosures.answering import AnswerGiven, Question, answer_question
from backend.disclosures.consents import withdraw_consent
from backend.disclosures.ending import note_deleted
from backend.disclosures.person_tables import PersonWanted, make_person_wanted
from backend.people.account import close_account
from backend.people.tables import SubjectRow
from backend.storage.chains import Hold
from scenarios.treaty import Scope
from tests.backend.city import City, make_person, read_json
from tests.backend.disclosures.asking import (
    CREDIT,
    EMPTY,
    HANGZHOU,
    NANJING,
    ask,
    consent,
    list_notices,
    make_question,
    make_tools,
    pause,
    put,
    sweep,
)
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.scores.city import report


def get(city: City, subject_id: UUID, path: str) -> dict[str, Any]:
    """What a citizen reads below /v1/exchange."""
    answer = city.client().get(f"/v1/exchange/{path}", headers=city.citizen(subject_id))
    assert answer.status_code == 200, answer.text
    return read_json(answer)


def withdraw(city: City, subject_id: UUID, consent_id: UUID) -> dict[str, Any]:
    """Withdraw a consent, and give it as it stands."""
    path = f"/v1/exchange/consents/{consent_id}"
    return read_json(city.client().delete(path, headers=city.citizen(subject_id)))


def test_withdrawing_ends_all_that_was_told_on_it(city: City) -> None:
    person, subject_id = settle_in(city, Scope.LEVEL)
    standing = consent(city, subject_id)
    questions = [make_question(city, person.id_number) for _ in range(2)]
    assert all(put(city, question).until for question in questions)  # type: ignore[union-attr]  # no refusal has one
    level = ask(city, person, Scope.LEVEL)
    assert withdraw(city, subject_id, standing)["withdrawn_at"] == "2026-11-22T04:00:00Z"
    [(partner, kind, content)] = list_notices(city)
    ended = {str(question.question_id) for question in questions}
    assert (partner, kind, set(content["question_ids"])) == (HANGZHOU, "withdrawn", ended)
    assert {put(city, question).until for question in questions} == {None}  # type: ignore[union-attr]  # as above
    assert ask(city, person).content == EMPTY[Scope.ENTITLEMENT]
    assert level.until is not None
    withdraw(city, subject_id, standing)  # once more changes nothing
    assert len(list_notices(city)) == 1
    with city.database.transaction() as session:
        assert note_deleted(session, HANGZHOU, [question.question_id for question in questions], now=city.now()) == 2
        assert note_deleted(session, NANJING, [question.question_id for question in questions], now=city.now()) == 0
    told = get(city, subject_id, "disclosures")["items"]
    assert [(each["scope"]["code"], each["ended_because"], each["deleted_at"] is None) for each in told].count(
        ("entitlement", "consent", False)
    ) == 2
    assert [each["ended_at"] for each in told if each["scope"]["code"] == "level"] == [None]


def test_all_that_a_city_may_be_told_is_withdrawn_at_once(city: City) -> None:
    """And nothing of another city or another person; what was withdrawn, or is over, is not counted."""
    person, subject_id = settle_in(city, Scope.LEVEL)
    other, other_id = settle_in(city, Scope.ENTITLEMENT)
    withdraw(city, subject_id, consent(city, subject_id))
    consent(city, subject_id, Scope.SCORE, days=1)
    city.clock.move(timedelta(days=2))
    for scenario in (CREDIT, None):
        consent(city, subject_id, scenario=scenario)
    consent(city, subject_id, Scope.LEVEL, host=NANJING)
    told = set[str]()
    for each in (person, other):
        for scope in (Scope.ENTITLEMENT, Scope.LEVEL):
            question = make_question(city, each.id_number, scope)
            answer = put(city, question)
            assert isinstance(answer, AnswerGiven)
            if each is person and answer.until is not None:
                told.add(str(question.question_id))
    elsewhere = ask(city, person, Scope.LEVEL, host=NANJING)
    assert elsewhere.until is not None
    before = len(list_notices(city))
    path, headers = f"/v1/exchange/consents?city={HANGZHOU}", city.citizen(subject_id)
    answers = [read_json(city.client().delete(path, headers=headers)) for _ in range(2)]
    counts = [(each["withdrawn_consents"], each["ended_disclosures"]) for each in answers]
    assert (counts, answers[0]["city_title"]) == ([(3, 2), (0, 0)], "杭州市")
    [(partner, kind, content)] = list_notices(city)[before:]
    assert (partner, kind, set(content["question_ids"])) == (HANGZHOU, "withdrawn", told)
    standing = [each["city"] for each in get(city, subject_id, "consents")["items"] if each["withdrawn_at"] is None]
    assert standing.count(NANJING) == 1
    assert [each["ended_at"] for each in get(city, other_id, "disclosures")["items"]] == [None]
    assert ask(city, person).content == EMPTY[Scope.ENTITLEMENT]
    unknown = city.client().delete("/v1/exchange/consents?city=atlantis", headers=headers)
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "city_not_found")


def test_a_part_that_rests_on_another_consent_goes_with_the_whole(city: City) -> None:
    person, subject_id = settle_in(city)
    consents = [consent(city, subject_id, scenario=scenario) for scenario in (CREDIT, None)]
    ask(city, person)  # rests on either; the newer one is taken
    withdraw(city, subject_id, consents[0])
    assert list_notices(city) == []
    withdraw(city, subject_id, consents[1])
    assert [kind for _, kind, _ in list_notices(city)] == ["withdrawn"]


Doing = Callable[[Session], object]


def run_across(city: City, held: Doing, waiting: Doing) -> tuple[object, object]:
    """Do one thing and keep its transaction open until the other has had time to wait for it; what both gave."""
    begun, given = Event(), []

    def wait() -> object:
        with city.database.transaction() as session:
            begun.set()
            return waiting(session)

    with ThreadPoolExecutor(1) as pool:
        with city.database.transaction() as session:
            given.append(held(session))
            other: Future[object] = pool.submit(wait)
            begun.wait()
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)
        return given[0], other.result(timeout=5)


def answering_of(city: City, question: Question) -> Doing:
    return lambda session: answer_question(session, question, tools=make_tools(city), now=city.now())


def withdrawing(city: City, subject_id: UUID, consent_id: UUID) -> Doing:
    return lambda session: withdraw_consent(session, subject_id, consent_id, now=city.now())


def test_no_yes_passes_a_withdrawal(metropolis: City) -> None:
    """Whichever is first: what was told before is withdrawn, and what is told after is nothing."""
    person, subject_id = settle_in(metropolis)
    consent_id = consent(metropolis, subject_id)
    ask(metropolis, person.id_number)
    first = make_question(metropolis, person.id_number)
    withdraws = withdrawing(metropolis, subject_id, consent_id)
    given, _ = run_across(metropolis, answering_of(metropolis, first), withdraws)
    assert isinstance(given, AnswerGiven)
    assert given.until is not None
    [(_, kind, content)] = list_notices(metropolis)
    assert kind == "withdrawn"
    assert str(first.question_id) in content["question_ids"]
    consent_id, second = consent(metropolis, subject_id), make_question(metropolis, person.id_number)
    withdraws = withdrawing(metropolis, subject_id, consent_id)
    _, late = run_across(metropolis, withdraws, answering_of(metropolis, second))
    assert isinstance(late, AnswerGiven)
    assert late.content == EMPTY[Scope.ENTITLEMENT]


def test_no_repeat_passes_a_withdrawal(metropolis: City) -> None:
    person, subject_id = settle_in(metropolis)
    consent_id, question = consent(metropolis, subject_id), make_question(metropolis, person.id_number)
    put(metropolis, question)
    withdraws, repeats = withdrawing(metropolis, subject_id, consent_id), answering_of(metropolis, question)
    run_across(metropolis, repeats, withdraws)
    answer = put(metropolis, question)
    assert isinstance(answer, AnswerGiven)
    assert answer.until is None


def settle_with_answer(city: City) -> tuple[UUID, Question]:
    """Somebody who may have something, and a question to which a city was told so."""
    person, subject_id = settle_in(city, Scope.ENTITLEMENT)
    question = make_question(city, person.id_number)
    assert repeat(city, question).until is not None
    return subject_id, question


def repeat(city: City, question: Question) -> AnswerGiven:
    """What a question gets that is put once more."""
    answer = put(city, question)
    assert isinstance(answer, AnswerGiven)
    return answer


def close(city: City, subject_id: UUID) -> None:
    with city.database.transaction() as session:
        close_account(session, subject_id, because="closed", now=city.now())


def sink(city: City, subject_id: UUID) -> None:
    report(city, subject_id, "ZZ-ETH-09", date(2026, 11, 2))


def wait(city: City, _subject_id: UUID) -> None:
    city.clock.move(timedelta(hours=72))


@pytest.mark.parametrize("passes", [close, sink, pause, wait])
def test_no_repeat_passes_what_no_sweep_has_seen_yet(
    city: City, monkeypatch: pytest.MonkeyPatch, passes: Callable[[City, UUID], None]
) -> None:
    subject_id, question = settle_with_answer(city)
    passes(city, subject_id)
    answer = repeat(city, question)
    assert (answer.content, answer.until) == (EMPTY[Scope.ENTITLEMENT], None)
    assert len(list_notices(city)) == (0 if passes is wait else 1)  # what is outlived nobody has to be told
    assert sweep(city) == 0
    monkeypatch.setattr(answering, "check_told", lambda *_, **__: None)  # the planted defect: a repeat looks at nobody
    subject_id, question = settle_with_answer(city)
    passes(city, subject_id)
    assert (repeat(city, question).until is None) == (passes is wait)


def test_planted_defect_a_question_that_holds_nobody_is_caught(
    metropolis: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the person only when the answer is noted, with what it saw before the withdrawal."""
    person, subject_id = settle_in(metropolis)
    consent_id, question = consent(metropolis, subject_id), make_question(metropolis, person.id_number)

    def look_only(*args: Any, **named: Any) -> PersonWanted:  # noqa: ANN401 - as it is
        nobody = Hold(SubjectRow, (SubjectRow.subject_id == bindparam("nobody"),))
        return make_person_wanted(*args, **named)._replace(holding=nobody)

    monkeypatch.setattr(answering, "make_person_wanted", look_only)
    withdraws = withdrawing(metropolis, subject_id, consent_id)
    _, late = run_across(metropolis, withdraws, answering_of(metropolis, question))
    assert isinstance(late, AnswerGiven)
    assert late.until is not None


def test_one_question_that_is_asked_twice_at_once_has_one_effect(metropolis: City) -> None:
    person, subject_id = settle_in(metropolis)
    consent(metropolis, subject_id)
    question = make_question(metropolis, person.id_number)
    first, second = run_across(metropolis, answering_of(metropolis, question), answering_of(metropolis, question))
    assert first == second
    assert len(get(metropolis, subject_id, "disclosures")["items"]) == 1


def post(city: City, subject_id: UUID, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - the answer
    headers = city.citizen(subject_id) | {"Idempotency-Key": f"key-{city.now():%H%M%S}-{len(list_notices(city)):04}"}
    return city.client().post(f"/v1/exchange/{path}", json=body, headers=headers)


def test_a_person_sees_all_of_it_before_he_consents(town: City) -> None:
    person, subject_id = settle_in(town)
    cities = {each["city"]: each for each in get(town, subject_id, "cities")["items"]}
    assert sorted(cities) == [HANGZHOU, NANJING]
    assert cities[HANGZHOU]["scenarios"][0]["code"] == CREDIT
    assert cities[HANGZHOU]["scenarios"][0]["title"] != CREDIT
    assert (cities[HANGZHOU]["data_life_hours"], cities[HANGZHOU]["on_suspension"]["code"]) == (72, "finish")
    asked = f"preview?city={HANGZHOU}&scope=entitlement&purpose=benefit"
    before = get(town, subject_id, asked)
    assert (before["is_consented"], before["because"]) == (False, None)
    assert [each["scenario"] for each in before["content"]["entitlements"]] == [CREDIT]
    assert ask(town, person).until is None  # looking lets nobody be told
    body = {"city": HANGZHOU, "purpose": "benefit", "scope": "entitlement", "scenario": None}
    given = post(town, subject_id, "consents", body)
    assert given.status_code == 201, given.text
    after = get(town, subject_id, asked)
    assert after == before | {"is_consented": True}
    assert ask(town, person).content == after["content"]
    [shown] = get(town, subject_id, "consents")["items"]
    assert shown == given.get_json()
    stranger = town.enrol(make_person())
    assert get(town, stranger, "consents")["items"] == get(town, stranger, "disclosures")["items"] == []
    path = f"/v1/exchange/consents/{shown['consent_id']}"
    assert town.client().delete(path, headers=town.citizen(stranger)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"city": "suzhou"}, 404, "city_not_found"),
        ({"city": NANJING, "scope": "score"}, 422, "not_in_treaty"),
        ({"scope": "level", "scenario": CREDIT}, 422, "not_in_treaty"),
        ({"scenario": "bus_fare"}, 422, "not_in_treaty"),
        ({"expires_at": "2026-11-22T04:00:00Z"}, 422, "window_refused"),
    ],
)
def test_a_consent_to_what_is_not_there_is_refused(town: City, changes: dict[str, str], status: int, code: str) -> None:
    subject_id = town.enrol(make_person())
    body = {"city": HANGZHOU, "purpose": "benefit", "scope": "entitlement", **changes}
    answer = post(town, subject_id, "consents", body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_pages_of_what_was_told_are_whole(town: City) -> None:
    person, subject_id = settle_in(town, Scope.LEVEL)
    asked = []
    for number in range(5):
        town.clock.move(timedelta(seconds=number % 2))  # some at the same moment
        question = make_question(town, person.id_number, Scope.LEVEL)
        put(town, question)
        asked.append(str(question.question_id))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = get(town, subject_id, f"disclosures?limit=2{cursor and f'&cursor={cursor}'}")
        seen += [each["question_id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == 5
    assert set(seen) == set(asked)
