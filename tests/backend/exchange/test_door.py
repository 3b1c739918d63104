"""The door for other cities under attack: nothing bad is taken, nothing is lost, and each message has one effect (R28).

Calls are caught on their way, spoiled and let arrive; answers are spoiled on their way back.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.exchange.post import write_notice
from backend.gateways.city_calls import ANSWER_TAGS, COVERED, CityCall, MessageTag, sign_call
from backend.gateways.exchange_keys import rotate_exchange
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.message_signatures import SignableRequest, verify_message
from backend.gateways.sealed_messages import seal_for
from backend.gateways.sending import OutgoingCall
from backend.gateways.token_keys import TokenKey
from backend.partners.city_keys import find_sealing_key
from backend.partners.notices import take_notices
from backend.partners.protocol import NOTICES_PATH
from backend.visits.visiting import Visit, VisitState
from backend.web.problems import Refusal
from tests.backend.exchange.cities import Cities, deliver, name_url
from tests.backend.exchange.journeys import ALL, FEW, HOME, HOST, Journey
from tests.backend.exchange.reading import count, dump
from tests.backend.exchange.tampering import (
    ANSWER_ATTACKS,
    CALL_ATTACKS,
    read_answer,
    read_call,
    sign_anew,
    write_answer,
    write_call,
)

NOT_BELIEVED = {401, 405}
Document = dict[str, Any]


def test_no_call_that_was_tampered_with_is_taken(journey: Journey) -> None:
    question = journey.catch(journey.ask)
    check_call(journey, question, HOST, HOME, MessageTag.QUESTION)
    assert count(journey.home.database, "disclosure") == 1
    assert isinstance(journey.ask(), Visit)
    journey.withdraw()
    notice = journey.catch_notice()
    check_call(journey, notice, HOME, HOST, MessageTag.NOTICE)
    assert (journey.count_believed(), count(journey.host.database, "taken_notice")) == (0, 1)


def check_call(journey: Journey, call: OutgoingCall, caller: str, called: str, tag: MessageTag) -> None:
    """Attack a call on its way: nothing stands after any attack that did not stand before; then it is taken once."""
    database, signers = journey.cities[called].database, journey.sign_for(caller, tag)
    before = dump(database)
    for name, attack in CALL_ATTACKS.items():
        answer = journey.network.arrive(write_call(attack(read_call(call), signers)))
        assert answer.status in NOT_BELIEVED, name
        assert dump(database) == before, name
    fresh = write_call(sign_anew(read_call(call), signers))
    assert journey.network.arrive(fresh).status == 200
    taken = dump(database)
    assert taken != before
    replayed = journey.network.arrive(fresh)
    assert (replayed.status, json.loads(replayed.content)["code"]) == (401, "signature_refused")
    assert dump(database) == taken


def spoil_answers(journey: Journey, name: str, tag: MessageTag) -> Callable[..., HttpAnswer]:
    """A fate in which answers are attacked on their way back."""

    def spoil(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        answer = arrive()
        if call.body is None:  # somebody looks for keys
            return answer
        assert answer.status == 200, answer.content
        signers = journey.sign_for(HOST if tag is MessageTag.CONFIRMATION else HOME, tag)
        return write_answer(ANSWER_ATTACKS[name](read_answer(call, answer), signers))

    return spoil


def test_no_answer_that_was_tampered_with_is_believed(journey: Journey) -> None:
    for name in ANSWER_ATTACKS:
        journey.network.fate = spoil_answers(journey, name, MessageTag.ANSWER)
        assert isinstance(journey.ask(), Refusal), name
        assert journey.count_believed() == count(journey.host.database, "home_question", "content IS NOT NULL") == 0
    journey.network.fate = deliver
    assert isinstance(journey.ask(), Visit)
    assert journey.count_believed() == ALL
    journey.withdraw()
    for name in ANSWER_ATTACKS:
        journey.network.fate = spoil_answers(journey, name, MessageTag.CONFIRMATION)
        journey.cities.clock.move(timedelta(seconds=31))
        assert journey.deliver() == 0, name
        assert count(journey.home.database, "disclosure", "deleted_at IS NOT NULL") == 0
    journey.network.fate = deliver
    journey.cities.clock.move(timedelta(seconds=31))
    assert journey.deliver() == 1
    asked = len(ANSWER_ATTACKS) + 1  # each of them was answered, and is known to be deleted now
    assert count(journey.home.database, "disclosure", "deleted_at IS NOT NULL") == asked
    assert count(journey.host.database, "taken_notice") == 1


def seal(journey: Journey, **changes: str) -> str:
    """A number as it is sealed to the home city, bound to something else."""
    with journey.host.database.reading() as session:
        sealing = find_sealing_key(session, HOME)
    assert sealing is not None
    payload = {"id_number": journey.person.id_number, "question_id": "", "from": HOST, **changes}
    return seal_for(payload, key_id=sealing.key_id, key=sealing.key)


UNREADABLE, REFUSED = (422, "person_unreadable"), (422, "question_refused")
BENT: dict[str, tuple[Callable[[Journey, Document], Document], tuple[int, str]]] = {
    "from another": (lambda _, __: {"from": "nanjing"}, REFUSED),
    "to another": (lambda _, __: {"to": "nanjing"}, REFUSED),
    "of another question": (lambda journey, _: {"person": seal(journey, question_id="other")}, UNREADABLE),
    "of another city": (
        lambda journey, body: {"person": seal(journey, question_id=body["question_id"], **{"from": "nanjing"})},
        UNREADABLE,
    ),
    "cut": (lambda _, body: {"person": body["person"][:-4]}, UNREADABLE),
    "bent": (lambda _, body: {"person": body["person"][:-30] + "AAAA" + body["person"][-26:]}, UNREADABLE),
    "no seal": (lambda _, __: {"person": "a.b.c.d.e"}, UNREADABLE),
    "other treaty": (lambda _, body: {"treaty": {**body["treaty"], "version": "9"}}, (409, "treaty_not_in_force")),
    "other text": (lambda _, body: {"treaty": {**body["treaty"], "digest": "0" * 64}}, (409, "treaty_not_in_force")),
    "other scenario": (lambda _, __: {"scenarios": ["rental_deposit"]}, REFUSED),
    "asked last week": (lambda _, __: {"asked_at": "2026-11-14T00:00:00Z"}, REFUSED),
    "a member more": (lambda _, __: {"more": 1}, (422, "invalid_request")),
}


def test_what_is_signed_and_wrong_is_refused_with_a_signature(journey: Journey) -> None:
    """The same to everybody, whoever it is about; and it leaves no trace but its messages."""
    question = read_call(journey.catch(journey.ask))
    body, database = json.loads(question.body), journey.home.database
    before = leave_out_messages(dump(database))
    for name, (bend, expected) in BENT.items():
        bent = replace(question, body=json.dumps({**body, **bend(journey, body)}).encode())
        signed = read_call(write_call(sign_anew(bent, journey.sign_for(HOST, MessageTag.QUESTION))))
        answer = journey.network.arrive(write_call(signed))
        assert (answer.status, json.loads(answer.content)["code"]) == expected, name
        message = read_answer(write_call(signed), answer)
        own = journey.home.context.exchange_keys
        assert own is not None
        keys, tag = own.list_public(journey.cities.now()), ANSWER_TAGS[MessageTag.QUESTION]
        verify_message(message, keys=keys, tag=tag, covered=COVERED, now=journey.cities.now())
        assert leave_out_messages(dump(database)) == before, name


def leave_out_messages(dumped: dict[str, str]) -> dict[str, str]:
    """What stands beside messages and nonces."""
    return {name: rows for name, rows in dumped.items() if name not in {"exchange_message", "seen_nonce"}}


def test_a_question_is_answered_once(judged: Journey) -> None:
    """Again, at once from many hands, with another body under its id: one disclosure, one look, one count."""
    question = read_call(judged.catch(judged.ask))
    signers = judged.sign_for(HOST, MessageTag.QUESTION)
    calls = [write_call(sign_anew(question, signers)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(judged.network.arrive, calls))
    assert [answer.status for answer in answers] == [200] * 4
    first, *others = [json.loads(answer.content) for answer in answers]
    assert others == [first] * 3
    other = replace(question, body=question.body.replace(b"visit-", b"other-"))
    refused = judged.network.arrive(write_call(sign_anew(other, signers)))
    assert (refused.status, json.loads(refused.content)["code"]) == (422, "question_reused")
    database = judged.home.database
    assert [count(database, table) for table in ("disclosure", "answered_question")] == [1, 1]
    assert count(database, "access_entry", "asker_kind = 'partner_city'") == 1
    assert count(database, "question_count", "asked = 1") == count(database, "question_count")


def test_a_notice_has_one_effect_and_one_confirmation(hosted: Journey) -> None:
    assert isinstance(hosted.ask(), Visit)
    hosted.withdraw()
    notice = read_call(hosted.catch_notice())
    signers = hosted.sign_for(HOME, MessageTag.NOTICE)
    calls = [write_call(sign_anew(notice, signers)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(hosted.network.arrive, calls))
    assert [answer.status for answer in answers] == [200] * 4
    assert len({json.dumps(json.loads(answer.content)["done"]) for answer in answers}) == 1
    database = hosted.host.database
    assert [count(database, table) for table in ("taken_notice", "withdrawn_question")] == [1, 1]
    other = replace(notice, body=notice.body.replace(b'"left_at":"2026', b'"left_at":"2025'))
    refused = hosted.network.arrive(write_call(sign_anew(other, signers)))
    assert (refused.status, json.loads(refused.content)["code"]) == (422, "notice_reused")
    assert count(database, "withdrawn_question") == 1


def test_a_withdrawal_that_overtakes_its_answer_wins(journey: Journey) -> None:
    def withdraw_meanwhile(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        answer = arrive()
        if call.url.endswith("/questions"):
            journey.withdraw()
            assert journey.deliver() == 1
        return answer

    journey.network.fate = withdraw_meanwhile
    found = journey.ask()
    assert isinstance(found, Refusal) or found.state is not VisitState.STANDING
    assert journey.count_believed() == count(journey.host.database, "home_question", "content IS NOT NULL") == 0
    assert count(journey.home.database, "disclosure", "deleted_at IS NOT NULL") == 1


def test_of_what_was_left_the_last_counts_in_whatever_order_it_comes(journey: Journey) -> None:
    """Two corrections and, where it is among them, a withdrawal; each time somebody else."""
    for order in ((0, 1), (1, 0), (1, 1, 0, 0, 1), (2, 0, 1), (0, 2, 1)):
        other = Journey(journey.cities)
        assert isinstance(other.ask(), Visit)
        for points in (720, 650):
            other.rescore(points)
        other.withdraw()
        calls = sign_notices(other)
        for place in order:
            signers = other.sign_for(HOME, MessageTag.NOTICE)
            answer = other.network.arrive(write_call(sign_anew(calls[place], signers)))
            assert answer.status == 200, answer.content
        assert other.count_believed() == (0 if 2 in order else FEW), order
        other.cities.clock.move(timedelta(seconds=61))
        assert (other.deliver(), other.count_believed()) == (3, 0)  # those who came before are confirmed again


def sign_notices(journey: Journey) -> list[SignableRequest]:
    """All notices that wait in the home city, in the order in which they were left, as its post would send them."""
    office = journey.cities.make_office(HOME)
    with office.database.transaction() as session:
        held = take_notices(session, HOST, limit=10, now=office.clock.now())
    url, tag = f"{name_url(HOST)}{NOTICES_PATH}", MessageTag.NOTICE
    bodies = [write_notice(each, city=HOME) for each in sorted(held, key=lambda each: each.left_at)]
    calls = [CityCall(city=HOME, url=url, tag=tag, body=body, deadline_seconds=1) for body in bodies]
    return [sign_call(call, keys=office.keys, now=office.clock.now()).request for call in calls]


def rotate(cities: Cities, code: str, *, at_once: bool) -> None:
    """Exchange the keys of a city."""
    cities.held[code].keys = rotate_exchange(cities.held[code].keys, cities.now(), at_once=at_once)


@pytest.mark.parametrize("signs_on", [False, True])
def test_a_question_is_sealed_anew_to_a_key_that_was_exchanged_at_once(journey: Journey, *, signs_on: bool) -> None:
    """The home city opens nothing of before, and signs by a new key or, where it has but lost the other, by its own."""
    held = journey.cities.held[HOME]
    signing = [key for key in held.keys if isinstance(key, TokenKey)]
    rotate(journey.cities, HOME, at_once=True)
    if signs_on:
        held.keys = (*signing, *(key for key in held.keys if not isinstance(key, TokenKey)))
    found = journey.ask()
    assert isinstance(found, Visit)
    assert (found.state, journey.count_believed()) == (VisitState.STANDING, ALL)
    assert count(journey.host.database, "home_question") == count(journey.home.database, "answered_question") == 1
    assert count(journey.home.database, "question_count", "asked = 1") == 2  # of the person, and of all
    for database, said in ((journey.host.database, "in"), (journey.home.database, "out")):
        answers = f"direction = '{said}' AND kind = 'answer' AND status"
        assert count(database, "exchange_message", f"{answers} = 200") == 1
        assert count(database, "exchange_message", f"{answers} = 422") >= 1
    asked = count(journey.host.database, "exchange_message", "kind = 'question'")
    assert asked == count(journey.home.database, "exchange_message", "kind = 'question'") == (2 if signs_on else 3)


@pytest.mark.parametrize("turned", [HOME, HOST])
def test_new_keys_are_learnt_on_the_way_and_stolen_ones_are_no_good(journey: Journey, turned: str) -> None:
    old = journey.sign_for(turned, MessageTag.NOTICE if turned == HOME else MessageTag.QUESTION)
    rotate(journey.cities, turned, at_once=False)
    journey.cities.clock.move(timedelta(minutes=6))
    found = journey.ask()
    assert isinstance(found, Visit)
    assert (found.state, count(journey.home.database, "disclosure")) == (VisitState.STANDING, 1)
    journey.cities.clock.move(timedelta(days=11))
    rotate(journey.cities, turned, at_once=True)
    assert isinstance(journey.ask(), Visit)
    journey.withdraw()
    called = journey.catch_notice() if turned == HOME else journey.catch(lambda: Journey(journey.cities).ask())
    stolen = sign_anew(read_call(called), replace(old, now=journey.cities.now()))
    refused = journey.network.arrive(write_call(stolen))
    assert (refused.status, json.loads(refused.content)["code"]) == (401, "signature_key_unknown")
    assert journey.network.arrive(called).status == 200
    journey.cities.clock.move(timedelta(seconds=31))
    assert (journey.deliver(), journey.count_believed()) == (1, 0)
