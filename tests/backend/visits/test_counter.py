"""A visitor at the counter: what a merchant hears, what it can never tell apart, and what of an answer is believed."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from backend.benefits.pausing import pause_benefits
from backend.benefits.probing import ALLOWANCES, Miss
from backend.benefits.verification_tables import decline_offer
from backend.benefits.visitor_tables import VisitorEntitlementRow
from backend.gateways.exchange_keys import SealingKey
from backend.gateways.http_calls import CallFault
from backend.partners.message_tables import MessageRow
from backend.partners.treaties import suspend_treaty
from backend.people.tables import SubjectRow
from backend.visits import asking, counter_asking
from backend.visits.answer_reading import Asked, Said, UnusableAnswerError, read_content, read_text
from backend.visits.endings import take_withdrawn
from backend.visits.tables import HomeQuestionRow, is_withdrawn
from tests.backend.benefits.counter import CARD, name_order, read_looks
from tests.backend.benefits.test_enumeration import reduce, statements_seen
from tests.backend.city import make_person, make_resident_id, read_json
from tests.backend.partners.cities import OURS, THEIRS, TREATY
from tests.backend.visits.home import Answer, Visited, write


def test_a_merchant_hears_yes_or_one_and_the_same_no(visited: Visited) -> None:
    city, home = visited.city, visited.home
    subject_id, person = visited.welcome()
    order_no = name_order()
    granted = visited.verify(person.id_number, order_no=order_no)
    assert (read_json(granted)["answer"], read_json(granted)["via"]) == ("granted", "visitor")
    assert visited.verify(person.id_number, order_no=order_no).get_json() == granted.get_json()
    assert visited.verify(make_resident_id(), order_no=order_no).status_code == 422
    assert [question["scenarios"] for question in home.asked] == [[CARD]]
    answered = read_looks(city, subject_id)[0]["answered"]
    assert (answered["via"], answered["answer"]) == ("visitor", "granted")
    refused = {"unknown": make_resident_id()}
    local = make_person()
    city.enrol(local)  # whose level here would do, but who has not consented to be asked about here
    refused["local"] = local.id_number
    for cause in ("paused", "declined"):
        who, entitled = visited.welcome()
        refused[cause] = entitled.id_number
        with city.database.transaction() as session:
            if cause == "declined":
                decline_offer(session, who, CARD, now=city.now())
            else:
                city.enrol(entitled)
                pause_benefits(session, who, city.now() + timedelta(days=2), now=city.now())
    answers = {cause: visited.verify(number) for cause, number in refused.items()}
    assert {read_json(answer)["answer"] for answer in answers.values()} == {"not_granted"}
    assert len({reduce(answer)[:3] for answer in answers.values()}) == 1
    assert len(home.asked) == 1 + len(refused)  # every no has asked, whatever was known


def test_every_no_is_the_same_work(town: Visited) -> None:
    city = town.city
    local = make_person()
    city.enrol(local)
    who, declining = town.welcome()
    with city.database.transaction() as session:
        decline_offer(session, who, CARD, now=city.now())
    numbers = {"known": town.welcome(entitled=False)[1].id_number, "local": local.id_number}
    numbers["unknown"] = make_resident_id()
    town.home.yes.clear()
    numbers["declining"] = declining.id_number
    work = {}
    for cause, number in numbers.items():
        with statements_seen(city.database) as seen:
            assert read_json(town.verify(number))["answer"] == "not_granted"
        work[cause] = seen
    assert len(work["known"]) > 10
    read_later = [each for each in work["known"] if each.startswith("INSERT INTO access_entry")]
    assert len(read_later) == 1  # whoever is known can see that he was asked about; nothing else tells the two apart
    assert work.pop("unknown") == [each for each in work["known"] if each not in read_later]
    del numbers["unknown"]
    assert work == dict.fromkeys(numbers, work["known"])


def count_known(town: Visited) -> tuple[int, int]:
    """How many people are known here, and how many questions about somebody."""
    with town.city.database.reading() as session:
        found = [session.scalar(select(func.count()).select_from(row)) for row in (SubjectRow, HomeQuestionRow)]
    return found[0] or 0, found[1] or 0


def test_whom_a_merchant_types_in_becomes_somebody_only_by_a_yes(visited: Visited) -> None:
    home, number = visited.home, make_resident_id()
    before = count_known(visited)
    assert read_json(visited.verify(number))["answer"] == "not_granted"
    home.fault = CallFault.NOT_REACHED
    assert read_json(visited.verify(number))["answer"] == "cannot_say"
    home.fault = None
    home.yes.add(number)
    home.before = lambda question: withdraw(visited, question["question_id"])
    assert read_json(visited.verify(number))["answer"] == "not_granted"
    assert count_known(visited) == before
    home.before = lambda question: question
    assert read_json(visited.verify(number))["answer"] == "granted"
    assert count_known(visited) == (before[0] + 1, before[1] + 1)
    subject_id, person = visited.welcome(entitled=False)
    assert read_json(visited.verify(person.id_number))["answer"] == "not_granted"
    home.fault = CallFault.NOT_REACHED
    visited.verify(person.id_number)
    assert [each["state"] for each in visited.list_visits(subject_id)] == ["failed", "nothing"]


def withdraw(visited: Visited, question_id: str) -> None:
    """The home city takes back what it says to a question."""
    with visited.city.database.transaction() as session:
        take_withdrawn(session, THEIRS, {"question_ids": [question_id]}, now=visited.city.now())


def withdraw_meanwhile(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the shop hears when a withdrawal comes in while the yes is being kept; both have ended then."""
    pool, asked, keep = ThreadPoolExecutor(1), visited.home.asked, asking.keep_said

    def keep_slowly(*given: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        withdrawn.append(pool.submit(withdraw, visited, asked[-1]["question_id"]))
        wait(withdrawn, timeout=0.3)
        keep(*given, **named)

    withdrawn: list[Future[None]] = []
    monkeypatch.setattr(counter_asking, "keep_said", keep_slowly)
    with pool:
        answer: str = read_json(visited.verify(visited.welcome()[1].id_number))["answer"]
    withdrawn[0].result()
    return answer


def test_a_withdrawal_wins_over_the_yes_that_is_being_kept(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    withdraw_meanwhile(visited, monkeypatch)
    with visited.city.database.reading() as session:
        assert session.scalars(select(VisitorEntitlementRow)).all() == []
        assert session.scalars(select(HomeQuestionRow.ended_because)).all() == ["withdrawn"]


def test_a_yes_that_only_looked_before_would_be_noticed(
    postgres_visited: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(session: Session, partner: str, question_id: UUID, **_: datetime) -> bool:
        return not is_withdrawn(session, partner, question_id)

    monkeypatch.setattr(counter_asking, "hold_open", look)
    withdraw_meanwhile(postgres_visited, monkeypatch)
    with postgres_visited.city.database.reading() as session:
        assert session.scalars(select(VisitorEntitlementRow)).all() != []


def test_a_home_city_that_cannot_answer_is_nobodys_no(town: Visited) -> None:
    city, home = town.city, town.home
    _, person = town.welcome()
    heard = []
    with capture_logs() as logs:
        for status in (503, 422):
            home.status = status
            heard.append(town.verify(person.id_number))
        home.status = 200
        for fault in (CallFault.NOT_REACHED, CallFault.TOO_SLOW, CallFault.TOO_SLOW, CallFault.TOO_SLOW):
            home.fault = fault
            heard.append(town.verify(person.id_number))
        assert len(home.asked) == 3  # three in a row have failed: nobody waits for it any more
        home.fault = None
        city.clock.move(timedelta(seconds=11))
        assert read_json(town.verify(person.id_number, scenario="bike_hire"))["answer"] == "granted"
    told = [(each["event"], each.get("fault")) for each in logs if each.get("partner") == THEIRS]
    failed = [("question_failed", fault) for fault in ("signature_refused", "signature_refused", "unreachable")]
    assert told == [*failed[:2], ("partner_rests", None), failed[2], ("partner_is_back", None)]
    assert person.id_number not in str(logs)
    heard.append(town.verify(person.id_number, home_city="atlantis"))
    with city.database.transaction() as session:
        suspend_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=city.now())
    heard.append(town.verify(person.id_number))
    reasons = {(each["answer"], each["reason"]["code"]) for each in map(read_json, heard)}
    assert reasons == {("cannot_say", "home_city_unreachable")}
    assert len({reduce(answer)[1] for answer in heard}) == 1
    assert all(read_json(answer)["otherwise"] for answer in heard)


def test_one_order_asked_at_once_is_answered_once(visited: Visited) -> None:
    _, person = visited.welcome()
    order_no = name_order()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(visited.verify, person.id_number, order_no=order_no) for _ in range(4)]
        answers = [read_json(call.result()) for call in calls]
    assert {answer["answer"] for answer in answers} == {"granted"}
    assert len({answer["grant_id"] for answer in answers}) == 1


def test_what_leaves_is_written_down_before_and_names_nobody(town: Visited) -> None:
    _, person = town.welcome()
    town.verify(person.id_number, order_no="2026112200000001")
    town.home.fault = CallFault.TOO_SLOW
    town.verify(make_resident_id())
    with town.city.database.reading() as session:
        rows = session.scalars(select(MessageRow).order_by(MessageRow.message_id)).all()
    assert [(row.direction, row.kind) for row in rows] == [("out", "question"), ("in", "answer"), ("out", "question")]
    assert rows[0].about == rows[1].about
    assert all(person.id_number not in f"{row.body}{row.headers}{row.url}" for row in rows)


def test_a_new_key_of_the_home_city_is_learnt_at_the_counter(town: Visited) -> None:
    _, person = town.welcome()
    them = town.home.pair.them
    before = them.held
    them.rotate()
    them.held = (*them.held, *(each for each in before if isinstance(each, SealingKey)))  # which it still opens
    assert read_json(town.verify(person.id_number))["answer"] == "granted"
    first, again = town.home.asked
    assert first == again  # the same question, word for word


def test_whoever_sweeps_numbers_is_slowed_down(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    once = {miss: ALLOWANCES[miss]._replace(free=2, per_served=0) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", once)
    for _ in range(3):
        assert read_json(town.verify(town.welcome()[1].id_number))["answer"] == "granted"
    assert [town.verify(make_resident_id()).status_code for _ in range(3)] == [200, 200, 429]


def _answer_twice(answer: Answer) -> Answer:
    answer["content"]["entitlements"] *= 2
    return answer


def _change(**members: Any) -> Callable[[Answer], Answer]:  # noqa: ANN401 - any member
    return lambda answer: {**answer, **members}


SOON, FAR = "2026-11-23T04:00:00Z", "2099-01-01T00:00:00Z"
SPOILT: dict[str, Callable[[Answer], Any]] = {
    "another_question": _change(question_id=str(uuid4())),
    "another_body": _change(question_digest="0" * 64),
    "a_digest_of_no_form": _change(question_digest="\ud800"),
    "another_protocol": _change(protocol="2"),
    "a_member_more": _change(more=1),
    "a_member_less": lambda answer: {name: value for name, value in answer.items() if name != "answered_at"},
    "no_end": _change(until=None),
    "a_local_moment": _change(until="2026-11-23T04:00:00+00:00"),
    "another_scenario": _change(content={"entitlements": [{"scenario": "scenic_free", "until": SOON}]}),
    "no_scenario": _change(content={"entitlements": [{"scenario": {}, "until": SOON}]}),
    "twice": _answer_twice,
    "another_scope": _change(content={"level": None}),
    "no_object": lambda _: [],
}


def try_all(town: Visited) -> dict[str, str]:
    """What the shop hears for each way to spoil an answer."""
    heard = {}
    for name, spoil in SPOILT.items():
        _, person = town.welcome()
        town.home.spoil = spoil
        heard[name] = read_json(town.verify(person.id_number))["answer"]
        town.city.clock.move(timedelta(seconds=11))  # a city that answers so is left alone for a while
    town.home.spoil = lambda answer: answer
    return heard


def test_only_the_answer_to_this_question_is_believed(town: Visited) -> None:
    assert try_all(town) == dict.fromkeys(SPOILT, "cannot_say")
    with town.city.database.reading() as session:
        assert session.scalars(select(VisitorEntitlementRow)).all() == []
        assert session.scalars(select(HomeQuestionRow.fault)).all() == ["refused"] * len(SPOILT)
    for body in (b"{}\0", b"\xff"):
        with pytest.raises(UnusableAnswerError):
            read_text(body)


def test_what_nobody_has_foreseen_is_no_answer_and_no_fault_of_the_shop(
    town: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_body: bytes, _asked: Asked) -> Said:
        raise RuntimeError("something that nobody has thought of")

    once = {miss: ALLOWANCES[miss]._replace(free=2, per_served=0) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", once)
    monkeypatch.setattr(asking, "read_answer", read)
    for _ in range(4):
        assert read_json(town.verify(town.welcome()[1].id_number))["answer"] == "cannot_say"
    with town.city.database.reading() as session:
        assert session.scalars(select(HomeQuestionRow.fault)).all() == ["refused"] * 4
    monkeypatch.undo()
    town.home.spoil = _change(question_digest="\ud800")
    before = len(town.home.asked)
    for _ in range(4):
        town.verify(town.welcome()[1].id_number)
    assert len(town.home.asked) == before + 3  # three in a row were of no use


def read_carelessly(body: bytes, asked: Asked) -> Said:
    """The planted defect: whatever is well formed is believed, to whichever question it is the answer."""
    answer = json.loads(body)
    return read_content(answer["content"], answer["until"], asked)


def test_an_answer_to_another_question_would_be_noticed(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "read_answer", read_carelessly)
    _, person = town.welcome()
    town.home.spoil = SPOILT["another_question"]
    assert read_json(town.verify(person.id_number))["answer"] == "granted"


def test_an_end_too_far_off_is_cut(town: Visited) -> None:
    subject_id, person = town.welcome()
    far = {"until": FAR, "content": {"entitlements": [{"scenario": CARD, "until": FAR}]}}
    town.home.spoil = _change(**far)
    assert read_json(town.verify(person.id_number))["answer"] == "granted"
    assert town.list_visits(subject_id)[0]["until"] == write(town.city.now() + timedelta(hours=72))
