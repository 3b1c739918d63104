"""The same asked twice at the counter within moments: one outcome, one question to the home city, one miss.

Unless what it came by was taken back in between.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.benefits.nobody import NOBODY
from backend.benefits.pausing import pause_benefits
from backend.benefits.probe_tables import find_misses
from backend.benefits.probing import find_window
from backend.benefits.verification_tables import decline_offer
from backend.benefits.visitor_tables import add_entitlement, put_source
from backend.gateways.http_calls import CallFault
from backend.grants.tables import GrantRow
from backend.partners.treaties import suspend_treaty
from backend.people.tables import lock_subject, put_in_doubt
from backend.visits import counter, repeated_asks, routes
from backend.visits.ask_tables import SAME_FOR, JustAsked, VisitorAskRow, purge_asks
from backend.visits.endings import take_withdrawn
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.visits.visitor_orders import VisitorOrder, make_visitor_order
from tests.backend.benefits.counter import CARD, RACK, name_order, read_looks
from tests.backend.city import City, make_resident_id, read_json
from tests.backend.partners.cities import OURS, THEIRS, TREATY
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
    told, _, misses = click_twice(visited, make_resident_id())
    assert (told[0], told[0][0], misses) == (told[1], "cannot_say", 0)  # and who comes after it may ask anew
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


Act = Callable[[Visited, Session, UUID], object]


def withdraw(visited: Visited, session: Session, _subject_id: UUID) -> None:
    """The home city takes back what it said last."""
    question_ids = [visited.home.asked[-1]["question_id"]]
    take_withdrawn(session, THEIRS, {"question_ids": question_ids}, now=visited.city.now())


def withdraw_beside(visited: Visited, session: Session, subject_id: UUID) -> None:
    """The same, while another city says yes."""
    withdraw(visited, session, subject_id)
    now = visited.city.now()
    until = now + timedelta(days=1)
    put_source(session, "guangzhou-here", "1", city="guangzhou", ends_at=until)
    yes: dict[str, Any] = {"treaty_id": "guangzhou-here", "version": "1", "scenario": CARD, "question_id": uuid4()}
    add_entitlement(session, {**yes, "subject_id": subject_id, "given_at": now, "until": until})


def suspend(visited: Visited, session: Session, _subject_id: UUID) -> None:
    """The treaty is suspended."""
    suspend_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=visited.city.now())


def doubt(_visited: Visited, session: Session, subject_id: UUID) -> None:
    """Somebody is no more sure to be who he seems."""
    row = lock_subject(session, subject_id)
    assert row is not None
    put_in_doubt(row, "name_differs")


def pause(visited: Visited, session: Session, subject_id: UUID) -> None:
    """Somebody wants nothing for a while."""
    now = visited.city.now()
    pause_benefits(session, subject_id, now + timedelta(days=2), now=now)


def decline(visited: Visited, session: Session, subject_id: UUID) -> None:
    """Somebody does not want it."""
    decline_offer(session, subject_id, CARD, now=visited.city.now())


# What happens between two clicks, and what the second is answered when the home city says no by then.
MEANWHILE: dict[str, tuple[Act, str]] = {
    "nothing": (lambda *_: None, "granted"),
    "withdrawn": (withdraw, "not_granted"),
    "withdrawn_beside_another": (withdraw_beside, "not_granted"),
    "outlived": (lambda visited, *_: visited.city.clock.move(timedelta(seconds=3)), "not_granted"),
    "suspended": (suspend, "cannot_say"),
    "in_doubt": (doubt, "not_granted"),
    "paused": (pause, "not_granted"),
    "declined": (decline, "not_granted"),
}


def click_around(visited: Visited, cause: str) -> tuple[str, bool]:
    """What the second click is told when that happens before it, and whether it has the benefit of the first."""
    visited.home.until = timedelta(seconds=3)
    who, person = visited.welcome()
    visited.city.enrol(person)
    first = read_json(visited.verify(person.id_number))
    assert first["answer"] == "granted"
    visited.home.yes.discard(person.id_number)
    with visited.city.database.transaction() as session:
        MEANWHILE[cause][0](visited, session, who)
    again = read_json(visited.verify(person.id_number))
    return again["answer"], again["grant_id"] == first["grant_id"]


def click_around_all(visited: Visited) -> dict[str, tuple[str, bool]]:
    """The same for whatever can happen; the suspension is the last."""
    causes = sorted(MEANWHILE, key=lambda cause: cause == "suspended")
    return {cause: click_around(visited, cause) for cause in causes}


def test_a_benefit_is_told_again_only_while_what_it_came_by_stands(visited: Visited) -> None:
    said = {cause: (answer, answer == "granted") for cause, (_, answer) in MEANWHILE.items()}
    assert click_around_all(visited) == said


@pytest.mark.parametrize(
    ("name", "instead", "found"),
    [
        ("find_cause", lambda *_, **__: (None, None), {"in_doubt", "paused", "declined"}),
        ("is_entitled", lambda *_, **__: True, {"withdrawn_beside_another"}),
    ],
)
def test_a_benefit_that_is_told_again_regardless_would_be_noticed(
    town: Visited, monkeypatch: pytest.MonkeyPatch, name: str, instead: Callable[..., Any], found: set[str]
) -> None:
    monkeypatch.setattr(repeated_asks, name, instead)
    told = {cause for cause, (answer, _) in click_around_all(town).items() if answer == "granted"}
    assert told == {"nothing", *found}


def ask_by_a_newer_key(**given: Any) -> VisitorOrder:  # noqa: ANN401 - passed on
    """The same question while keys are exchanged: what was asked before is found by its second digest."""
    order = make_visitor_order(**given)
    return replace(order, digests=(bytes(reversed(order.digest)), *order.digests))


def test_what_is_left_is_left_under_every_key(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    _, person = town.welcome()
    first = read_json(town.verify(person.id_number))
    with town.city.database.transaction() as session:
        withdraw(town, session, NOBODY)
    monkeypatch.setattr(routes, "make_visitor_order", ask_by_a_newer_key)
    again = [read_json(town.verify(person.id_number))["answer"] for _ in range(2)]
    with town.city.database.reading() as session:
        orders = session.scalars(select(VisitorAskRow.order_no)).all()
    assert (len(set(again)), len(orders), first["order_no"] in orders) == (1, 1, False)


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
        broken.setattr(counter, "ask_for_merchant", lambda *_, **__: 1 // 0)
        assert town.verify(number).status_code == 500
    assert read_json(town.verify(number))["answer"] == "not_granted"
    with monkeypatch.context() as died:  # and one that could not even say so is waited for, and then nobody is asked
        died.setattr(counter, "find_ask", lambda *_, **__: JustAsked("order-of-a-dead-process", is_undone=False))
        before = len(town.home.asked)
        answer = read_json(town.verify(make_resident_id()))
    assert (answer["answer"], answer["reason"]["code"]) == ("cannot_say", "home_city_unreachable")
    assert len(town.home.asked) == before


def test_what_came_of_another_question_under_the_same_order_is_told_to_nobody(visited: Visited) -> None:
    """While one is asked about a stranger, its order number is used for somebody else, who gets the benefit."""
    home = visited.home
    who, entitled = visited.welcome()
    stranger, order_no, told = make_resident_id(), name_order(), []

    def ask_between(_: object) -> None:
        home.before = lambda _: None
        told.append(read_json(visited.verify(entitled.id_number, order_no=order_no, scenario="bike_hire"))["answer"])
        told.append(read_json(visited.verify(stranger))["answer"])

    home.before = ask_between
    assert visited.verify(stranger, order_no=order_no).status_code == 422
    assert told == ["granted", "not_granted"]
    assert len(read_looks(visited.city, who)) == 1


def test_what_was_brought_back_is_given_anew(town: Visited) -> None:
    _, entitled = town.welcome()
    first = read_json(town.verify(entitled.id_number, scenario="bike_hire"))
    for turn, body in (("start", {}), ("complete", {"final_fen": 0})):
        headers = town.city.merchant(RACK) | {"Idempotency-Key": f"{turn}-{first['grant_id']}"}
        answer = town.city.client().post(f"/v1/grants/{first['grant_id']}/{turn}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    second = read_json(town.verify(entitled.id_number, scenario="bike_hire"))
    assert (second["answer"], second["grant_id"] != first["grant_id"]) == ("granted", True)


def test_that_nobody_could_say_stands_for_nobody_later(town: Visited) -> None:
    _, entitled = town.welcome()
    town.home.fault = CallFault.NOT_REACHED
    assert read_json(town.verify(entitled.id_number))["answer"] == "cannot_say"
    town.home.fault = None
    assert read_json(town.verify(entitled.id_number))["answer"] == "granted"
