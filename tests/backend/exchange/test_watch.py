"""What another city could learn with a watch: how long its questions take, told apart by what is known of a person."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from backend.benefits.nobody import NOBODY
from backend.disclosures import answering
from backend.disclosures.person_tables import KnownPerson
from backend.disclosures.telling import Telling, empty_content
from backend.gateways.city_calls import CityCall, MessageTag, sign_call
from backend.gateways.sending import OutgoingCall
from backend.partners.city_keys import find_sealing_key
from backend.partners.open_cities import find_open_city
from backend.partners.protocol import QUESTIONS_PATH
from backend.storage.identifiers import new_id
from backend.visits.questions import HomeAsk, write_question
from scenarios.treaty import Role, Scope, TreatyPurpose
from tests.backend.benefits.test_enumeration import MOST_AUC, time_interleaved
from tests.backend.city import Person, make_resident_id
from tests.backend.exchange.cities import name_url
from tests.backend.exchange.journeys import HOME, HOST, Journey
from tests.backend.exchange.visitors import let_tell, settle_in

PAIRS = 1500
LOW = 300  # points of the model, with which nobody is entitled to anything


def make_people(judged: Journey, cause: str, number: int) -> list[str]:
    """The numbers of so many people of whom nothing is told, for a cause."""
    first = {"unknown": 1, "not_enrolled": 2, "no_consent": 3, "low": 4}[cause]
    numbers = [make_resident_id(date(1960, 1, 1) + timedelta(days=day), sequence=first) for day in range(number)]
    for each in numbers:
        person = Person("林一舟", each)
        if cause == "not_enrolled":
            judged.home.know(person)
        elif cause != "unknown":
            subject_id = settle_in(judged.home, person, LOW)
            if cause == "low":
                let_tell(judged.home, subject_id, HOST)
    return numbers


def sign_questions(judged: Journey, numbers: Sequence[str]) -> Iterator[OutgoingCall]:
    """A question about each of some people, as the host asks, for as many benefits as the treaty has."""
    now, host = judged.cities.now(), judged.host
    with host.database.reading() as session:
        found, sealing = find_open_city(session, HOME, now=now), find_sealing_key(session, HOME)
    assert found is not None
    assert sealing is not None
    keys = host.context.exchange_keys
    assert keys is not None
    for number in numbers:
        question_id = new_id(now)
        asked = HomeAsk(
            home_city=HOME,
            subject_id=question_id,
            id_number=number,
            scope=Scope.ENTITLEMENT,
            scenarios=found.treaty.list_scenarios(home=HOME, host=HOST),
            purpose=TreatyPurpose.BENEFIT,
            role=Role.MERCHANT,
            acting="east_gate_hires",
            acting_name="东门租赁",
            case_no="order-1",
        )
        body = write_question(asked, question_id, found.treaty, sealing, host=HOST, now=now)
        url = f"{name_url(HOME)}{QUESTIONS_PATH}"
        call = CityCall(city=HOST, url=url, tag=MessageTag.QUESTION, body=body, deadline_seconds=2)
        signed = sign_call(call, keys=keys, now=now).request
        yield OutgoingCall(url=url, method="POST", headers=signed.headers, body=body, deadline_seconds=2)


def compare(judged: Journey, cause: str, pairs: int) -> float:
    """The AUC of the times of questions about people of a cause, and about as many whom nobody knows."""
    known, strange = (
        iter(list(sign_questions(judged, make_people(judged, each, pairs)))) for each in (cause, "unknown")
    )

    def put(calls: Iterator[OutgoingCall]) -> None:
        answer = judged.network.arrive(next(calls))
        assert answer.status == 200, answer.content

    return time_interleaved(lambda: put(known), lambda: put(strange), pairs)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cause", ["not_enrolled", "no_consent", "low"])
def test_a_watch_tells_no_cause(judged: Journey, cause: str) -> None:
    assert compare(judged, cause, PAIRS) <= MOST_AUC


@pytest.mark.long
@pytest.mark.timeout(600)
def test_who_is_not_weighed_is_found_by_the_watch(judged: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answering._answer  # noqa: SLF001 - what is left out

    def leave_out_nobody(session: Any, question: Any, wanted: Any, person: KnownPerson, **more: Any) -> Telling:  # noqa: ANN401 - as it is
        if person.subject_id == NOBODY:
            return Telling(content=empty_content(wanted.scope), until=None, because=None, computed=None)
        return answer(session, question, wanted, person, **more)

    monkeypatch.setattr(answering, "_answer", leave_out_nobody)
    assert compare(judged, "no_consent", 600) > MOST_AUC
