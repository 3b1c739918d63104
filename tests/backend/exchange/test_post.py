"""The post to other cities: what waited for a partner is delivered within a minute of its return, each once (R28)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from backend.exchange import confirmations
from backend.exchange import post as post_module
from backend.exchange.post import Post, is_logged_attempt
from backend.gateways.city_calls import SignedAnswer
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.sending import OutgoingCall
from backend.partners.notices import HeldNotice, NoticeKind, leave_notice, list_waiting
from backend.storage.identifiers import new_id
from backend.visits.visiting import Visit
from tests.backend.exchange.cities import Cities, deliver, lose
from tests.backend.exchange.journeys import HOME, HOST, Journey, read_id
from tests.backend.exchange.reading import count, read_rows
from tests.backend.exchange.reading import read_id as read_uuid

TICK = timedelta(seconds=1)


def leave_withdrawals(judged: Journey, number: int) -> None:
    """Leave so many notices, each of an answer of its own that never came."""
    with judged.home.database.transaction() as session:
        for _ in range(number):
            question_id = new_id(judged.cities.now())
            content = {"question_ids": [str(question_id)]}
            leave_notice(
                session,
                partner=HOST,
                kind=NoticeKind.WITHDRAWN,
                about=question_id,
                subject_id=None,
                content=content,
                now=judged.cities.now(),
            )


def count_waiting(cities: Cities) -> int:
    """How many notices wait in the home city."""
    with cities[HOME].database.reading() as session:
        return sum(each.notices for each in list_waiting(session))


@pytest.mark.parametrize("waiting", [40, pytest.param(300, marks=pytest.mark.long)])
def test_after_an_hour_away_all_is_delivered_within_a_minute(judged: Journey, waiting: int) -> None:
    """One process works all the time; the clock goes on by a second whenever it has nothing to do."""
    assert isinstance(judged.ask(), Visit)
    judged.rescore(650)
    leave_withdrawals(judged, waiting - 2)
    judged.withdraw()
    post, clock, network = judged.cities.make_post(HOME), judged.cities.clock, judged.network
    network.fate = lose
    begun, tried = clock.now(), len(network.sent)
    while clock.now() < begun + timedelta(hours=1):
        assert post.run_once() == 0
        clock.move(timedelta(seconds=31))
    assert len(network.sent) - tried < 150  # who is away is tried now and then, not with everything
    assert count_waiting(judged.cities) == waiting
    network.fate, healed, before = deliver, clock.now(), len(network.sent)
    while count_waiting(judged.cities):
        if not post.run_once():
            clock.move(TICK)
        assert clock.now() - healed < timedelta(seconds=60)
    arrived = Counter(read_id(call, "notice_id") for call in network.sent[before:])
    assert len(arrived) == waiting
    assert set(arrived.values()) == {1}
    assert count(judged.host.database, "taken_notice") == waiting
    assert count(judged.host.database, "withdrawn_question") == waiting - 1
    assert judged.count_believed() == 0
    assert count(judged.home.database, "disclosure", "deleted_at IS NOT NULL") == 1
    for database in (judged.home.database, judged.host.database):  # and nothing of what was told is left in the logs
        assert count(database, "exchange_message", "tells_of IS NOT NULL") >= 1
        assert count(database, "exchange_message", "tells_of IS NOT NULL AND body IS NOT NULL") == 0


def test_a_notice_that_we_fail_at_holds_up_no_other(judged: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets nobody rest, and before it has left it does not show either that a partner is there."""
    leave_withdrawals(judged, 10)
    notices = read_rows(judged.home.database, "SELECT notice_id FROM exchange_notice")
    bad = read_uuid(notices[0]["notice_id"])

    def find_flaw(answer: SignedAnswer, held: HeldNotice, body: bytes) -> str | None:
        if held.notice_id == bad:
            raise TypeError("something that nobody has thought of")
        return confirmations.find_flaw(answer, held, body)

    monkeypatch.setattr(post_module, "find_flaw", find_flaw)
    post, clock, network = judged.cities.make_post(HOME), judged.cities.clock, judged.network
    assert post.run_once() == 9
    waiting = read_rows(judged.home.database, "SELECT fault, lease FROM exchange_notice WHERE confirmed_at IS NULL")
    assert waiting == [{"fault": "unusable", "lease": None}]
    monkeypatch.setattr(post_module, "find_flaw", confirmations.find_flaw)

    write_it = post_module.write_notice

    def write_notice(held: HeldNotice, *, city: str) -> bytes:
        if held.notice_id == bad:
            raise TypeError("and this is not written at all")
        return write_it(held, city=city)

    monkeypatch.setattr(post_module, "write_notice", write_notice)
    network.fate, before = lose, len(network.sent)
    leave_withdrawals(judged, 9)
    for _ in range(120):
        clock.move(TICK)
        assert post.run_once() == 0
    assert len(network.sent) - before <= 9  # after 1, 2, 4, 8, 16, 30, 30 and 30 seconds, whatever we fail at meanwhile


def leave_refused(judged: Journey) -> UUID:
    """Leave a notice that the host will refuse for ever, and give its id."""
    with judged.home.database.transaction() as session:
        return leave_notice(
            session,
            partner=HOST,
            kind=NoticeKind.SUSPENDED,
            about=None,
            subject_id=None,
            content={"treaty_id": "hangzhou-zhengzhou", "version": "1900.1"},
            now=judged.cities.now(),
        )


