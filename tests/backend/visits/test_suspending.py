"""A treaty that is suspended, or a partner that is ended, while an answer is under way: what counts from then on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import list_entitlements
from backend.partners import open_cities
from backend.partners.partners import end_partner
from backend.partners.treaties import suspend_treaty
from backend.visits import visiting
from backend.visits.tables import hold_open
from tests.backend.city import read_json
from tests.backend.partners.cities import OURS, THEIRS, TREATY, TREATY_TEXT
from tests.backend.visits.home import TEXT, Visited, running_visited
from tests.backend.visits.test_visiting import present

TEXTS = {"finish": TREATY_TEXT, "end": TEXT, "partner": TREATY_TEXT}


@pytest.fixture
def meanwhile(postgresql_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[Visited, str]]:
    """A city by a treaty of one mode, and that mode."""
    with running_visited(postgresql_url, TEXTS[request.param]) as visited:
        yield visited, request.param


@contextmanager
def ending(visited: Visited, mode: str) -> Iterator[Callable[..., object]]:
    """What begins the end when it is called; it is committed a while after, and before this is over."""
    begun = Event()

    def end() -> None:
        with visited.city.database.transaction() as session:
            end_within(session, mode, visited)
            begun.set()
            sleep(0.3)

    ended: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:

        def begin(*_: object) -> None:
            ended.append(pool.submit(end))
            assert begun.wait(2)

        yield begin
        ended[0].result()


def ask_meanwhile(visited: Visited, mode: str) -> tuple[str, int]:
    """What the shop hears where the end was begun before the answer came, and is committed after; what is left then."""
    who, person = visited.welcome()
    with ending(visited, mode) as begin:
        visited.home.before = begin
        answer: str = read_json(visited.verify(person.id_number))["answer"]
    return answer, count_entitlements(visited, who)


def bring_meanwhile(visited: Visited, mode: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How a card is taken where the end was begun after it was read; what is left when it is committed."""
    who, person = visited.welcome()
    with ending(visited, mode) as begin:

        def hold_late(*given: Any, **named: Any) -> bool:  # noqa: ANN401 - passed on
            begin()
            return hold_open(*given, **named)

        monkeypatch.setattr(visiting, "hold_open", hold_late)
        status = present(visited, who, visited.home.make_card(person.id_number)).status_code
    return status, count_entitlements(visited, who)


def count_entitlements(visited: Visited, subject_id: UUID) -> int:
    with visited.city.database.reading() as session:
        return len(list_entitlements(session, subject_id, visited.city.now()))


def end_within(session: Session, mode: str, visited: Visited) -> None:
    """Suspend the treaty, or end the partner."""
    now = visited.city.now()
    if mode == "partner":
        end_partner(session, THEIRS, by="zhao", because="test", now=now)
    else:
        suspend_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=now)


every_mode: Callable[..., Any] = pytest.mark.parametrize("meanwhile", TEXTS, indirect=True)


@every_mode
def test_nothing_is_believed_after_a_suspension(meanwhile: tuple[Visited, str]) -> None:
    assert ask_meanwhile(*meanwhile) == ("cannot_say", 0)


@pytest.mark.parametrize("meanwhile", ["finish"], indirect=True)
def test_a_treaty_that_is_only_looked_at_would_be_noticed(
    meanwhile: tuple[Visited, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_cities, "share_treaty_row", lambda *_: None)
    assert ask_meanwhile(*meanwhile) == ("granted", 1)


@pytest.mark.parametrize("meanwhile", ["finish"], indirect=True)
def test_no_card_is_taken_after_a_suspension(meanwhile: tuple[Visited, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert bring_meanwhile(*meanwhile, monkeypatch) == (422, 0)


@pytest.mark.parametrize("meanwhile", ["finish"], indirect=True)
def test_a_card_by_a_treaty_that_is_not_held_would_be_noticed(
    meanwhile: tuple[Visited, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "hold_treaty", lambda *_, **__: True)
    status, entitlements = bring_meanwhile(*meanwhile, monkeypatch)
    assert (status, entitlements > 0) == (200, True)
