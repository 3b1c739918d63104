"""Nothing that a merchant sees tells why somebody gets nothing: not the answer, its size, the work, or the time."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.benefits import ask_tables, asks, judging, verification
from backend.benefits.answers import Answer, Reason, Verification
from backend.benefits.ask_expiry import expire_asks
from backend.benefits.ask_tables import find_asked_person
from backend.benefits.asks import OPEN_FOR, Question
from backend.benefits.codes import OneTimeCode
from backend.benefits.codes import make_code as put_code
from backend.benefits.judging import Bar, Judgement, Tools
from backend.benefits.pausing import pause_benefits
from backend.benefits.probing import ALLOWANCES, WINDOW, Miss
from backend.benefits.scans import Scan
from backend.benefits.verification import verify_code
from backend.benefits.verification_tables import decline_offer
from backend.people.tables import find_latest_enrolment
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from scenarios.decision import Unmet
from tests.backend.benefits.counter import BIKE, RACK, ask, make_code, name_order, open_counters, read_looks, scan
from tests.backend.city import City, Person, make_person, make_resident_id, read_json, running_city
from tests.backend.records.handing import open_offices
from tests.backend.scores.city import report

CAUSES = {
    "low": Unmet.LEVEL,
    "suspended": Unmet.SUSPENDED,
    "not_enrolled": Bar.NOT_ENROLLED,
    "under_age": Bar.NOT_ENROLLED,
    "in_doubt": Bar.IDENTITY_IN_DOUBT,
    "no_consent": Bar.NO_CONSENT,
    "paused": Bar.PAUSED,
    "declined": Bar.DECLINED,
}
MERCHANT = Principal(kind=PrincipalKind.MERCHANT, id=RACK)
MOST_AUC = 0.55  # R16
SCANS = 5_000  # of each cause: the figure is known to 0.006
Ask = Callable[[], None]


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url) as city:
        open_offices(city)
        open_counters(city)
        yield city


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    with running_city(sqlite_url) as city:
        open_offices(city)
        open_counters(city)
        yield city


def make_case(city: City, cause: str) -> tuple[UUID, Person]:
    """Somebody who gets no bike for one cause and no other."""
    if cause in {"not_enrolled", "under_age"}:
        person = make_person(born_on=date(2012, 5, 6) if cause == "under_age" else date(1990, 3, 7))
        return city.know(person), person
    person = make_person()
    subject_id = city.enrol(person)
    if cause == "low":
        report(city, subject_id, "ZZ-ETH-09", date(2026, 11, 2))
    elif cause == "suspended":
        report(city, subject_id, "ZZ-LAW-10", date(2026, 11, 2), means="identity")
    elif cause == "in_doubt":
        city.know(Person("周海", person.id_number))
    elif cause in {"paused", "declined"}:
        with city.database.transaction() as session:
            if cause == "paused":
                pause_benefits(session, subject_id, city.now() + timedelta(days=2), now=city.now())
            else:
                decline_offer(session, subject_id, BIKE, now=city.now())
    return subject_id, person


def scan_case(city: City, cause: str) -> tuple[UUID, TestResponse]:
    subject_id, _ = make_case(city, cause)
    code = make_code(city, subject_id, **({"scenario": BIKE} if cause == "no_consent" else {"merchant": RACK}))
    return subject_id, scan(city, code)


def reduce(answer: TestResponse) -> tuple[int, int, str, dict[str, str]]:
    """What of an answer could tell something: all but the ids and order number that are new in each."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|order-[0-9]{6}", "*", answer.text)
    told = {name: value for name, value in answer.headers if not name.startswith(("RateLimit", "X-Request-Id"))}
    return answer.status_code, len(answer.data), text, told


