"""What another city is told: what treaty and consent both name, once, and nothing where there is nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from backend.benefits.nobody import NOBODY
from backend.disclosures import answering, consents
from backend.disclosures.answering import AnswerGiven
from backend.disclosures.consents import ConsentOrder, give_consent
from backend.disclosures.previews import preview
from backend.disclosures.telling import Telling
from backend.partners import open_cities
from backend.partners.tables import TreatyRow
from backend.web.problems import Problem, ProblemCode, Refusal
from scenarios.treaty import Role, Scope, TreatyPurpose
from tests.backend.benefits.test_enumeration import statements_seen
from tests.backend.city import City, Person, make_person, make_resident_id, read_json
from tests.backend.disclosures.asking import (
    CREDIT,
    DOCUMENTS,
    EMPTY,
    HANGZHOU,
    NANJING,
    ask,
    consent,
    make_case,
    make_question,
    make_tools,
    put,
)
from tests.backend.scores.city import report
from tests.databases import count_rows

CAUSES = {
    "unknown": None,
    "not_enrolled": "not_enrolled",
    "under_age": "not_enrolled",
    "closed": "not_enrolled",
    "in_doubt": "identity_in_doubt",
    "paused": "paused",
    "no_consent": "no_consent",
    "low": "low_tier",
}
LIFE = timedelta(hours=72)


def read_looks(city: City, subject_id: UUID) -> list[dict[str, Any]]:
    """What the person reads about who looked, the newest first."""
    answer = city.client().get("/v1/access-entries", headers=city.citizen(subject_id))
    items: list[dict[str, Any]] = read_json(answer)["items"]
    return items


def settle_in(city: City, *scopes: Scope, host: str = HANGZHOU) -> tuple[Person, UUID]:
    """Somebody who stands at `good` and lets a city be told in some scopes."""
    person = make_person()
    subject_id = city.enrol(person)
    for scope in scopes:
        consent(city, subject_id, scope, host=host)
    return person, subject_id


def test_no_cause_shows_in_an_answer(city: City) -> None:
    for scope in Scope:
        for cause, because in CAUSES.items():
            person = make_case(city, cause, scope)
            answer = ask(city, person, scope)
            assert (answer.content, answer.until) == (EMPTY[scope], None), cause
            if because is not None:  # the person may know
                look = read_looks(city, city.know(person))[0]
                assert (look["answered"]["because"], look["answered"]["kind"]) == (because, "exchange_nothing")
                assert (look["asker"]["name"], look["case_no"]) == ("杭州市", "2026-17")
    suspended = make_case(city, "suspended")
    assert ask(city, suspended).content == EMPTY[Scope.ENTITLEMENT]
    assert count_rows(city.database, "disclosure") == 0


def find_work(city: City, cause: str) -> list[str]:
    """The statements of a question about somebody of whom nothing is told for a cause."""
    question = make_question(city, make_case(city, cause).id_number)
    with statements_seen(city.database) as seen:
        put(city, question)
    return seen


def test_every_nothing_is_the_same_work(town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    find_work(town, "unknown")  # who is nobody is added at the first question
    work = {cause: find_work(town, cause) for cause in CAUSES}
    assert len(work["low"]) > 5
    assert work == dict.fromkeys(CAUSES, work["low"])
    weigh = answering._answer  # noqa: SLF001 - what is planted below stands in its place

    def leave_early(session: Any, question: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as it is
        """The planted defect: about whoever is not known nothing is weighed or noted."""
        if town.know(Person("林一舟", question.id_number), session=session) in known:
            return weigh(session, question, *rest, **more)
        return Telling(content=EMPTY[question.scope], until=None, because=None, computed=None)

    known = {town.know(make_case(town, "low"))}
    monkeypatch.setattr(answering, "_answer", leave_early)
    assert find_work(town, "unknown") != work["low"]


def test_each_scope_tells_what_it_is_for_and_no_more(city: City) -> None:
    person, subject_id = settle_in(city, *Scope)
    until = city.now() + LIFE
    written = until.isoformat().replace("+00:00", "Z")
    entitled = ask(city, person)
    assert entitled.content == {"entitlements": [{"scenario": CREDIT, "until": written}]}
    level = {"code": "good", "name": "信用良好", "name_en": "Good", "tier": "T3"}
    assert ask(city, person, Scope.LEVEL).content == {"level": level}
    score = ask(city, person, Scope.SCORE).content["score"]
    assert (score["points"], score["equivalent"], score["bands"][2]) == (100, 600, {**level, "at_least": 100})
    assert (score["floor"], score["ceiling"], score["equivalent_floor"], score["equivalent_ceiling"]) == (
        0,
        200,
        0,
        1000,
    )
    assert {entitled.until, ask(city, person, Scope.LEVEL).until} == {until}
    consent(city, subject_id, Scope.RECORD_FLAGS, host=NANJING)
    report(city, subject_id, "ZZ-ETH-01", date(2026, 11, 2), degree="recognised")
    [flag] = ask(city, person, Scope.RECORD_FLAGS, host=NANJING).content["flags"]
    assert (flag["kind"], flag["basis"][:4], flag["ends_on"]) == ("red_list", "道德模范", "2028-11-02")
    assert ask(city, person, Scope.RECORD_FLAGS).content == EMPTY[Scope.RECORD_FLAGS]  # Hangzhou's treaty has no list
    kinds = {look["answered"]["kind"] for look in read_looks(city, subject_id)}
    assert kinds == {
        "exchange_entitlement",
        "exchange_level",
        "exchange_score",
        "exchange_record_flags",
        "exchange_nothing",
    }


def test_an_answer_lasts_as_long_as_treaty_consent_and_data_life(city: City) -> None:
    person, subject_id = settle_in(city)
    consent(city, subject_id, scenario=CREDIT, days=2)
    assert ask(city, person).until == city.now() + timedelta(days=2)
    city.clock.move(timedelta(days=2))
    assert ask(city, person).until is None  # with the consent it is over
    consent(city, subject_id)
    city.clock.move(datetime(2027, 12, 31, 12, tzinfo=UTC) - city.now())
    assert ask(city, person).until == datetime(2027, 12, 31, 16, tzinfo=UTC)  # with the last day of the treaty


def test_a_consent_is_for_one_city_one_purpose_and_one_scope(city: City) -> None:
    person, subject_id = settle_in(city, Scope.LEVEL)
    consent(city, subject_id, host=NANJING, scenario="bus_fare")
    report(city, subject_id, "ZZ-ETH-01", date(2026, 11, 2), degree="recognised")
    assert ask(city, person, Scope.LEVEL).until is not None
    assert [ask(city, person, scope).until for scope in (Scope.ENTITLEMENT, Scope.SCORE)] == [None, None]
    assert ask(city, person, Scope.LEVEL, host=NANJING).until is None
    told = ask(city, person, host=NANJING).content["entitlements"]
    assert [each["scenario"] for each in told] == ["bus_fare"]  # and not the library card, which he could have


PAIRS = {
    (Scope.ENTITLEMENT, TreatyPurpose.BENEFIT, Role.MERCHANT),
    (Scope.ENTITLEMENT, TreatyPurpose.BENEFIT, Role.CITIZEN),
    (Scope.LEVEL, TreatyPurpose.OWN_VIEW, Role.CITIZEN),
    (Scope.SCORE, TreatyPurpose.OWN_VIEW, Role.CITIZEN),
}


def test_scope_purpose_and_role_go_together_or_nothing_is_answered(town: City) -> None:
    _, subject_id = settle_in(town)
    number, entries = make_resident_id(), count_rows(town.database, "access_entry")
    for scope, purpose, role in product((Scope.ENTITLEMENT, Scope.LEVEL, Scope.SCORE), TreatyPurpose, Role):
        name = "西湖医院" if role is Role.MERCHANT else None
        asked = make_question(town, number, scope, purpose=purpose, role=role, acting_name=name)
        answer = put(town, asked)
        if role is not Role.MERCHANT:  # nobody else has a name that is shown
            assert put(town, replace(asked, acting_name="李敏")) == Refusal(ProblemCode.QUESTION_REFUSED)
        assert isinstance(answer, AnswerGiven) == ((scope, purpose, role) in PAIRS), (scope, purpose, role)
        order = ConsentOrder(HANGZHOU, purpose, scope, None)
        is_asked = any((scope, purpose) == pair[:2] for pair in PAIRS)
        with town.database.transaction() as session:
            tools = make_tools(town)
            given = give_consent(session, subject_id, order, tools=tools, now=town.now())
            seen = preview(session, subject_id, order, tools=tools, now=town.now())
        refused = [None if is_asked else Refusal(ProblemCode.NOT_IN_TREATY)] * 2
        assert [each if isinstance(each, Refusal) else None for each in (given, seen)] == refused
    assert count_rows(town.database, "access_entry") == entries + len(PAIRS)


def test_a_consent_is_to_the_terms_of_one_version(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    person, subject_id = settle_in(city, Scope.LEVEL)
    assert ask(city, person, Scope.LEVEL).until is not None
    new = replace(DOCUMENTS[HANGZHOU].treaty, version="2026.2", digest="f" * 64)
    monkeypatch.setattr(open_cities, "read_agreed", lambda *_: new)
    monkeypatch.setattr(consents, "find_treaty", lambda *_: new)
    named = {"treaty_version": new.version, "treaty_digest": new.digest}
    assert ask(city, person, Scope.LEVEL, **named).until is None
    assert read_looks(city, subject_id)[0]["answered"]["because"] == "no_consent"
    consent(city, subject_id, Scope.LEVEL)
    assert ask(city, person, Scope.LEVEL, **named).until is not None
    answer = city.client().get("/v1/exchange/consents", headers=city.citizen(subject_id))
    shown = [(each["treaty_id"], each["treaty_version"], each["is_outdated"]) for each in read_json(answer)["items"]]
    assert shown == [(new.id, "2026.2", False), (new.id, "2026.1", True)]


def list_refused(city: City, number: str) -> Iterator[tuple[ProblemCode, dict[str, Any]]]:
    """Questions that are refused whoever they are about: what is changed, and with which code."""
    yield ProblemCode.TREATY_NOT_IN_FORCE, {"treaty_version": "2025.1"}
    yield ProblemCode.TREATY_NOT_IN_FORCE, {"treaty_digest": "0" * 64}
    yield ProblemCode.TREATY_NOT_IN_FORCE, {"partner": "suzhou"}
    yield ProblemCode.TREATY_NOT_IN_FORCE, {"partner": NANJING}
    yield ProblemCode.QUESTION_REFUSED, {"scenarios": ()}
    yield ProblemCode.QUESTION_REFUSED, {"scenarios": (CREDIT, "bus_fare")}
    yield ProblemCode.QUESTION_REFUSED, {"scenarios": (CREDIT, CREDIT)}
    yield ProblemCode.QUESTION_REFUSED, {"scope": Scope.LEVEL, "scenarios": (CREDIT,)}
    yield ProblemCode.QUESTION_REFUSED, {"asked_at": city.now() - timedelta(days=7)}
    yield ProblemCode.QUESTION_REFUSED, {"asked_at": city.now() + timedelta(minutes=6)}
    yield ProblemCode.PERSON_UNREADABLE, {"id_number": number[:-1]}


def test_what_the_treaty_does_not_have_is_refused_and_leaves_nothing(city: City) -> None:
    person, _ = settle_in(city, *Scope)
    entries = count_rows(city.database, "access_entry")
    for number in (person.id_number, make_resident_id()):
        for code, changes in list_refused(city, number):
            assert put(city, make_question(city, number, **changes)) == Refusal(code), changes
    score = make_question(city, person.id_number, Scope.SCORE, host=NANJING)  # Nanjing has no scale
    assert put(city, score) == Refusal(ProblemCode.QUESTION_REFUSED)
    with city.database.transaction() as session:
        row = session.get_one(TreatyRow, (DOCUMENTS[HANGZHOU].treaty.id, "2026.1"))
        row.suspended_at, row.suspended_by = city.now(), HANGZHOU
    assert put(city, make_question(city, person.id_number)) == Refusal(ProblemCode.TREATY_NOT_IN_FORCE)
    tables = ("answered_question", "question_count", "disclosure")
    assert [count_rows(city.database, table) for table in tables] == [0, 0, 0]
    assert count_rows(city.database, "access_entry") == entries


def test_a_repeat_has_one_effect_and_one_answer(city: City) -> None:
    person, subject_id = settle_in(city, Scope.ENTITLEMENT)
    question = make_question(city, person.id_number)
    for number in (make_resident_id(), person.id_number):
        question = make_question(city, number)
        first = put(city, question)
        city.clock.move(timedelta(minutes=1))
        assert put(city, question) == first
        other = replace(question, digest=bytes(32))
        assert put(city, other) == Refusal(ProblemCode.QUESTION_REUSED)
    assert count_rows(city.database, "disclosure") == 1
    assert len(read_looks(city, subject_id)) == 1
    elsewhere = make_question(city, person.id_number, host=NANJING, question_id=question.question_id)
    assert isinstance(put(city, elsewhere), AnswerGiven)  # an id is a partner's own


@pytest.mark.parametrize("is_known", [True, False])
def test_nobody_is_asked_about_more_often_than_the_treaty_says(
    city: City, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    treaty = replace(DOCUMENTS[HANGZHOU].treaty, questions_person_day=2, questions_day=4)
    monkeypatch.setattr(open_cities, "read_agreed", lambda *_: treaty)
    number = settle_in(city)[0].id_number if is_known else make_resident_id()
    ask(city, number)
    repeated = make_question(city, number)
    for _ in range(3):
        assert isinstance(put(city, repeated), AnswerGiven)  # repeats count for nothing
    before = count_rows(city.database, "access_entry")
    refused = make_question(city, number)
    assert put(city, refused) == Refusal(ProblemCode.TOO_MANY_QUESTIONS)
    assert put(city, make_question(city, number)) == Refusal(ProblemCode.TOO_MANY_QUESTIONS)
    for _ in range(2):
        ask(city, make_resident_id())
    with pytest.raises(Problem, match="too_many_questions"):
        put(city, make_question(city, make_resident_id()))  # of all persons together
    assert count_rows(city.database, "access_entry") == before + 2
    city.clock.move(timedelta(days=1))
    assert isinstance(put(city, replace(refused, asked_at=city.now())), AnswerGiven)  # nothing of it was kept


def test_nobody_answers_for_all_who_are_not_known(city: City) -> None:
    for _ in range(3):
        ask(city, make_resident_id(), Scope.LEVEL)
    looks = read_looks(city, NOBODY)
    assert [look["answered"]["because"] for look in looks] == ["not_enrolled"] * 3
    assert count_rows(city.database, "subject") == 1
