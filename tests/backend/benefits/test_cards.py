"""Cards as citizens make them, as gates read them, and as they end."""

import json
import secrets
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, false, insert, select, update
from werkzeug.test import TestResponse

from backend.access.tables import AccessEntryRow
from backend.benefits import card_ending, card_signing, card_tables
from backend.benefits.card_ending import KEPT_FOR, SWEPT_AT_ONCE, purge_cards, sweep_cards
from backend.benefits.card_tables import CardRow
from backend.benefits.cards import MOST_LIVE
from backend.benefits.consent_tables import KEPT_FOR as CONSENTS_KEPT_FOR
from backend.benefits.consent_tables import purge_once_consents
from backend.benefits.judging import Tools
from backend.benefits.pausing import pause_benefits, resume_benefits
from backend.gateways.status_lists import pack_bits
from backend.grants.tables import GrantRow
from backend.merchants.tables import ContractRow
from backend.people.tables import ConsentRow, SubjectRow
from docs.examples.gate import Gate, Memory, Result
from tests.backend.city import City, Person, make_person, read_json, running_city
from tests.backend.merchants.shops import open_shop
from tests.backend.records.handing import TRAFFIC, make_fine, open_offices, report_one
from tests.backend.web.probe import PUBLIC_URL

SQUARE, TENNIS = "north_square", "tennis_club"
SCENARIO, HELD = "shared_items", "bike_hire"  # from level `good`, with which everybody begins
MANY, MOST_STATEMENTS = 130, 4  # two of them ask about cards
_keys = count(1)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city with two merchants that offer the same."""
    with running_city(database_url) as city:
        open_offices(city)
        open_shop(city, SQUARE, SCENARIO, HELD)
        open_shop(city, TENNIS, SCENARIO)
        yield city


def order(city: City, subject_id: UUID, **changes: Any) -> TestResponse:  # noqa: ANN401 - whatever the test is about
    body = {"scenario": SCENARIO, "merchant": SQUARE, "minutes": 120, **changes}
    headers = city.citizen(subject_id) | {"Idempotency-Key": f"card-order-{next(_keys):08}"}
    return city.client().post("/v1/cards", json=body, headers=headers)


def make(city: City, subject_id: UUID, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    answer = order(city, subject_id, **changes)
    assert answer.status_code == 201, answer.text
    return read_json(answer)


def show(city: City, subject_id: UUID, card_id: str) -> dict[str, Any]:
    return read_json(city.client().get(f"/v1/cards/{card_id}?image=svg", headers=city.citizen(subject_id)))


def make_gate(city: City, memory: Memory, merchant: str = SQUARE) -> Gate:
    """A gate that has just fetched everything."""
    client = city.client()
    uris = read_json(client.get("/v1/cards/status"))["status_lists"]
    lists = [client.get(uri.removeprefix(PUBLIC_URL)).text for uri in uris]
    keys = client.get("/v1/keys").text
    return Gate(issuer=PUBLIC_URL, merchant=merchant, keys=keys, lists=lists, memory=memory)


def try_gate(city: City, card: str, merchant: str = SQUARE) -> Result:
    with closing(Memory(":memory:")) as memory:
        return make_gate(city, memory, merchant).check(card, city.now()).result


def sweep(city: City, *, limit: int = SWEPT_AT_ONCE) -> int:
    context = city.context
    tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
    return sweep_cards(city.database, tools=tools, now=city.now(), limit=limit)


def test_a_card_is_a_benefit_given_and_a_consent(city: City) -> None:
    subject_id = city.enrol(make_person())
    made = make(city, subject_id, image="png")
    assert made["image"]["media_type"] == "image/png"
    assert try_gate(city, made["card"]) is Result.OPEN
    assert try_gate(city, made["card"], TENNIS) is Result.WRONG_MERCHANT
    assert city.client().get("/v1/cards", headers={"Authorization": f"Bearer {made['card']}"}).status_code == 401
    with city.database.reading() as session:
        (grant,) = session.scalars(select(GrantRow))
        (consent,) = session.scalars(select(ConsentRow).where(ConsentRow.recipient == f"merchant:{SQUARE}"))
        (look,) = session.scalars(select(AccessEntryRow))
    assert (grant.via, grant.state, grant.order_no) == ("card", "completed", f"card-{made['card_id']}")
    assert consent.expires_at == city.now() + timedelta(minutes=120)
    assert (look.asker_kind, look.purpose, look.answered["answer"]) == ("citizen", "benefit", "granted")
    assert (look.asker, look.answered["recipient"]) == (str(subject_id), SQUARE)
    stranger = city.citizen(city.enrol(make_person()))
    for call in (city.client().get, city.client().delete):
        assert call(f"/v1/cards/{made['card_id']}", headers=stranger).status_code == 404
    ended = city.client().delete(f"/v1/cards/{made['card_id']}", headers=city.citizen(subject_id))
    assert (ended.status_code, try_gate(city, made["card"])) == (204, Result.ENDED)
    shown = show(city, subject_id, made["card_id"])
    assert (shown["is_good"], shown["ended_because"], shown["card"]) == (False, "citizen", None)


def test_who_gets_no_card_reads_why(city: City) -> None:
    person = make_person()
    subject_id = city.enrol(person)
    refusals = [
        (order(city, subject_id, scenario=HELD), 422, "card_needs_grant"),
        (order(city, subject_id, scenario="no_such"), 404, "scenario_not_found"),
        (order(city, subject_id, merchant="nobody"), 404, "offer_not_found"),
        (order(city, subject_id, scenario="street_parking"), 404, "offer_not_found"),
        (order(city, subject_id, minutes=4), 422, "invalid_request"),
        (order(city, subject_id, minutes=1441), 422, "invalid_request"),
        (order(city, city.know(make_person())), 409, "benefit_refused"),
    ]
    make(city, subject_id)
    make(city, subject_id)
    refusals.append((order(city, subject_id), 409, "benefit_refused"))  # two a day
    report_one(city, TRAFFIC, make_fine(person))
    refusals.append((order(city, subject_id, merchant=TENNIS), 409, "benefit_refused"))
    assert [(answer.status_code, read_json(answer)["code"]) for answer, _, _ in refusals] == [
        (status, code) for _, status, code in refusals
    ]


def test_nobody_collects_cards(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.benefits.cards.MOST_LIVE", 1)
    subject_id = city.enrol(make_person())
    make(city, subject_id)
    assert read_json(order(city, subject_id))["code"] == "too_many_cards"
    assert MOST_LIVE > 1


def withdraw(city: City, subject_id: UUID) -> None:
    answer = city.client().delete("/v1/account", headers=city.citizen(subject_id))
    assert answer.status_code in {200, 204}, answer.text


def end_consent(city: City, subject_id: UUID) -> None:
    with city.database.transaction() as session:
        session.execute(
            update(ConsentRow)
            .where(ConsentRow.subject_id == subject_id, ConsentRow.recipient.startswith("merchant:"))
            .values(withdrawn_at=city.now())
        )


def pause_for_a_moment(city: City, subject_id: UUID) -> None:
    with city.database.transaction() as session:
        pause_benefits(session, subject_id, city.now() + timedelta(hours=1), now=city.now())
        resume_benefits(session, subject_id)


def end_contract(city: City, _: UUID) -> None:
    with city.database.transaction() as session:
        session.execute(
            update(ContractRow)
            .where(ContractRow.merchant == TENNIS, ContractRow.scenario == SCENARIO)
            .values(ended_at=city.now(), ended_by="zhao")
        )


def check_early_ends(city: City) -> None:
    """Each end is told by the list at once, and noted by the sweep at the latest; whom nothing befalls keeps his."""
    people: dict[UUID, Person] = {city.enrol(person): person for person in (make_person() for _ in range(6))}
    left, consent, fined, contract, paused, spared = people
    ends: dict[UUID, tuple[Callable[[City, UUID], object], str]] = {
        left: (withdraw, "consent"),
        consent: (end_consent, "consent"),
        fined: (lambda city, subject_id: report_one(city, TRAFFIC, make_fine(people[subject_id])), "standing"),
        contract: (end_contract, "offer"),
        paused: (pause_for_a_moment, "paused"),
    }
    cards = {who: make(city, who, merchant=TENNIS if who == contract else SQUARE) for who in people}
    for who, (end, _) in ends.items():
        end(city, who)
        merchant = TENNIS if who == contract else SQUARE
        assert try_gate(city, cards[who]["card"], merchant) is Result.ENDED, who
    assert try_gate(city, cards[spared]["card"]) is Result.OPEN
    assert (sweep(city), sweep(city)) == (len(ends) - 1, 0)  # a pause ends cards itself
    with city.database.reading() as session:
        rows = {row.subject_id: row.ended_because for row in session.scalars(select(CardRow))}
    assert rows == {**{who: because for who, (_, because) in ends.items()}, spared: None}


def test_what_carries_a_card_no_more_ends_it(city: City) -> None:
    check_early_ends(city)


@pytest.mark.parametrize(
    ("module", "name", "planted"),
    [
        (card_signing, "pack_bits", lambda _: pack_bits(())),
        (card_tables, "_have_facts_changed", false),
        (card_ending, "_list_gone", lambda *_, **__: []),
    ],
    ids=["a cleared bit", "facts not looked at", "contracts not looked at"],
)
def test_a_card_that_outlives_its_ground_is_caught(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, planted: Callable[..., object]
) -> None:
    with running_city(sqlite_url) as city:
        open_offices(city)
        open_shop(city, SQUARE, SCENARIO)
        open_shop(city, TENNIS, SCENARIO)
        monkeypatch.setattr(module, name, planted)
        with pytest.raises(AssertionError):
            check_early_ends(city)


def test_days_are_judged_by_the_sweep_and_old_cards_forgotten(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_city(sqlite_url) as city:
        open_shop(city, SQUARE, SCENARIO)
        one, other = city.enrol(make_person()), city.enrol(make_person())
        places = iter([7, 7, 7, 7, 7, 9])
        monkeypatch.setattr(secrets, "randbelow", lambda _: next(places))
        make(city, one, minutes=1440)
        make(city, other, minutes=5)
        with city.database.reading() as session:
            assert [(row.list_no, row.place) for row in session.scalars(select(CardRow).order_by(CardRow.card_id))] == [
                (0, 7),
                (1, 9),
            ]
        assert len(read_json(city.client().get("/v1/cards/status"))["status_lists"]) == 2
        city.clock.move(timedelta(hours=13))
        assert (sweep(city), sweep(city)) == (1, 0)  # the other has expired
        with city.database.reading() as session:
            assert {row.checked_on.day for row in session.scalars(select(CardRow))} == {22, 23}
        city.clock.move(KEPT_FOR)
        in_three_years = city.now() + CONSENTS_KEPT_FOR
        with city.database.transaction() as session:
            assert purge_once_consents(session, in_three_years, limit=10) == 0  # the card rests on it
            assert purge_cards(session, city.now(), limit=10) == 1
            assert purge_once_consents(session, in_three_years - 2 * KEPT_FOR, limit=10) == 0
            assert purge_once_consents(session, in_three_years, limit=10) == 1


def test_a_list_is_kept_as_long_as_nothing_changes_in_it(sqlite_url: str) -> None:
    with running_city(sqlite_url) as city:
        open_shop(city, SQUARE, SCENARIO)
        subject_id, client = city.enrol(make_person()), city.client()
        card_id = make(city, subject_id)["card_id"]
        first = client.get("/v1/cards/status/0000")
        assert (first.mimetype, client.get("/v1/cards/status/00a0").status_code) == ("application/statuslist+jwt", 404)
        kept = {"If-None-Match": first.headers["ETag"]}
        assert client.get("/v1/cards/status/0000", headers=kept).status_code == 304
        client.delete(f"/v1/cards/{card_id}", headers=city.citizen(subject_id))
        assert client.get("/v1/cards/status/0000", headers=kept).status_code == 200


def test_nobody_is_judged_by_whoever_reads_a_list(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changed facts come to, a card is ended until it is judged by them, and many cost no more than one."""
    with running_city(sqlite_url) as city:
        open_shop(city, SQUARE, SCENARIO)
        monkeypatch.setattr(secrets, "randbelow", lambda _: 0)
        pattern = make(city, city.enrol(make_person()))
        with city.database.transaction() as session:
            (row,) = session.scalars(select(CardRow))
            values = {column.name: getattr(row, column.name) for column in CardRow.__table__.columns}
            more = [values | {"card_id": uuid4(), "place": place} for place in range(1, MANY)]
            session.execute(insert(CardRow), more)
        few, _ = read_bits(city)
        with city.database.transaction() as session:
            session.execute(update(SubjectRow).values(facts_version=SubjectRow.facts_version + 1))
        many, statements = read_bits(city)
        assert (few, many) == (0, MANY)
        assert statements <= MOST_STATEMENTS
        assert try_gate(city, pattern["card"]) is Result.ENDED
        left = [sweep(city, limit=MANY - 10), sweep(city, limit=MANY), sweep(city, limit=MANY)]
        assert left == [MANY - 10, 10, 0]
        assert read_bits(city) == (0, statements)
        assert try_gate(city, pattern["card"]) is Result.OPEN


def read_bits(city: City) -> tuple[int, int]:
    """How many cards a list says have ended, and how many statements that takes."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(city.database.engine, "before_cursor_execute", note)
    try:
        text = city.client().get("/v1/cards/status/0000").text
    finally:
        event.remove(city.database.engine, "before_cursor_execute", note)
    payload = text.split(".")[1]
    packed = json.loads(urlsafe_b64decode(payload + "=="))["status_list"]["lst"]
    return sum(byte.bit_count() for byte in zlib.decompress(urlsafe_b64decode(packed + "=="))), len(seen)
