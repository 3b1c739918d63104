"""Codes, verifications and asks: one scan, one answer, once; told on a consent, and no more often than is good."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.benefits import verification_tables
from backend.benefits.answers import Answer, Reason, Verification
from backend.benefits.ask_expiry import forget_codes
from backend.benefits.codes import CODE_BYTES, KEPT_FOR, USABLE_FOR, digest_code
from backend.benefits.judging import Tools
from backend.benefits.probing import ALLOWANCES, WINDOW, Miss
from backend.benefits.scans import Scan
from backend.benefits.verification import verify_code
from backend.grants.life import cancel_reserved
from backend.principals import Principal, PrincipalKind
from tests.backend.benefits.counter import (
    BIKE,
    CARD,
    OTHER,
    RACK,
    ask,
    consent,
    make_code,
    name_order,
    open_counters,
    read_looks,
    scan,
)
from tests.backend.city import City, make_person, read_json, running_city
from tests.databases import count_rows

SHOPS = (RACK, OTHER, "east_rack", "west_rack", "inner_rack")


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url) as city:
        open_counters(city, *SHOPS)
        yield city


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    with running_city(sqlite_url) as city:
        open_counters(city)
        yield city


def answer_of(response: Any) -> tuple[str, str | None]:  # noqa: ANN401 - Flask's
    body = read_json(response)
    return body["answer"], body["reason"] and body["reason"]["code"]


def scan_at_once(city: City, code: str, times: int) -> Counter[tuple[Answer, Reason | None]]:
    """The answers to one code scanned at once, by each merchant by turns, under an order of its own."""
    tools = Tools(benefits=city.context.benefits, rules=city.context.rules, sealer=city.context.sealer)
    ready = Barrier(times)

    def scan_one(number: int) -> tuple[Answer, Reason | None]:
        merchant = Principal(kind=PrincipalKind.MERCHANT, id=SHOPS[number % len(SHOPS)])
        order = Scan(merchant=merchant, order_no=name_order(), scenario=BIKE, code=code, amount_fen=None)
        ready.wait()
        answer = verify_code(city.database, order, tools=tools, now=city.now())
        assert isinstance(answer, Verification), answer
        return answer.answer, answer.reason

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(scan_one, range(times)))


def check_one_time_codes(city: City, codes: int, scans: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """R13: of simultaneous scans of a code by five merchants one succeeds, and none of the others."""
    unlimited = {miss: ALLOWANCES[miss]._replace(free=10**6) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", unlimited)
    expected = {(Answer.GRANTED, None): 1, (Answer.CANNOT_SAY, Reason.CODE_UNUSABLE): scans - 1}
    for _ in range(codes):
        person = city.enrol(make_person())
        for shop in SHOPS:
            consent(city, person, merchant=shop)
        assert scan_at_once(city, make_code(city, person, scenario=BIKE), scans) == expected
        assert count_rows(city.database, f"benefit_grant WHERE subject_id = '{write_id(city, person)}'") == 1
    assert count_rows(city.database, "verification WHERE answer = 'granted'") == codes


def write_id(city: City, subject_id: UUID) -> str:
    return subject_id.hex if city.database.dialect_name == "sqlite" else str(subject_id)


def test_a_code_is_good_for_one_scan(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    check_one_time_codes(city, 5, 10, monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_codes_are_good_for_one_scan_each(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    check_one_time_codes(city, 200, 50, monkeypatch)


def test_a_code_that_is_used_in_two_steps_is_found(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: a code is looked at, and not guarded where it is used."""
    monkeypatch.setattr(
        "backend.benefits.verification.use_code",
        lambda session, digest, **_: (verification_tables.find_code_owner(session, digest), None),
    )
    with running_city(sqlite_url) as city:
        open_counters(city, *SHOPS)
        with pytest.raises(AssertionError):
            check_one_time_codes(city, 1, 4, monkeypatch)


