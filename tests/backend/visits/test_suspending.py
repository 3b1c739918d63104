"""A treaty that is suspended, or a partner that is ended, while an answer is under way: what counts from then on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import list_entitlements
from backend.partners import open_cities
from backend.partners.partners import end_partner
from backend.partners.treaties import suspend_treaty
from tests.backend.city import read_json
from tests.backend.partners.cities import OURS, THEIRS, TREATY, TREATY_TEXT
from tests.backend.visits.home import TEXT, Visited, running_visited

TEXTS = {"finish": TREATY_TEXT, "end": TEXT, "partner": TREATY_TEXT}


@pytest.fixture
def meanwhile(postgresql_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[Visited, str]]:
    """A city by a treaty of one mode, and that mode."""
    with running_visited(postgresql_url, TEXTS[request.param]) as visited:
        yield visited, request.param


def ask_meanwhile(visited: Visited, mode: str) -> tuple[str, int]:
    """What the shop hears where the end was begun before the answer came, and is committed after; what is left then."""
    begun = Event()

    def end() -> None:
        with visited.city.database.transaction() as session:
            end_within(session, mode, visited)
            begun.set()
            sleep(0.3)

    ended: list[Future[None]] = []
    who, person = visited.welcome()
    with ThreadPoolExecutor(1) as pool:

        def answer_meanwhile(_question: dict[str, Any]) -> None:
            ended.append(pool.submit(end))
            assert begun.wait(2)

        visited.home.before = answer_meanwhile
        answer: str = read_json(visited.verify(person.id_number))["answer"]
        ended[0].result()
    with visited.city.database.reading() as session:
        return answer, len(list_entitlements(session, who, visited.city.now()))


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
