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

from backend.benefits.judging import Bar, Judgement, judge
from backend.benefits.nobody import NOBODY
from backend.benefits.pausing import pause_benefits
from backend.benefits.probing import ALLOWANCES, Miss
from backend.benefits.verification_tables import decline_offer
from backend.benefits.visitor_tables import VisitorEntitlementRow
from backend.gateways.exchange_keys import SealingKey
from backend.gateways.http_calls import CallFault
from backend.partners.message_tables import MessageRow
from backend.partners.treaties import suspend_treaty
from backend.people.tables import SubjectRow, lock_subject
from backend.visits import asking, counter, counter_asking
from backend.visits.answer_reading import Asked, Said, UnusableAnswerError, read_content, read_text
from backend.visits.ask_tables import SAME_FOR
from backend.visits.endings import take_withdrawn
from backend.visits.tables import HomeQuestionRow, is_withdrawn
from tests.backend.benefits.counter import CARD, RACK, name_order, read_looks
from tests.backend.benefits.test_enumeration import reduce, statements_seen
from tests.backend.city import make_person, make_resident_id, read_json
from tests.backend.partners.cities import OURS, THEIRS, TREATY
from tests.backend.visits.home import Answer, Visited, write

# Who declines what the home city gives: it has said yes now, before, or both.
BY_A_YES = ("declining", "standing", "standing_declining")


def test_a_merchant_hears_yes_or_one_and_the_same_no(visited: Visited) -> None:
    city, home = visited.city, visited.home
    subject_id, person = visited.welcome()
    order_no = name_order()
    granted = visited.verify(person.id_number, order_no=order_no)
    assert (read_json(granted)["answer"], read_json(granted)["via"]) == ("granted", "visitor")
    assert visited.verify(person.id_number, order_no=order_no).get_json() == granted.get_json()
    assert visited.verify(make_resident_id(), order_no=order_no).status_code == 422
    assert [(question["scenarios"], question["acting_name"]) for question in home.asked] == [([CARD], f"单车点 {RACK}")]
    assert [visit["acting_name"] for visit in visited.list_visits(subject_id)] == [f"单车点 {RACK}"]
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


def count_statements(town: Visited) -> dict[str, list[str]]:
    """The statements of asks that come to nothing, by whom they are about and why; and of some while home is away."""
    city, home = town.city, town.home
    people = {cause: town.welcome(entitled=cause in BY_A_YES) for cause in ("known", *BY_A_YES)}
    local = make_person()
    city.enrol(local)
    numbers = {"unknown": make_resident_id(), "local": local.id_number}
    numbers |= {cause: person.id_number for cause, (_, person) in people.items()}
    for cause in BY_A_YES:
        if "standing" in cause:
            assert read_json(town.verify(numbers[cause]))["answer"] == "granted"
        with city.database.transaction() as session:
            decline_offer(session, people[cause][0], CARD, now=city.now())
    home.yes.discard(numbers["standing"])
    work = {}
    for place in ("", " away"):
        city.clock.move(SAME_FOR)
        home.fault = CallFault.NOT_REACHED if place else None
        for _ in range(3):  # after which a home city that is away is left alone
            town.verify(make_resident_id())
        for cause, number in numbers.items():
            with statements_seen(city.database) as seen:
                assert read_json(town.verify(number))["answer"] == ("cannot_say" if place else "not_granted")
            work[cause + place] = seen
    return work


def test_every_no_is_the_same_work(town: Visited) -> None:
    work = count_statements(town)
    assert len(work["unknown"]) > 20
    for place in ("", " away"):
        found = {cause: seen for cause, seen in work.items() if cause.endswith(" away") == bool(place)}
        assert found == dict.fromkeys(found, work["unknown" + place])


def leave_out_nobody(session: Session, subject_id: UUID, *rest: Any, **more: Any) -> Judgement:  # noqa: ANN401 - all of them
    """The planted defect: who is not entitled is not weighed."""
    return Judgement(Bar.NOT_ENTITLED, None) if subject_id == NOBODY else judge(session, subject_id, *rest, **more)


def test_less_work_for_one_cause_is_found(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "judge", leave_out_nobody)
    work = count_statements(town)
    assert len({tuple(work[cause]) for cause in ("unknown", "standing", "declining")}) == 3


def count_known(town: Visited) -> tuple[int, int]:
    """How many people are known here, and how many questions about somebody."""
    with town.city.database.reading() as session:
        known = select(func.count()).select_from(SubjectRow).where(SubjectRow.subject_id != NOBODY)
        found = [session.scalar(each) for each in (known, select(func.count()).select_from(HomeQuestionRow))]
    return found[0] or 0, found[1] or 0


def test_whom_a_merchant_types_in_becomes_somebody_only_by_a_yes(visited: Visited) -> None:
    home, number = visited.home, make_resident_id()
    before = count_known(visited)
    assert verify_later(visited, number) == "not_granted"
    home.fault = CallFault.NOT_REACHED
    assert verify_later(visited, number) == "cannot_say"
    home.fault = None
    home.yes.add(number)
    home.before = lambda question: withdraw(visited, question["question_id"])
    assert verify_later(visited, number) == "not_granted"
    assert count_known(visited) == before
    home.before = lambda question: question
    assert verify_later(visited, number) == "granted"
    assert count_known(visited) == (before[0] + 1, before[1] + 1)
    subject_id, person = visited.welcome(entitled=False)
    assert verify_later(visited, person.id_number) == "not_granted"
    home.fault = CallFault.NOT_REACHED
    verify_later(visited, person.id_number)
    assert [each["state"] for each in visited.list_visits(subject_id)] == ["failed", "nothing"]


def verify_later(visited: Visited, number: str) -> str:
    """What the shop hears when it has not asked the same a moment ago."""
    visited.city.clock.move(SAME_FOR)
    answer: str = read_json(visited.verify(number))["answer"]
    return answer


def withdraw(visited: Visited, question_id: str) -> None:
    """The home city takes back what it says to a question."""
    with visited.city.database.transaction() as session:
        take_withdrawn(session, THEIRS, {"question_ids": [question_id]}, now=visited.city.now())


def withdraw_meanwhile(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the shop hears when a withdrawal comes in while the yes is being kept; both have ended then."""
    pool, asked = ThreadPoolExecutor(1), visited.home.asked

    def hold_slowly(session: Session, subject_id: UUID) -> SubjectRow | None:
        withdrawn.append(pool.submit(withdraw, visited, asked[-1]["question_id"]))
        wait(withdrawn, timeout=0.3)
        return lock_subject(session, subject_id)

    withdrawn: list[Future[None]] = []
    monkeypatch.setattr(counter_asking, "lock_subject", hold_slowly)
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
            heard.append(town.verify(town.welcome()[1].id_number))
        home.status = 200
        for fault in (CallFault.NOT_REACHED, CallFault.TOO_SLOW, CallFault.TOO_SLOW, CallFault.TOO_SLOW):
            home.fault = fault
            heard.append(town.verify(town.welcome()[1].id_number))
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
