"""The same asked twice at the counter within moments: one outcome, one question to the home city, one miss."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import func, select

from backend.app import create_app
from backend.benefits.probe_tables import find_misses
from backend.benefits.probing import find_window
from backend.gateways.http_calls import CallFault
from backend.grants.tables import GrantRow
from backend.visits import counter
from backend.visits.ask_tables import SAME_FOR, JustAsked, VisitorAskRow, purge_asks
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from tests.backend.benefits.counter import RACK, name_order, read_looks
from tests.backend.city import City, make_resident_id, read_json
from tests.backend.visits.home import Visited


def start_beside(visited: Visited) -> Visited:
    """Another process of the same city, with breakers of its own."""
    made = visited.city
    app = create_app(made.context)
    app.extensions[HOME_CITIES] = make_home_cities(made.context, send=visited.home.send)
    return Visited(City(app, made.context, made.key_set_path, made.provider_key), visited.home)


def count_misses(visited: Visited) -> int:
    with visited.city.database.reading() as session:
        return sum(find_misses(session, RACK, find_window(visited.city.now())).values())


def click_twice(visited: Visited, number: str) -> tuple[list[tuple[str, str | None, str | None]], int, int]:
    """What two clicks at once in two processes are told, how often home is asked, and how many misses they cost."""
    asked, misses = len(visited.home.asked), count_misses(visited)
    visited.home.before = lambda _: sleep(0.3)
    both = [visited, start_beside(visited)]
    with ThreadPoolExecutor(2) as pool:
        answers = [read_json(answer) for answer in pool.map(lambda each: each.verify(number), both)]
    told = [(each["answer"], each["reason"] and each["reason"]["code"], each["grant_id"]) for each in answers]
    assert len({each["order_no"] for each in answers}) == 2
    return told, len(visited.home.asked) - asked, count_misses(visited) - misses


def test_a_double_click_is_one_question(visited: Visited) -> None:
    who, entitled = visited.welcome()
    known = visited.welcome(entitled=False)[1]
    for number, answer in (
        (entitled.id_number, "granted"),
        (known.id_number, "not_granted"),
        (make_resident_id(), "not_granted"),
    ):
        told, asked, misses = click_twice(visited, number)
        assert (told[0], told[0][0], asked) == (told[1], answer, 1)
        assert misses == (0 if answer == "granted" else 1)
    visited.home.fault = CallFault.NOT_REACHED
    told, asked, misses = click_twice(visited, make_resident_id())
    assert (told[0], told[0][0], asked, misses) == (told[1], "cannot_say", 1, 0)
    with visited.city.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(GrantRow)) == 1
    looks = read_looks(visited.city, who)
    assert [look["answered"]["answer"] for look in looks] == ["granted"] * 2  # and both are there to be seen


def test_two_who_do_not_know_of_each_other_would_be_noticed(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "find_ask", lambda *_, **__: None)
    monkeypatch.setattr(counter, "begin_ask", lambda *_, **__: True)
    _, asked, misses = click_twice(visited, make_resident_id())
    assert (asked, misses) == (2, 2)


def test_the_same_asked_again_in_moments_gets_the_same_and_later_is_new(town: Visited) -> None:
    home, number = town.home, make_resident_id()
    order_no = name_order()
    first = town.verify(number, order_no=order_no)
    assert town.verify(number, order_no=order_no).get_json() == first.get_json()
    home.yes.add(number)
    town.city.clock.move(SAME_FOR - timedelta(seconds=1))
    assert read_json(town.verify(number))["answer"] == "not_granted"
    assert (len(home.asked), count_misses(town)) == (1, 1)
    assert read_json(town.verify(number, scenario="bike_hire"))["answer"] == "granted"
    town.city.clock.move(timedelta(seconds=1))
    granted = read_json(town.verify(number))
    assert (granted["answer"], len(home.asked)) == ("granted", 3)
    other = make_resident_id()
    for step in (timedelta(), -timedelta(days=1)):  # a clock that is set back makes no moment last for a day
        town.city.clock.move(step)
        assert read_json(town.verify(other))["answer"] == "not_granted"
    assert len(home.asked) == 5
    town.city.clock.move(timedelta(days=1) + SAME_FOR)
    with town.city.database.transaction() as session:
        assert [purge_asks(session, town.city.now(), limit=2) for _ in range(3)] == [2, 1, 0]
        assert session.scalars(select(VisitorAskRow)).all() == []


def test_what_was_given_back_is_no_answer_to_the_next(town: Visited) -> None:
    _, person = town.welcome()
    given = read_json(town.verify(person.id_number, scenario="bike_hire"))
    city = town.city
    path = f"/v1/grants/{given['grant_id']}/cancel"
    assert city.client().post(path, headers={**city.merchant(RACK), "Idempotency-Key": name_order()}).status_code == 200
    again = read_json(town.verify(person.id_number, scenario="bike_hire"))
    assert (again["answer"], again["grant_id"] != given["grant_id"]) == ("granted", True)


def test_a_call_that_broke_off_holds_nobody_up(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    number = make_resident_id()
    with monkeypatch.context() as broken:
        broken.setattr(counter, "ask_for_merchant", lambda *_: 1 // 0)
        assert town.verify(number).status_code == 500
    assert read_json(town.verify(number))["answer"] == "not_granted"
    with monkeypatch.context() as died:  # and one that could not even say so is waited for, and then nobody is asked
        died.setattr(counter, "find_ask", lambda *_, **__: JustAsked("order-of-a-dead-process", is_undone=False))
        before = len(town.home.asked)
        answer = read_json(town.verify(make_resident_id()))
    assert (answer["answer"], answer["reason"]["code"]) == ("cannot_say", "home_city_unreachable")
    assert len(town.home.asked) == before