@pytest.mark.parametrize("breaks", [False, True])
def test_a_notice_that_is_never_taken_waits_on_its_own_and_is_never_lost(judged: Journey, *, breaks: bool) -> None:
    """It is the oldest, and tried as often as any: the host refuses it, or breaks at it, and takes everything else."""
    bad, others = str(leave_refused(judged)), 30
    leave_withdrawals(judged, others)
    post, clock, network = judged.cities.make_post(HOME), judged.cities.clock, judged.network

    def break_at(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        return lose(call, arrive) if breaks and read_id(call, "notice_id") == bad else arrive()

    def work_off(within: timedelta) -> None:
        network.fate, began = break_at, clock.now()
        while count_waiting(judged.cities) > 1:
            if not post.run_once():
                clock.move(TICK)
            assert clock.now() - began <= within

    work_off(within=4 * TICK if breaks else 0 * TICK)
    leave_withdrawals(judged, others)
    clock.move(31 * TICK)
    network.fate, rounds, before = lose, others + 10, len(network.sent)
    for _ in range(rounds):
        assert post.run_once() + post.run_once() == 0
        clock.move(31 * TICK)
    assert len(network.sent) - before == rounds
    work_off(within=4 * TICK if breaks else 0 * TICK)
    clock.move(31 * TICK)
    rounds, before = 13, len(network.sent)
    for _ in range(rounds):
        assert post.run_once() == 0
        clock.move(31 * TICK if breaks else timedelta(minutes=30))
    assert {read_id(call, "notice_id") for call in network.sent[before:]} == {bad}
    assert len(network.sent) - before in ({rounds} if breaks else {rounds // 2, rounds // 2 + 1})
    with judged.home.database.reading() as session:
        [waiting] = list_waiting(session)
    assert (waiting.notices, waiting.refused) == (1, 0 if breaks else 1)
    assert post.run_once() == 0
    network.fate, before = lose, len(network.sent)
    leave_withdrawals(judged, 3)
    assert post.run_once() == 0
    clock.move(2 * TICK)
    work_off(within=61 * TICK if breaks else 0 * TICK)
    assert breaks or bad not in {read_id(call, "notice_id") for call in network.sent[before:]}
    [told] = read_rows(judged.home.database, "SELECT SUM(attempts) AS attempts FROM exchange_notice")
    assert told["attempts"] == len(network.sent)  # what was not sent after all was no attempt


def test_after_a_success_everything_that_waits_leaves_at_once(journey: Journey) -> None:
    """Also what other workers have put off, which died since: here one after each attempt."""
    leave_withdrawals(journey, 3)
    post, clock, network = journey.cities.make_post(HOME), journey.cities.clock, journey.network
    network.fate = lose
    for _ in range(8):
        clock.move(31 * TICK)
        assert sum(journey.cities.make_post(HOME).run_once() for _ in range(3)) == 0
    leave_withdrawals(journey, 1)
    assert post.run_once() == 0
    clock.move(TICK)
    network.fate = deliver
    assert [post.run_once() for _ in range(3)] == [1, 3, 0]


def test_signed_refusals_are_logged_and_flood_no_log(judged: Journey) -> None:
    home = judged.home.database
    leave_refused(judged)
    post, attempts = judged.cities.make_post(HOME), 40
    for _ in range(attempts):
        assert post.run_once() == 0
        judged.cities.clock.move(timedelta(hours=1))
    logged = sum(map(is_logged_attempt, range(1, attempts + 1)))
    assert logged == len([*range(1, 11), 16, 32])
    assert count(home, "exchange_message", "kind = 'notice' AND direction = 'out'") == logged
    assert count(home, "exchange_message", "kind = 'confirmation' AND status = 404") == logged


def test_two_workers_and_a_partner_that_answers_twice_too_late_and_by_a_wrong_clock(judged: Journey) -> None:
    """Whatever each attempt comes to, every notice has one effect, and is confirmed in the end."""
    leave_withdrawals(judged, 20)
    clock, network = judged.cities.clock, judged.network
    turns = iter(range(10_000))

    def trouble(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        match next(turns) % 8:
            case 0:
                arrive()
                raise CallFailedError("too late", CallFault.TOO_SLOW)
            case 1:
                arrive()  # and again, with the same signature: the second one is no answer to believe
                return arrive()
            case 2:
                return stale(call, arrive)
            case _:
                return arrive()

    def stale(_: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        answer = arrive()
        spoilt = answer.headers["signature-input"].replace(";created=1", ";created=2")
        return HttpAnswer(answer.status, answer.content, {**answer.headers, "signature-input": spoilt})

    network.fate = trouble
    workers = [Post(judged.cities.make_office(HOME)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(1000):
            confirmed = sum(pool.map(lambda each: each.run_once(), workers))
            if not confirmed:
                clock.move(TICK)
            if not count_waiting(judged.cities):
                break
    assert count_waiting(judged.cities) == 0
    assert [count(judged.host.database, table) for table in ("taken_notice", "withdrawn_question")] == [20, 20]
    assert count(judged.home.database, "exchange_notice", "confirmed_at IS NOT NULL") == 20