def test_whoever_reads_of_a_look_finds_the_consent_that_lay_in_the_code(city: City) -> None:
    """Also where another one stands, and where nothing was given; a code that names nobody rests on that one."""
    person = city.enrol(make_person())
    headers = city.citizen(person)
    codes = [make_code(city, person, merchant=RACK, scenario=BIKE)]
    consent(city, person, merchant=RACK)
    codes += [make_code(city, person, merchant=RACK), make_code(city, person, scenario=BIKE)]
    given = read_json(city.client().get("/v1/benefit-consents", headers=headers))["items"]
    by_code = {(each["once"], each["scenario"]): each["consent_id"] for each in given}
    for code, answer in zip(codes, ("granted", "not_granted", "not_granted"), strict=True):
        city.clock.move(timedelta(seconds=1))
        assert answer_of(scan(city, code))[0] == answer
    looks = read_json(city.client().get("/v1/access-entries", headers=headers))["items"]
    told = [look["answered"]["consent_id"] for look in reversed(looks)]
    (standing,) = (each["consent_id"] for each in given if not each["once"])
    assert told == [by_code[True, BIKE], by_code[True, None], standing]


def test_a_code_ends_and_is_bound_and_is_kept_as_a_digest(town: City) -> None:
    person = town.enrol(make_person())
    assert CODE_BYTES * 8 >= 128
    late, bound, narrow = (
        make_code(town, person, **kind) for kind in ({"merchant": RACK}, {"merchant": OTHER}, {"scenario": CARD})
    )
    assert answer_of(scan(town, bound)) == answer_of(scan(town, narrow)) == ("cannot_say", "code_unusable")
    assert answer_of(scan(town, "A" * 32)) == ("cannot_say", "code_unusable")
    town.clock.move(USABLE_FOR)
    assert answer_of(scan(town, late)) == ("cannot_say", "code_unusable")
    assert count_rows(town.database, f"one_time_code WHERE digest = x'{digest_code(late).hex()}'") == 1
    town.clock.move(KEPT_FOR + timedelta(seconds=1))
    with town.database.transaction() as session:
        assert forget_codes(session, now=town.now()) == 3
    for image, media_type in (("svg", "image/svg+xml"), ("png", "image/png")):
        made = town.client().post("/v1/codes", json={"image": image}, headers=town.citizen(person))
        assert read_json(made)["image"]["media_type"] == media_type


def test_a_code_ends_with_the_consent_that_came_with_it_and_nothing_else_does(town: City) -> None:
    person = town.enrol(make_person())
    headers = town.citizen(person)
    assert answer_of(scan(town, make_code(town, person)))[0] == "granted"
    code = make_code(town, person)
    (newest, *_) = read_json(town.client().get("/v1/benefit-consents", headers=headers))["items"]
    withdrawn = town.client().delete(f"/v1/benefit-consents/{newest['consent_id']}", headers=headers)
    assert withdrawn.status_code == 200, withdrawn.text
    assert answer_of(scan(town, code)) == ("cannot_say", "code_unusable")
    (grant,) = read_json(town.client().get("/v1/account/grants", headers=headers))["items"]
    assert grant["state"]["code"] == "reserved"


