import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from backend.gateways.real_name import RealNameAnswer, RealNameCheck
from tests.backend.gateways.stand_ins import SERVICE_KEY, Register, StandIn, Trick, standing_in

NAME, NUMBER = "林一舟", "410102199003071234"


@pytest.fixture
def service() -> Iterator[StandIn]:
    register = Register()
    register.people.add((NAME, NUMBER))
    with standing_in(register.answer) as service:
        yield service


def connect(service: StandIn, *, key: str = SERVICE_KEY, deadline_seconds: float = 10) -> RealNameCheck:
    return RealNameCheck(url=service.url, key=key, deadline_seconds=deadline_seconds)


@pytest.mark.parametrize(
    ("name", "number", "answer"),
    [
        (NAME, NUMBER, RealNameAnswer.MATCH),
        ("林二舟", NUMBER, RealNameAnswer.NO_MATCH),
        (NAME, NUMBER[:-1] + "5", RealNameAnswer.NO_MATCH),
    ],
)
def test_the_answer_is_yes_or_no(service: StandIn, name: str, number: str, answer: RealNameAnswer) -> None:
    assert connect(service).check(name, number) is answer


def test_name_and_number_travel_in_the_body_and_nowhere_else(service: StandIn) -> None:
    connect(service).check(NAME, NUMBER)
    (heard,) = service.heard
    assert (heard.method, heard.query, json.loads(heard.body)) == ("POST", {}, {"name": NAME, "id_number": NUMBER})
    assert heard.headers["Authorization"] == f"Bearer {SERVICE_KEY}"
    assert NUMBER not in heard.path + str(heard.headers)


@pytest.mark.parametrize("said", [b"", b"yes", b"[" * 4000, [], {}, {"match": None}, {"match": 1}, {"match": "true"}])
def test_whatever_is_neither_yes_nor_no_is_no_answer(service: StandIn, said: object) -> None:
    service.answer = lambda _: said
    with capture_logs() as logs:
        assert connect(service).check(NAME, NUMBER) is RealNameAnswer.UNAVAILABLE
    assert len(logs) == 1


@pytest.mark.parametrize("trick", Trick)
def test_a_service_that_misbehaves_gives_no_answer_and_no_secret_away(service: StandIn, trick: Trick) -> None:
    service.trick = trick
    patience = 0.2 if "ever" in trick.value or trick is Trick.SILENCE else 10
    with capture_logs() as logs:
        assert connect(service, deadline_seconds=patience).check(NAME, NUMBER) is RealNameAnswer.UNAVAILABLE
    assert len(logs) == 1
    for secret in (NAME, NUMBER, SERVICE_KEY, "canary"):
        assert secret not in str(logs)


def test_a_wrong_key_gives_no_answer(service: StandIn) -> None:
    assert connect(service, key="other").check(NAME, NUMBER) is RealNameAnswer.UNAVAILABLE
