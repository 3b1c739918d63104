"""Calls of one shop about one visitor at once: each waits for another one at most, and never in a circle."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.benefits.judging import Judgement, Offer, judge
from backend.benefits.nobody import NOBODY
from backend.benefits.probing import Miss, count_as_miss
from backend.visits import counter
from backend.visits.ask_tables import SAME_FOR, begin_ask
from tests.backend.benefits.counter import BIKE, CARD
from tests.backend.visits.home import Visited


def ask_beside(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How two orders end: one of what the home city has just said yes to, and one of what it said yes to before.

    The second is about to judge when the first has judged, and the first has its answer still to keep then.
    """
    _, person = visited.welcome()
    assert visited.verify(person.id_number, scenario=BIKE).status_code == 200
    visited.city.clock.move(SAME_FOR)
    has_come, has_judged = Event(), Event()
    beside: list[Future[TestResponse]] = []

    def judge_in_turn(session: Session, subject_id: UUID, offer: Offer, *rest: Any, **more: Any) -> Judgement:  # noqa: ANN401 - passed on
        if offer.scenario.code == BIKE:
            has_come.set()
            assert has_judged.wait(3)
        judgement = judge(session, subject_id, offer, *rest, **more)
        if offer.scenario.code == CARD and subject_id != NOBODY:
            has_judged.set()
        return judgement

    def begin_beside(question: dict[str, Any]) -> None:
        if question["scenarios"] == [CARD]:
            beside.append(pool.submit(lambda: visited.verify(person.id_number, scenario=BIKE)))
            assert has_come.wait(3)

    monkeypatch.setattr(counter, "judge", judge_in_turn)
    visited.home.before = begin_beside
    with ThreadPoolExecutor(1) as pool:
        one = visited.verify(person.id_number, scenario=CARD)
        two = beside[0].result()
    return one.status_code, two.status_code


def test_two_orders_of_one_shop_about_one_visitor_are_both_answered(
    postgres_visited: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask_beside(postgres_visited, monkeypatch) == (200, 200)


def test_a_miss_that_is_counted_before_somebody_is_judged_would_be_noticed(
    postgres_visited: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(session: Session, merchant: str, digest: bytes, order_no: str, *, now: datetime) -> bool:
        count_as_miss(session, merchant, Miss.UNCONFIRMED_ASK, now=now)
        return begin_ask(session, merchant, digest, order_no, now=now)

    monkeypatch.setattr(counter, "begin_ask", begin)
    assert sorted(ask_beside(postgres_visited, monkeypatch)) == [200, 503]  # one of them had to be given up
