"""An ask waits for whoever has the number, is counted for anybody or nobody alike, and is forgotten in time."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from backend.benefits import asks
from backend.benefits.answers import Verification
from backend.benefits.ask_expiry import expire_asks, forget_asked_about
from backend.benefits.asks import ASKED_WITHIN, ASKS_ABOUT_ONE, OPEN_FOR, Question
from backend.benefits.judging import Tools
from backend.benefits.verification_tables import find_verification_by_id
from backend.gateways.pseudonyms import Pseudonyms
from backend.principals import Principal, PrincipalKind
from tests.backend.benefits.counter import BIKE, RACK, ask, name_order, open_counters, read_looks
from tests.backend.city import City, Person, make_person, read_json, running_city
from tests.databases import count_rows

SECOND = timedelta(seconds=1)
OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url) as city:
        open_counters(city)
        yield city


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    with running_city(sqlite_url) as city:
        open_counters(city)
        yield city


def ask_about(city: City, person: Person) -> str:
    """The id of a question that was just asked about somebody."""
    asked = ask(city, person.id_number)
    assert asked.status_code == 202, asked.text
    verification_id: str = read_json(asked)["verification_id"]
    return verification_id


def list_asks(city: City, subject_id: UUID) -> list[dict[str, Any]]:
    """What somebody reads of what is asked."""
    items: list[dict[str, Any]] = read_json(city.client().get("/v1/asks", headers=city.citizen(subject_id)))["items"]
    return items


def count_asked_about(city: City, which: str = "TRUE") -> int:
    return count_rows(city.database, f"asked_about WHERE {which}")


def forget_all(city: City) -> int:
    with city.database.transaction() as session:
        return forget_asked_about(session, now=city.now())


def test_an_ask_reaches_whoever_becomes_known_while_it_is_open(city: City) -> None:
    ada, ben, cleo = make_person("陈岸"), make_person("周海"), make_person("林河")
    seen, missed, unheard = (ask_about(city, person) for person in (ada, ben, cleo))
    first, second = city.enrol(ada), city.know(ben)
    path = f"/v1/asks/{seen}/confirmation"
    assert city.client().put(path, headers=city.citizen(second)).status_code == 404  # it is not about him
    assert [(each["verification_id"], each["is_open"]) for each in list_asks(city, first)] == [(seen, True)]
    assert read_json(city.client().put(path, headers=city.citizen(first)))["answer"] == "granted"
    city.clock.move(OPEN_FOR)
    assert expire_asks(city.database, now=city.now()) == 2
    (look,) = read_looks(city, second)
    assert (look["answered"]["about"], look["answered"]["answer"]) == (missed, "not_granted")
    third = city.know(cleo)  # when it was over nobody was known
    assert (list_asks(city, third), read_looks(city, third)) == ([], [])
    assert count_rows(city.database, "verification WHERE subject_id IS NULL AND answer = 'not_granted'") == 1
    for verification_id in (missed, unheard):  # what tells one from the other is not even read for a merchant
        with city.database.reading() as session:
            row = find_verification_by_id(session, RACK, UUID(verification_id))
        assert "answer" in vars(row)
        assert not {"subject_id", "because", "declined_at"} & vars(row).keys()
    city.clock.move(ASKED_WITHIN)
    assert forget_all(city) == 3
    assert [(each["answer"], each["is_open"]) for each in list_asks(city, first)] == [("granted", False)]
    assert [(each["answer"], each["is_open"]) for each in list_asks(city, second)] == [("not_granted", False)]


def test_no_more_asks_reach_one_person_than_is_good_and_a_stranger_neither(town: City) -> None:
    known, stranger = make_person(), make_person()
    subject_id = town.enrol(known)
    for person in (known, stranger) * (ASKS_ABOUT_ONE + 2):
        ask_about(town, person)
    assert (count_asked_about(town), count_asked_about(town, "reaches")) == (2 * ASKS_ABOUT_ONE + 4, 2 * ASKS_ABOUT_ONE)
    stranger_id = town.enrol(stranger)
    assert [len(list_asks(town, each)) for each in (subject_id, stranger_id)] == [ASKS_ABOUT_ONE] * 2
    town.clock.move(ASKED_WITHIN + SECOND)
    expire_asks(town.database, now=town.now())
    assert [len(read_looks(town, each)) for each in (subject_id, stranger_id)] == [ASKS_ABOUT_ONE] * 2
    again = ask_about(town, known)  # those that reached nobody did not count
    assert list_asks(town, subject_id)[0]["verification_id"] == again


def test_whom_an_ask_was_about_is_forgotten_when_it_is_over_and_counts_no_more(city: City) -> None:
    ask_about(city, make_person())
    city.clock.move(ASKED_WITHIN)
    assert (expire_asks(city.database, now=city.now()), forget_all(city)) == (1, 0)
    ask_about(city, make_person())
    city.clock.move(SECOND)
    assert (forget_all(city), count_asked_about(city)) == (1, 1)
    city.clock.move(2 * ASKED_WITHIN)
    assert forget_all(city) == 0  # nobody has noted that it is over
    assert (expire_asks(city.database, now=city.now()), forget_all(city)) == (1, 1)


@pytest.mark.parametrize("filed", ["k1", "k2"])
def test_an_ask_reaches_a_person_under_either_key_while_keys_are_exchanged(town: City, filed: str) -> None:
    ring = {"k1": OLD, "k2": NEW}
    filing = replace(town, context=replace(town.context, pseudonyms=Pseudonyms({filed: ring[filed]}, filed)))
    person = make_person()
    subject_id = filing.enrol(person)
    tools = Tools(benefits=town.context.benefits, rules=town.context.rules, sealer=town.context.sealer)
    question = Question(
        merchant=Principal(kind=PrincipalKind.MERCHANT, id=RACK),
        order_no=name_order(),
        scenario=BIKE,
        identity_number=person.id_number,
        amount_fen=None,
    )
    both = Pseudonyms(ring, "k2")
    asked = asks.ask(town.database, question, pseudonyms=both, tools=tools, now=town.now())
    assert isinstance(asked, Verification)
    assert count_asked_about(town) == 2
    path = f"/v1/asks/{asked.verification_id}/declined"
    assert len(list_asks(town, subject_id)) == 1
    assert read_json(town.client().put(path, headers=town.citizen(subject_id)))["answer"] == "not_granted"
    town.clock.move(ASKED_WITHIN + SECOND)
    assert (expire_asks(town.database, now=town.now()), forget_all(town)) == (1, 2)


def test_two_sweeps_at_once_answer_each_ask_once(city: City) -> None:
    people = [make_person() for _ in range(8)]
    subjects = [city.know(person) for person in people]
    for person in people:
        ask_about(city, person)
    city.clock.move(OPEN_FOR)
    start = Barrier(2)

    def sweep(_: int) -> int:
        start.wait()
        return expire_asks(city.database, now=city.now())

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(sweep, range(2)))
    assert sum(done) == len(people), done
    assert [len(read_looks(city, subject_id)) for subject_id in subjects] == [1] * len(people)
