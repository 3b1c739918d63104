"""What was told is right, or is put right: whatever happens to a person, the next sweep leaves nothing wrong behind."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from backend.clock import today
from backend.disclosures import checking
from backend.disclosures.answering import AnswerGiven, Question
from backend.disclosures.telling import Content, Tools
from backend.partners.partners import end_partner
from backend.partners.tables import TreatyRow
from backend.people.account import close_account
from backend.people.tables import SubjectRow
from scenarios.treaty import Scope
from tests.backend.city import NOON, City, Person, make_person, running_city
from tests.backend.disclosures.asking import (
    DOCUMENTS,
    HANGZHOU,
    NANJING,
    agree,
    ask,
    consent,
    list_notices,
    make_question,
    pause,
    purpose_of,
    put,
    sweep,
)
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.disclosures.test_consents import get, withdraw
from tests.backend.records.handing import open_offices
from tests.backend.scores.city import learn, report
from tests.databases import copy_sqlite_template, said_to_be_migrated

BREACH = "ZZ-ETH-09"  # brings somebody who has nothing else below the lowest tier told


def test_a_correction_between_two_sweeps_reaches_the_city(city: City) -> None:
    person, subject_id = settle_in(city, *Scope)
    question = make_question(city, person.id_number, Scope.SCORE)
    put(city, question)
    ask(city, person)
    assert sweep(city) == 0
    report(city, subject_id, "ZZ-ETH-01", date(2026, 11, 2), degree="recognised")
    assert sweep(city) == 1
    [(partner, kind, content)] = list_notices(city)  # what the city may have is more than before: that is no fault
    assert (partner, kind, content["question_id"]) == (HANGZHOU, "corrected", str(question.question_id))
    assert (content["content"]["score"]["points"], content["until"]) == (105, "2026-11-25T04:00:00Z")
    repeated = put(city, question)
    assert isinstance(repeated, AnswerGiven)
    assert repeated.content == content["content"]
    report(city, subject_id, BREACH, date(2026, 11, 3))
    report(city, subject_id, BREACH, date(2026, 11, 4))
    assert sweep(city) == 1
    [(_, kind, ended)] = list_notices(city)[1:]  # as if it had been withdrawn: why, that city does not learn
    assert (kind, len(ended["question_ids"])) == ("withdrawn", 2)
    told = get(city, subject_id, "disclosures")["items"]
    assert [each["ended_because"] for each in told] == ["standing", "standing"]
    looks = city.client().get("/v1/access-entries", headers=city.citizen(subject_id)).get_json()["items"]
    kinds = [look["answered"]["kind"] for look in looks]
    assert kinds.count("exchange_corrected") == 1
    assert kinds.count("exchange_corrected_nothing") == 2
    assert sweep(city) == 0


def test_a_day_on_which_points_lapse_is_enough(city: City) -> None:
    person, subject_id = settle_in(city)
    consent(city, subject_id, Scope.RECORD_FLAGS, host=NANJING)
    report(city, subject_id, "ZZ-ETH-01", date(2024, 11, 24), degree="recognised")  # lapses on 24 November
    put(city, make_question(city, person.id_number, Scope.RECORD_FLAGS, host=NANJING))
    city.clock.move(timedelta(days=1))
    assert (sweep(city), list_notices(city)) == (1, [])
    city.clock.move(timedelta(days=1))
    assert sweep(city) == 1
    assert [kind for _, kind, _ in list_notices(city)] == ["withdrawn"]


@pytest.mark.parametrize("how", ["closed", "doubt", "paused"])
def test_an_account_that_ends_takes_everything_with_it(city: City, how: str) -> None:
    person, subject_id = settle_in(city, Scope.LEVEL)
    ask(city, person, Scope.LEVEL)
    if how == "closed":
        with city.database.transaction() as session:
            close_account(session, subject_id, because="closed", now=city.now())
    elif how == "paused":
        pause(city, subject_id)
    else:
        city.know(Person("周海", person.id_number))
    assert sweep(city) == 1
    assert [kind for _, kind, _ in list_notices(city)] == ["withdrawn"]
    assert get(city, subject_id, "disclosures")["items"][0]["ended_at"] is not None
    assert sweep(city) == 0


def suspend(_session: Session, row: TreatyRow, now: datetime) -> None:
    row.suspended_at, row.suspended_by = now, HANGZHOU


def end(session: Session, row: TreatyRow, now: datetime) -> None:
    end_partner(session, row.partner, by="zhao", because="合作终止", now=now)


def replace_by_less(session: Session, row: TreatyRow, now: datetime) -> None:
    """Agree on a version that begins tomorrow and has one purpose less."""
    tomorrow = today(now) + timedelta(days=1)
    text = row.text.replace('version = "2026.1"', 'version = "2026.2"').replace(', "own_view"', "")
    text = text.replace(f"starts_on = {row.starts_on}", f"starts_on = {tomorrow}")
    values = {each.key: getattr(row, each.key) for each in inspect(TreatyRow).column_attrs}
    changes = {"version": "2026.2", "text": text, "digest": sha256(text.encode()).hexdigest(), "starts_on": tomorrow}
    session.add(TreatyRow(**values | changes))


@pytest.mark.parametrize("rest", [suspend, end, replace_by_less])
def test_nothing_new_is_told_while_the_treaty_rests(
    town: City, rest: Callable[[Session, TreatyRow, datetime], None]
) -> None:
    city = town
    person, subject_id = settle_in(city, Scope.LEVEL)
    ask(city, person, Scope.LEVEL)
    with city.database.transaction() as session:
        rest(session, session.get_one(TreatyRow, (DOCUMENTS[HANGZHOU].treaty.id, "2026.1")), city.now())
    city.clock.move(timedelta(days=1))
    assert (sweep(city), list_notices(city)) == (1, [])
    report(city, subject_id, "ZZ-ETH-03", date(2026, 11, 2))  # fifty points: another level
    sweep(city)
    assert [kind for _, kind, _ in list_notices(city)] == ["withdrawn"]
    assert get(city, subject_id, "disclosures")["items"][0]["ended_because"] == "treaty"


class Host:
    """What the other city believes, if every notice reaches it: the model that the rows here are compared with."""

    def __init__(self) -> None:
        self.held: dict[str, Content] = {}
        self.read = 0

    def take_answer(self, question: Question, answer: AnswerGiven) -> None:
        if answer.until is not None:
            self.held[str(question.question_id)] = answer.content

    def take_notices(self, city: City) -> None:
        notices = list_notices(city)
        for _, kind, content in notices[self.read :]:
            if kind == "withdrawn":
                for question_id in content["question_ids"]:
                    self.held.pop(question_id, None)
            elif content["until"] is None:
                self.held.pop(content["question_id"], None)
            else:
                self.held[content["question_id"]] = content["content"]
        self.read = len(notices)


def test_one_who_cannot_be_looked_at_holds_up_nobody_else(town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [settle_in(town, Scope.LEVEL) for _ in range(3)]
    for person, subject_id in people:
        ask(town, person, Scope.LEVEL)
        report(town, subject_id, BREACH, date(2026, 11, 2))
    bad = people[0][1]  # of whom the first is told, and so read
    check = checking.check_person

    def check_all_but_one(session: Session, subject_id: UUID, *, tools: Tools, now: datetime) -> None:
        if subject_id == bad:
            raise ValueError("a record that cannot be read")
        check(session, subject_id, tools=tools, now=now)

    monkeypatch.setattr(checking, "check_person", check_all_but_one)
    assert (sweep(town), len(list_notices(town))) == (2, 2)
    monkeypatch.undo()
    assert (sweep(town), len(list_notices(town))) == (1, 3)


STEPS = ("ask", "consent", "withdraw", "report", "praise", "take_back", "day", "doubt", "clear", "close", "sweep")
SCOPES = (Scope.ENTITLEMENT, Scope.LEVEL, Scope.SCORE)


class Life:
    """One person through whom all of it happens, step by step."""

    def __init__(self, city: City) -> None:
        city.clock.move(NOON - city.now())
        self.city, self.host, self.person = city, Host(), make_person()
        self.subject_id = city.enrol(self.person)
        self.consents: dict[Scope, UUID] = {}
        self.records: list[UUID] = []
        self.questions: list[tuple[Question, Scope]] = []

    def do(self, step: str, choice: int) -> None:
        getattr(self, f"do_{step}")(SCOPES[choice % len(SCOPES)])

    def do_ask(self, scope: Scope) -> None:
        question = make_question(self.city, self.person.id_number, scope)
        answer = put(self.city, question)
        if isinstance(answer, AnswerGiven):
            self.host.take_answer(question, answer)
            self.questions.append((question, scope))

    def do_consent(self, scope: Scope) -> None:
        self.consents[scope] = consent(self.city, self.subject_id, scope)

    def do_withdraw(self, scope: Scope) -> None:
        if scope in self.consents:
            withdraw(self.city, self.subject_id, self.consents.pop(scope))

    def do_report(self, _scope: Scope) -> None:
        self.records.append(report(self.city, self.subject_id, BREACH, date(2026, 11, 2)))

    def do_praise(self, _scope: Scope) -> None:
        day = self.city.now().date() - timedelta(days=729)  # lapses on the day after tomorrow
        self.records.append(report(self.city, self.subject_id, "ZZ-ETH-01", day, degree="outstanding"))

    def do_take_back(self, _scope: Scope) -> None:
        if self.records:
            learn(self.city, self.subject_id, self.records.pop(), "withdrawn")

    def do_day(self, _scope: Scope) -> None:
        self.city.clock.move(timedelta(days=1))

    def do_doubt(self, _scope: Scope) -> None:
        self.city.know(Person("周海", self.person.id_number))

    def do_clear(self, _scope: Scope) -> None:
        with self.city.database.transaction() as session:
            row = session.get_one(SubjectRow, self.subject_id)
            row.in_doubt, row.doubt_code = False, None

    def do_close(self, _scope: Scope) -> None:
        with self.city.database.transaction() as session:
            close_account(session, self.subject_id, because="closed", now=self.city.now())
        self.consents.clear()

    def do_sweep(self, _scope: Scope) -> None:
        sweep(self.city)

    def check(self) -> None:
        """After a sweep the other city believes of each live answer what it would be told now, and nothing else."""
        sweep(self.city)
        self.host.take_notices(self.city)
        told = {each["question_id"]: each for each in get(self.city, self.subject_id, "disclosures?limit=100")["items"]}
        now = self.city.now().isoformat()[:19]
        for question, scope in self.questions:
            question_id = str(question.question_id)
            row, believed = told.get(question_id), self.host.held.get(question_id)
            is_live = row is not None and row["ended_at"] is None and row["until"][:19] > now
            if row is None or row["until"][:19] <= now:
                continue
            assert (believed is not None) == is_live, (question_id, row)
            if is_live:
                fresh = self._ask_anew(scope)
                assert _forget_moments(believed) == _forget_moments(fresh), (believed, fresh)
                repeated = put(self.city, question)
                assert isinstance(repeated, AnswerGiven)
                assert repeated.content == believed

    def _ask_anew(self, scope: Scope) -> Content:
        path = f"preview?city={HANGZHOU}&scope={scope}&purpose={purpose_of(scope)}"
        seen = get(self.city, self.subject_id, path)
        assert seen["is_consented"], "something is live without a consent"
        content: Content = seen["content"]
        return content


def _forget_moments(content: Content | None) -> Any:  # noqa: ANN401 - whatever the scope says
    if content is None or "entitlements" not in content:
        return content
    return [each["scenario"] for each in content["entitlements"]]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), min_size=3, max_size=14))
def test_after_a_sweep_nothing_wrong_is_believed(life_city: City, steps: list[tuple[str, int]]) -> None:
    life = Life(life_city)
    life.do_consent(Scope.LEVEL)
    life.do_ask(Scope.LEVEL)
    for step, choice in steps:
        life.do(step, choice)
    life.check()


@pytest.fixture
def life_city(sqlite_url: str) -> Any:  # noqa: ANN401 - a generator
    copy_sqlite_template(sqlite_url)
    with said_to_be_migrated(sqlite_url), running_city(sqlite_url) as city:
        open_offices(city)
        agree(city)
        yield city


def test_planted_defect_a_sweep_that_looks_at_consents_only_is_caught(
    life_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_check", lambda *_, **__: None)
    life = Life(life_city)
    for step in ("consent", "ask", "report"):
        life.do(step, 1)
    with pytest.raises(AssertionError):
        life.check()
