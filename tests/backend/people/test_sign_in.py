import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.people.sign_in import CITIZEN_SCOPES
from backend.people.tables import SubjectRow, UsedTicketRow
from backend.principals import PrincipalKind
from backend.web.logs import configure_logs
from tests.backend.city import City, Person, make_person, make_resident_id, read_json, write_key_set


def send(city: City, ticket: str) -> TestResponse:
    return city.client().post("/v1/sign-in", json={"ticket": ticket})


def outcome(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, read_json(answer)["code"]


def count_subjects(city: City) -> int:
    with city.database.reading() as session:
        return session.scalar(select(func.count()).select_from(SubjectRow)) or 0


def test_a_ticket_becomes_a_token_for_a_citizen(city: City) -> None:
    person = make_person()
    answer = send(city, city.issue_ticket(person))
    assert answer.status_code == 200
    assert read_json(answer) | {"access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": "",
        "refresh_expires_in": 2_592_000,
        "status": "not_enrolled",
    }
    token = read_json(answer)["access_token"]
    principal = city.context.tokens.read(token, city.now() + timedelta(seconds=899))
    assert (principal.kind, principal.scopes, principal.acting) == (PrincipalKind.CITIZEN, CITIZEN_SCOPES, None)
    assert UUID(principal.id) == city.know(person)
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_comes_again_is_the_same_subject(city: City) -> None:
    person = make_person()
    subject_id = city.enrol(person)
    for number in (person.id_number, person.id_number.lower()):
        answer = send(city, city.issue_ticket(Person(person.name, number)))
        assert read_json(answer)["status"] == "enrolled"
        assert city.context.tokens.read(read_json(answer)["access_token"], city.now()).id == str(subject_id)
    assert count_subjects(city) == 1


@pytest.mark.parametrize(
    ("person", "status"),
    [(make_person(born_on=date(2010, 1, 1)), "under_age"), (make_person(), "not_enrolled")],
)
def test_the_answer_says_how_the_person_stands(city: City, person: Person, status: str) -> None:
    assert read_json(send(city, city.issue_ticket(person)))["status"] == status


def test_another_name_under_the_same_number_is_a_doubt(city: City) -> None:
    person = make_person("王芳")
    city.enrol(person)
    answer = send(city, city.issue_ticket(Person("王方", person.id_number)))
    assert (answer.status_code, read_json(answer)["status"]) == (200, "identity_in_doubt")


def test_a_ticket_signs_in_once(city: City) -> None:
    ticket = city.issue_ticket(make_person())
    assert send(city, ticket).status_code == 200
    assert outcome(send(city, ticket)) == (401, "ticket_used")


def test_of_many_that_send_one_ticket_at_once_one_gets_in(city: City) -> None:
    ticket = city.issue_ticket(make_person())
    assert send(city, city.issue_ticket(make_person())).status_code == 200  # the keys are fetched
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: send(city, ticket).status_code, range(6)))
    assert sorted(answers) == [200, *[401] * 5]
    with city.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsedTicketRow)) == 2


def test_many_tickets_of_one_new_person_at_once_make_one_subject(city: City) -> None:
    person = make_person()
    tickets = [city.issue_ticket(person) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda ticket: send(city, ticket), tickets))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({city.context.tokens.read(read_json(answer)["access_token"], city.now()).id for answer in answers}) == 1


WRONG_CHECK = make_resident_id(sequence=5)[:-1] + ("0" if make_resident_id(sequence=5)[-1] != "0" else "1")


@pytest.mark.parametrize(
    "claims",
    [
        {"assurance": "phone"},
        {"assurance": None},
        {"iss": "https://elsewhere.example"},
        {"aud": "https://elsewhere.example"},
        {"jti": None},
        {"name": None},
        {"id_number": None},
        {"id_number": WRONG_CHECK},
        {"id_number": "１１０１０５１９４９１２３１００２Ｘ"},
        {"id_number": "91110000600037341L"},
        {"exp": 1},
        {"exp": int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())},
    ],
    ids=str,
)
def test_a_ticket_that_proves_no_real_name_here_and_now_is_refused(city: City, claims: dict[str, object]) -> None:
    answer = send(city, city.issue_ticket(make_person(), **claims))
    assert outcome(answer) == (401, "ticket_refused")
    assert count_subjects(city) == 0


def test_a_ticket_refused_for_its_number_is_not_used_up(city: City) -> None:
    send(city, city.issue_ticket(make_person(), jti="t1", id_number=WRONG_CHECK))
    assert send(city, city.issue_ticket(make_person(), jti="t1")).status_code == 200


def test_a_ticket_that_somebody_else_signed_is_refused(city: City) -> None:
    ticket = city.issue_ticket(make_person())
    city.key_set_path.write_text(write_key_set({"i1": generate_private_key(SECP256R1())}), encoding="utf-8")
    assert outcome(send(city, ticket)) == (401, "ticket_refused")


def test_a_provider_that_is_away_is_a_503_with_a_time_to_come_back(city: City) -> None:
    city.key_set_path.unlink()
    answer = send(city, city.issue_ticket(make_person()))
    assert outcome(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"ticket": "not a ticket"}, 422, "invalid_request"),
        ({"ticket": "a.b.c", "more": 1}, 422, "invalid_request"),
        ({"ticket": "a.b." + "c" * 5000}, 422, "invalid_request"),
        ({"ticket": "a.b." + "c" * 7000}, 413, "body_too_large"),
        ({"ticket": "a.b.c"}, 401, "ticket_refused"),
    ],
    ids=["empty", "blank", "more", "long", "large", "nonsense"],
)
def test_other_bodies_are_refused(city: City, body: dict[str, object], status: int, code: str) -> None:
    assert outcome(city.client().post("/v1/sign-in", json=body)) == (status, code)


def test_who_signs_in_too_often_has_to_wait(city: City) -> None:
    answers = [city.client().post("/v1/sign-in", json={"ticket": "a.b.c"}) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [401] * 100 + [429]
    assert outcome(answers[-1]) == (429, "too_many_attempts")
    assert int(answers[-1].headers["Retry-After"]) >= 1


@pytest.fixture
def log_stream() -> Iterator[StringIO]:
    """What the process logs, down to the last detail."""
    stream = StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    configure_logs("DEBUG", stream)
    yield stream
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_no_number_no_name_and_no_ticket_is_logged_or_answered(city: City, log_stream: StringIO) -> None:
    person = make_person("林一舟")
    ticket = city.issue_ticket(person)
    answers = [send(city, ticket), send(city, ticket), send(city, city.issue_ticket(person, assurance="phone"))]
    headers = {"Authorization": f"Bearer {read_json(answers[0])['access_token']}"}
    answers.append(city.client().get("/v1/account", headers=headers))
    assert [answer.status_code for answer in answers] == [200, 401, 401, 200]
    assert log_stream.getvalue().count('"event": "request"') == 4
    said = log_stream.getvalue() + "".join(answer.text + str(answer.headers) for answer in answers)
    for secret in (person.id_number, person.id_number[6:14], person.name, ticket):
        assert secret not in said
    structlog.get_logger().info("planted", greeting=f"hello {person.name}")
    assert person.name in log_stream.getvalue()  # the stream is the one that is watched, and shows what slips in