@contextmanager
def statements_seen(database: Database) -> Iterator[list[str]]:
    """Collect every statement that SQLite runs meanwhile, its values taken out."""
    seen: list[str] = []

    def note(statement: str) -> None:
        seen.append(re.sub(r"x?'[^']*'|\b[0-9]+\b|\bNULL\b", "?", statement))

    def trace(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        connection.set_trace_callback(note)

    def leave(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        connection.set_trace_callback(None)

    event.listen(database.engine, "checkout", trace)
    event.listen(database.engine, "checkin", leave)
    try:
        yield seen
    finally:
        event.remove(database.engine, "checkout", trace)
        event.remove(database.engine, "checkin", leave)


def find_auc(hits: Sequence[float], misses: Sequence[float]) -> float:
    """How well a threshold tells two samples apart: 0.5 not at all, 1 always (Mann and Whitney's U by rank)."""
    ranked = sorted([(value, 1) for value in hits] + [(value, 0) for value in misses])
    ranks = sum(place for place, (_, is_hit) in enumerate(ranked, start=1) if is_hit)
    auc = (ranks - len(hits) * (len(hits) + 1) / 2) / (len(hits) * len(misses))
    return max(auc, 1 - auc)


def time_interleaved(hit: Ask, miss: Ask, pairs: int) -> float:
    """The AUC of the times of both, called by turns, the first place changing at each pair."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(pairs):
        for is_hit in (True, False) if number % 2 else (False, True):
            begun = perf_counter()
            (hit if is_hit else miss)()
            taken[is_hit].append(perf_counter() - begun)
    return find_auc(taken[True], taken[False])


def test_no_cause_shows_in_an_answer(city: City) -> None:
    scanned = {cause: scan_case(city, cause) for cause in CAUSES}
    assert {answer.get_json()["reason"]["code"] for _, answer in scanned.values()} == {"not_available"}
    first = reduce(scanned["low"][1])
    assert {cause: reduce(answer) for cause, (_, answer) in scanned.items()} == dict.fromkeys(CAUSES, first)
    for cause, (subject_id, _) in scanned.items():  # the person may know
        assert read_looks(city, subject_id)[0]["answered"]["because"] == CAUSES[cause]


def test_no_cause_shows_in_the_answer_to_an_ask(city: City) -> None:
    people = {cause: make_case(city, cause) for cause in CAUSES if cause != "no_consent"}
    people["willing"], people["unwilling"] = make_case(city, "no_consent"), make_case(city, "no_consent")
    numbers = {cause: person.id_number for cause, (_, person) in people.items()} | {"unknown": make_resident_id()}
    asked = {cause: ask(city, number) for cause, number in numbers.items()}
    for cause, (subject_id, _) in people.items():
        word = "declined" if cause == "unwilling" else "confirmation"
        path = f"/v1/asks/{read_json(asked[cause])['verification_id']}/{word}"
        answer = city.client().put(path, headers=city.citizen(subject_id))
        assert read_json(answer)["answer"] == ("granted" if cause == "willing" else "not_granted"), cause
    orders = {cause: read_json(answer)["order_no"] for cause, answer in asked.items() if cause != "willing"}
    assert len({reduce(answer)[:3] for answer in asked.values()}) == 1
    for moment, expected in (("before", Answer.PENDING), ("lazily", Answer.NOT_GRANTED), ("swept", Answer.NOT_GRANTED)):
        if moment == "lazily":
            city.clock.move(OPEN_FOR)
        elif moment == "swept":
            assert expire_asks(city.database, now=city.now()) == len(orders)
        read = {cause: _read(city, order_no) for cause, order_no in orders.items()}
        assert len({reduce(answer)[:3] for answer in read.values()}) == 1, moment
        assert {answer.get_json()["answer"] for answer in read.values()} == {expected}


def find_next_status(city: City, cause: str) -> int:
    """The status of the next call of a merchant who may ask once, when the person has said what he had to say."""
    city.clock.move(WINDOW)
    subject_id, person = make_case(city, "no_consent" if cause in {"willing", "unwilling", "unknown"} else cause)
    asked = ask(city, make_resident_id() if cause == "unknown" else person.id_number)
    assert (asked.status_code, ask(city, make_resident_id()).status_code) == (202, 429)
    if cause != "unknown":
        word = "declined" if cause == "unwilling" else "confirmation"
        path = f"/v1/asks/{read_json(asked)['verification_id']}/{word}"
        assert city.client().put(path, headers=city.citizen(subject_id)).status_code == 200
    return ask(city, make_resident_id()).status_code


def test_no_cause_shows_in_the_next_call(town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    once = {miss: ALLOWANCES[miss]._replace(free=1, per_served=0) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", once)
    causes = {*CAUSES, "unwilling", "unknown"} - {"no_consent"}
    assert {cause: find_next_status(town, cause) for cause in causes} == dict.fromkeys(causes, 429)
    assert find_next_status(town, "willing") == 202  # of a benefit the merchant is told


def _read(city: City, order_no: str) -> TestResponse:
    return city.client().get(f"/v1/verifications?order_no={order_no}", headers=city.merchant(RACK))


def find_work(city: City, cause: str) -> list[str]:
    """The statements of a scan that comes to nothing for a cause."""
    subject_id, _ = make_case(city, cause)
    code = make_code(city, subject_id, **({"scenario": BIKE} if cause == "no_consent" else {"merchant": RACK}))
    with statements_seen(city.database) as seen:
        assert read_json(scan(city, code))["answer"] == "not_granted"
    return seen


def find_work_of_ask(city: City, number: str) -> list[str]:
    """The statements of an ask about the owner of a number."""
    with statements_seen(city.database) as seen:
        assert ask(city, number).status_code == 202
    return seen


def test_every_no_is_the_same_work(town: City) -> None:
    work = {cause: find_work(town, cause) for cause in CAUSES}
    assert len(work["low"]) > 8
    assert work == dict.fromkeys(CAUSES, work["low"])
    known, unknown = make_case(town, "low")[1].id_number, make_resident_id()
    assert find_work_of_ask(town, known) == find_work_of_ask(town, unknown) != []


def leave_early(session: Session, subject_id: UUID, *rest: Any, **more: Any) -> Judgement:  # noqa: ANN401 - all of them
    """The planted defect: of whoever is not enrolled nothing else is read."""
    enrolled = find_latest_enrolment(session, subject_id) is not None
    return _JUDGE(session, subject_id, *rest, **more) if enrolled else Judgement(Bar.NOT_ENROLLED, None)


def look_up(session: Session, verification_id: UUID, *rest: Any, **more: Any) -> None:  # noqa: ANN401 - all of them
    """The other one: whoever has the number is looked at while the merchant waits."""
    _ADD(session, verification_id, *rest, **more)
    found = find_asked_person(session, verification_id)
    if found is not None:
        find_latest_enrolment(session, found)


_JUDGE: Callable[..., Judgement] = judging.judge
_ADD: Callable[..., None] = ask_tables.add_asked_about


def test_less_work_for_one_cause_is_found(town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "judge", leave_early)
    assert find_work(town, "low") != find_work(town, "not_enrolled")
    monkeypatch.setattr(asks, "add_asked_about", look_up)
    known, unknown = make_case(town, "low")[1].id_number, make_resident_id()
    assert find_work_of_ask(town, known) != find_work_of_ask(town, unknown)


def make_scans(city: City, cause: str, count: int) -> Ask:
    """Scans that come to nothing for a cause, each of a code of its own that was made before."""
    tools, now = make_tools(city), city.now()
    subject_id, _ = make_case(city, cause)
    make_code(city, subject_id)  # so that the score is kept
    catalogue = tools.find_catalogue(now)
    with city.database.transaction() as session:
        made = [
            put_code(session, subject_id, scenario=BIKE, merchant=None, catalogue=catalogue, now=now)
            for _ in range(count)
        ]
    codes = iter([each.code for each in made if isinstance(each, OneTimeCode)])

    def scan_one() -> None:
        order = Scan(merchant=MERCHANT, order_no=name_order(), scenario=BIKE, code=next(codes), amount_fen=None)
        answer = verify_code(city.database, order, tools=tools, now=now)
        assert isinstance(answer, Verification)
        assert answer.reason is Reason.NOT_AVAILABLE

    return scan_one


def make_asks(city: City, numbers: Iterator[str]) -> Ask:
    """Asks about the owners of numbers, in a new window where the merchant would be slowed down."""
    tools, pseudonyms = make_tools(city), city.context.pseudonyms

    def ask_one() -> None:
        question = Question(
            merchant=MERCHANT, order_no=name_order(), scenario=BIKE, identity_number=next(numbers), amount_fen=None
        )
        answer = asks.ask(city.database, question, pseudonyms=pseudonyms, tools=tools, now=city.now())
        assert isinstance(answer, Verification)
        assert answer.answer is Answer.PENDING

    return ask_one


def make_known_and_unknown(city: City, count: int) -> tuple[Ask, Ask]:
    """Asks about people who are known, and about as many who are not."""
    born_on = [date(1990, 1, 1) + timedelta(days=day) for day in range(count)]
    numbers = [make_resident_id(day, sequence=place % 500) for place, day in enumerate(born_on)]
    for number in numbers:
        city.know(Person("林一舟", number))
    strangers = [make_resident_id(day, sequence=500 + place % 500) for place, day in enumerate(born_on)]
    return make_asks(city, iter(numbers)), make_asks(city, iter(strangers))


def make_tools(city: City) -> Tools:
    return Tools(benefits=city.context.benefits, rules=city.context.rules, sealer=city.context.sealer)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_sweep_learns_nothing_from_the_time(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """R16: 10 000 numbers, of which half are somebody's, and as many scans for each cause; the alarm is raised."""
    half = 5_000
    hit, miss = make_known_and_unknown(city, half)
    refused = ask(city, make_resident_id())
    assert refused.status_code == 202
    with monkeypatch.context() as unslowed:
        unslowed.setattr(asks, "find_slowing", lambda *_, **__: None)
        assert time_interleaved(hit, miss, half) <= MOST_AUC
    assert ask(city, make_resident_id()).status_code == 429
    probes = read_json(city.client().get("/v1/probes", headers=city.operator("zhao", "merchants:read")))["items"]
    assert [(probe["merchant"], probe["misses"]) for probe in probes] == [(RACK, 2 * half + 1)]
    monkeypatch.setattr(verification, "find_slowing", lambda *_, **__: None)
    for cause in ("not_enrolled", "paused", "no_consent"):
        scans = make_scans(city, "low", SCANS), make_scans(city, cause, SCANS)
        assert time_interleaved(*scans, SCANS) <= MOST_AUC, cause


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_look_more_is_found_by_the_time(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for slowed in (asks, verification):
        monkeypatch.setattr(slowed, "find_slowing", lambda *_, **__: None)
    monkeypatch.setattr(verification, "judge", leave_early)
    scans = make_scans(city, "low", 500), make_scans(city, "not_enrolled", 500)
    assert time_interleaved(*scans, 500) > MOST_AUC
    monkeypatch.setattr(asks, "add_asked_about", look_up)
    assert time_interleaved(*make_known_and_unknown(city, 500), 500) > MOST_AUC