def test_a_standing_consent_has_a_window_a_scope_and_an_end(town: City) -> None:
    person = town.enrol(make_person())
    headers = town.citizen(person)

    def try_open_code(scenario: str = BIKE) -> str:
        answer = scan(town, make_code(town, person, scenario=scenario), scenario=scenario)
        with town.database.transaction() as session:  # so that the next one finds none open
            cancel_reserved(session, person, now=town.now())
        return str(read_json(answer)["answer"])

    assert try_open_code() == "not_granted"
    consent(town, person, scenario=CARD)
    consent(town, person, merchant=OTHER)
    assert try_open_code() == "not_granted"
    withdrawn = consent(town, person, days=2)
    assert try_open_code() == "granted"
    answer = town.client().delete(f"/v1/benefit-consents/{withdrawn}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert try_open_code() == "not_granted"
    consent(town, person, scenario=None, days=1)
    assert try_open_code() == "granted"
    town.clock.move(timedelta(days=1))
    headers = town.citizen(person)
    assert try_open_code() == "not_granted"
    listed = read_json(town.client().get("/v1/benefit-consents", headers=headers))["items"]
    assert [(each["merchant"], each["scenario"], each["withdrawn_at"] is not None) for each in listed] == [
        (RACK, None, False),
        (RACK, BIKE, True),
        (OTHER, BIKE, False),
        (RACK, CARD, False),
    ]
    assert {look["purpose"]["code"] for look in read_looks(town, person)} == {"benefit"}


CHANGES = st.sampled_from([{}, {"scenario": CARD}, {"amount_fen": 100}, {"amount_fen": 200}, {"code": "B" * 32}])


def test_one_order_one_answer(town: City) -> None:
    """The same key with the same members gets the first answer, whatever happens between; with others it is refused."""

    @settings(max_examples=8)
    @given(st.lists(CHANGES, min_size=2, max_size=4))
    def check(calls: list[dict[str, Any]]) -> None:
        person, order_no = town.enrol(make_person()), name_order()
        code = make_code(town, person)
        first = scan(town, **({"code": code, "order_no": order_no} | calls[0]))
        assert first.status_code == 200
        for changes in calls[1:]:
            town.clock.move(timedelta(seconds=40))
            again = scan(town, **({"code": code, "order_no": order_no} | changes))
            if changes == calls[0]:
                assert (again.status_code, again.text) == (200, first.text)
            else:
                assert (again.status_code, read_json(again)["code"]) == (422, "order_no_reused")
        found = town.client().get(f"/v1/verifications?order_no={order_no}", headers=town.merchant(RACK))
        assert found.text == first.text
        assert (
            town.client().get(f"/v1/verifications?order_no={order_no}", headers=town.merchant(OTHER)).status_code == 404
        )

    check()


def test_the_same_question_asked_twice_at_once_is_one(city: City) -> None:
    for _ in range(2):
        code, order_no, ready = make_code(city, city.enrol(make_person())), name_order(), Barrier(4)

        def scan_one(
            member: int, code: str = code, order_no: str = order_no, ready: Barrier = ready
        ) -> tuple[int, str]:
            ready.wait()
            other: dict[str, Any] = {"amount_fen": 300} if member == 3 else {}
            answer = scan(city, code, order_no=order_no, **other)
            return answer.status_code, answer.text

        with ThreadPoolExecutor(4) as pool:
            answers = Counter(pool.map(scan_one, range(4)))
        granted = [text for status, text in answers if status == 200]
        assert len(granted) == 1, answers
        assert '"answer":"granted"' in granted[0]
        assert answers[200, granted[0]] in {1, 3}


def test_misses_slow_a_merchant_down_until_the_window_ends(town: City) -> None:
    free = ALLOWANCES[Miss.UNCONFIRMED_ASK].free
    person = make_person()
    subject_id = town.enrol(person)
    for _ in range(free):
        assert ask(town, person.id_number).status_code == 202
    slowed = ask(town, person.id_number)
    assert (slowed.status_code, read_json(slowed)["code"]) == (429, "too_many_misses")
    assert 0 < int(slowed.headers["Retry-After"]) <= WINDOW.total_seconds()
    assert ask(town, person.id_number, merchant=OTHER).status_code == 202
    listed = read_json(town.client().get("/v1/asks", headers=town.citizen(subject_id)))["items"]
    assert len(listed) == 5  # more reach nobody, and no merchant can tell
    probes = read_json(town.client().get("/v1/probes", headers=town.operator("zhao", "merchants:read")))["items"]
    assert [(each["merchant"], each["miss"], each["misses"]) for each in probes] == [(RACK, "unconfirmed_ask", free)]
    town.clock.move(WINDOW)
    assert ask(town, person.id_number).status_code == 202


def test_an_allowance_is_moved_neither_by_strangers_codes_nor_by_one_accomplice(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = {miss: ALLOWANCES[miss]._replace(free=2, per_served=1) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", narrow)
    accomplice = town.enrol(make_person())
    for number in range(4):  # at an unattended gate, by anybody
        assert answer_of(scan(town, f"{'A' * 31}{'ABCD'[number]}")) == ("cannot_say", "code_unusable")

    def get_and_end(*turns: str) -> str:
        code = make_code(town, accomplice)
        made = read_json(scan(town, code))
        for turn in turns:
            headers = town.merchant(RACK) | {"Idempotency-Key": f"{turn}-{made['grant_id']}"}
            body = {"final_fen": 0} if turn == "complete" else None
            answer = town.client().post(f"/v1/grants/{made['grant_id']}/{turn}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
        return code

    for _ in range(3):
        get_and_end("cancel")
    assert [ask(town, make_person().id_number).status_code for _ in range(3)] == [202, 202, 429]
    get_and_end("start", "complete")
    used = get_and_end("start", "complete")
    assert [ask(town, make_person().id_number).status_code for _ in range(2)] == [202, 429]  # for one person
    assert [scan(town, used).status_code for _ in range(4)] == [200, 200, 200, 429]  # ours, and used


def test_offers_say_what_is_there_and_what_is_missing(town: City) -> None:
    person = town.enrol(make_person())
    headers = town.citizen(person) | {"Accept-Language": "en"}

    def read_states() -> dict[str, str]:
        items = read_json(town.client().get("/v1/benefits", headers=headers))["items"]
        return {item["scenario"]: item["state"] for item in items}

    offers = read_json(town.client().get("/v1/benefits", headers=headers))
    assert (offers["level"], offers["next_level"]["level"]) == ("good", "excellent")
    assert CARD in offers["next_level"]["scenarios"]
    (card,) = [item for item in offers["items"] if item["scenario"] == CARD]
    assert card["missing"] == [{"code": "level", "text": "It begins at the level “Excellent”."}]
    assert [each["merchant"] for each in card["merchants"]] == [RACK, OTHER]
    assert (read_states()[BIKE], read_states()[CARD]) == ("available", "not_yet")
    put = partial(town.client().put, "/v1/benefits/declined", headers=headers)
    assert put(json={"scenario": BIKE, "declined": True}).status_code == 200
    assert read_states()[BIKE] == "declined"
    assert answer_of(scan(town, make_code(town, person))) == ("not_granted", "not_available")
    assert put(json={"scenario": BIKE, "declined": False}).status_code == 200
    assert put(json={"scenario": "no_such", "declined": False}).status_code == 404
    until = (town.now() + timedelta(days=1)).isoformat()
    assert town.client().put("/v1/benefits/pause", json={"until": until}, headers=headers).status_code == 200
    assert set(read_states().values()) == {"paused"}
    assert town.client().delete("/v1/benefits/pause", headers=headers).status_code == 204
    keyed = headers | {"Idempotency-Key": "application-1"}
    reserved = town.client().post("/v1/applications", json={"merchant": RACK, "scenario": BIKE}, headers=keyed)
    assert (reserved.status_code, read_json(reserved)["state"]) == (201, "reserved")
    assert read_states()[BIKE] == "used_up"
    refused = town.client().post(
        "/v1/applications",
        json={"merchant": RACK, "scenario": CARD},
        headers=keyed | {"Idempotency-Key": "application-2"},
    )
    assert (refused.status_code, read_json(refused)["code"]) == (409, "benefit_refused")
    assert "It begins at the level “Excellent”." in read_json(refused)["detail"]
    stranger = town.client().get("/v1/benefits", headers=town.citizen(town.know(make_person())))
    assert (stranger.status_code, read_json(stranger)["code"]) == (404, "not_enrolled")
