import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import pytest
import structlog
from sqlalchemy import func, select

from backend.app import create_app
from backend.gateways.pseudonyms import Pseudonyms
from backend.people.mini_program import LINK_LIFETIME, MiniProgramStatus, read_link_token
from backend.people.session_tables import MiniProgramLinkRow, SignInSessionRow
from backend.people.standing import Status
from backend.people.tables import SubjectRow
from backend.storage.tables import Row
from backend.web.logs import configure_logs
from tests.backend.city import City, Person, make_person, make_resident_id, read_json
from tests.backend.gateways.stand_ins import APP_SECRET, SERVICE_KEY, Trick
from tests.backend.people.platform_city import PlatformCity, with_platform
from tests.backend.people.signing_in import headers_of, list_sessions, outcome, refresh, sign_in

SECOND = timedelta(seconds=1)
LINK_REFUSED = (403, "link_refused")


@pytest.fixture
def here(city: City) -> Iterator[PlatformCity]:
    with with_platform(city) as here:
        yield here


def count_rows(here: PlatformCity, row: type[Row]) -> int:
    with here.city.database.reading() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_who_is_not_linked_yet_is_told_so_and_gets_no_token(here: PlatformCity) -> None:
    answer = here.come("openid-1")
    assert answer.status_code == 200
    assert read_json(answer) | {"link_token": ""} == {
        "status": "link_needed",
        "access_token": None,
        "token_type": None,
        "expires_in": None,
        "refresh_token": None,
        "refresh_expires_in": None,
        "link_token": "",
    }
    assert count_rows(here, SignInSessionRow) == count_rows(here, SubjectRow) == 0


def test_a_match_links_the_account_and_signs_the_person_in_with_a_fresh_proof(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    answer = here.come_and_link("openid-1", person, device="phone")
    assert answer.status_code == 200
    tokens = read_json(answer)
    principal = here.city.context.tokens.read(tokens["access_token"], here.city.now())
    assert principal.id == str(here.city.know(person))
    assert principal.proven_at == here.city.now()
    (shown,) = list_sessions(here.city, tokens)
    assert (shown["method"], shown["device"]) == ("mini_program", "phone")
    found = here.city.client().get("/v1/sessions", headers=headers_of(tokens))
    assert read_json(found)["mini_program_linked_at"] == "2026-11-22T04:00:00Z"


def test_who_is_linked_signs_in_with_a_code_but_not_freshly(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    here.city.enrol(person)
    here.come_and_link("openid-1", person)
    tokens = read_json(here.come("openid-1"))
    assert tokens["status"] == "enrolled"
    assert here.city.client().get("/v1/score", headers=headers_of(tokens)).status_code == 200
    leaving = here.city.client().delete("/v1/account", headers=headers_of(tokens))
    assert outcome(leaving) == (403, "step_up_needed")
    proven = here.link(tokens["link_token"], person, refresh_token=tokens["refresh_token"])
    assert proven.status_code == 200
    assert here.city.client().delete("/v1/account", headers=headers_of(read_json(proven))).status_code == 204
    assert len(list_sessions(here.city, read_json(proven))) == 2
    assert count_rows(here, MiniProgramLinkRow) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (40029, (401, "code_refused")),
        (40163, (401, "code_used")),
        (40226, (403, "mini_program_blocked")),
        (45011, (429, "too_many_requests")),
        (-1, (503, "unavailable")),
        (40013, (503, "unavailable")),
        (40125, (503, "unavailable")),
    ],
)
def test_errors_of_the_platform_are_told(here: PlatformCity, error: int, expected: tuple[int, str]) -> None:
    answer = here.show(here.platform.fail("c1", error))
    assert outcome(answer) == expected
    assert ("Retry-After" in answer.headers) == (expected[0] in {429, 503})


def test_a_platform_out_of_reach_is_a_503(here: PlatformCity) -> None:
    here.platform_service.trick = Trick.FAULT
    assert outcome(here.come("openid-1")) == (503, "unavailable")


WRONG_CHECK = make_resident_id(sequence=5)[:-1] + ("0" if make_resident_id(sequence=5)[-1] != "0" else "1")


def test_no_match_and_wrong_numbers_are_one_answer_and_leave_nothing_behind(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    token = read_json(here.come("openid-1"))["link_token"]
    tried = [
        Person("林二舟", person.id_number),
        Person(person.name, make_resident_id()),
        Person(person.name, WRONG_CHECK),
        Person(person.name, "1"),
        Person(person.name, "91110000600037341L"),
    ]
    answers = [here.link(token, who) for who in tried]
    said = [read_json(answer) | {"instance": ""} for answer in answers]
    assert [outcome(answer) for answer in answers] == [LINK_REFUSED] * 5
    assert said == [said[0]] * 5
    assert count_rows(here, MiniProgramLinkRow) == count_rows(here, SubjectRow) == 0
    assert len(here.register_service.heard) == 2  # what is no number is not sent anywhere
    assert here.link(token, person).status_code == 200  # a slip of the pen costs nothing


def test_a_check_that_cannot_answer_is_a_503_and_counts_against_nobody(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    token = read_json(here.come("openid-1"))["link_token"]
    here.register_service.trick = Trick.FAULT
    for _ in range(11):
        assert outcome(here.link(token, person)) == (503, "unavailable")
    here.register_service.trick = None
    assert here.link(token, person).status_code == 200


def test_one_account_belongs_to_one_person_until_the_link_is_removed(here: PlatformCity) -> None:
    one, other = here.register_person(make_person()), here.register_person(make_person())
    tokens = read_json(here.come_and_link("openid-1", one))
    assert outcome(here.come_and_link("openid-1", other)) == LINK_REFUSED
    assert count_rows(here, SubjectRow) == 1  # nothing is kept of who was refused
    path = "/v1/account/mini-program-link"
    assert here.city.client().delete(path, headers=headers_of(tokens)).status_code == 204
    here.city.clock.move(SECOND)
    assert here.come_and_link("openid-1", other).status_code == 200


def test_one_person_has_one_account_so_that_a_stranger_cannot_take_over(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    here.come_and_link("openid-1", person)
    assert outcome(here.come_and_link("openid-of-a-stranger", person)) == LINK_REFUSED
    assert read_json(here.come("openid-of-a-stranger"))["status"] == "link_needed"
    assert read_json(here.come("openid-1"))["status"] == "not_enrolled"


def test_removing_the_link_signs_out_whoever_came_in_by_it(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    by_account = read_json(here.come_and_link("openid-1", person))
    by_ticket = sign_in(here.city, person)
    path = "/v1/account/mini-program-link"
    for _ in range(2):  # a repeat does no harm
        assert here.city.client().delete(path, headers=headers_of(by_ticket)).status_code == 204
    assert outcome(here.city.client().get("/v1/account", headers=headers_of(by_account))) == (401, "token_revoked")
    assert outcome(refresh(here.city, by_account["refresh_token"])) == (401, "refresh_refused")
    ended = {item["method"]: item["ended_because"] for item in list_sessions(here.city, by_ticket)}
    assert ended == {"ticket": None, "mini_program": "unlinked"}
    assert read_json(here.come("openid-1"))["status"] == "link_needed"


def test_removing_the_link_needs_a_fresh_proof(here: PlatformCity) -> None:
    here.come_and_link("openid-1", here.register_person(make_person()))
    tokens = read_json(here.come("openid-1"))
    answer = here.city.client().delete("/v1/account/mini-program-link", headers=headers_of(tokens))
    assert outcome(answer) == (403, "step_up_needed")


def test_a_link_token_is_used_once(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    token = read_json(here.come("openid-1"))["link_token"]
    assert here.link(token, person).status_code == 200
    assert outcome(here.link(token, person)) == (401, "link_expired")


@pytest.mark.parametrize(("late", "expected"), [(LINK_LIFETIME - SECOND, 200), (LINK_LIFETIME, 401)])
def test_a_link_token_lives_ten_minutes(here: PlatformCity, late: timedelta, expected: int) -> None:
    person = here.register_person(make_person())
    token = read_json(here.come("openid-1"))["link_token"]
    here.city.clock.move(late)
    assert here.link(token, person).status_code == expected


@pytest.mark.parametrize("token", ["A", "AAAA", "AQJrMQ==", "AQJrMQ" + "A" * 200])
def test_what_is_no_link_token_is_refused(here: PlatformCity, token: str) -> None:
    assert outcome(here.link(token, make_person())) == (401, "link_expired")


def test_a_link_token_tells_nothing_and_cannot_be_changed(here: PlatformCity) -> None:
    token = read_json(here.come("canary-openid"))["link_token"]
    sealer, now = here.city.context.sealer, here.city.now()
    offer = read_link_token(token, sealer=sealer, now=now)
    assert offer is not None
    assert offer.indexes[0].digest.hex() not in token
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert read_link_token(changed, sealer=sealer, now=now) in {None, offer}  # the last letter has spare bits


def test_of_two_accounts_linked_to_one_person_at_once_one_wins(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    tokens = [read_json(here.come(f"openid-{number}"))["link_token"] for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda token: here.link(token, person).status_code, tokens))
    assert sorted(answers) == [200, 403, 403, 403]
    assert count_rows(here, MiniProgramLinkRow) == 1


def test_a_person_without_account_or_under_age_is_told_how_he_stands(here: PlatformCity) -> None:
    child = here.register_person(make_person(born_on=date(2010, 1, 1)))
    assert read_json(here.come_and_link("openid-1", child))["status"] == "under_age"
    assert read_json(here.come("openid-1"))["status"] == "under_age"


def test_guessing_names_for_a_number_ends_after_ten_tries_from_wherever(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    for number in range(10):
        assert outcome(here.come_and_link(f"openid-{number}", Person("林二舟", person.id_number))) == LINK_REFUSED
    assert outcome(here.come_and_link("openid-10", person)) == (429, "too_many_attempts")
    assert len(here.register_service.heard) == 10


def test_guessing_numbers_with_one_account_ends_after_ten_tries(here: PlatformCity) -> None:
    token = read_json(here.come("openid-1"))["link_token"]
    for _ in range(10):
        assert outcome(here.link(token, make_person())) == LINK_REFUSED
    token = read_json(here.come("openid-1"))["link_token"]
    assert outcome(here.link(token, here.register_person(make_person()))) == (429, "too_many_attempts")


def test_an_account_linked_under_an_older_key_is_found_and_renewed(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    old, new = ({name: name.encode() * 16} for name in ("k1", "k2"))
    before, between, after = (
        serve_with(here, Pseudonyms(keys, current)) for keys, current in ((old, "k1"), (new | old, "k2"), (new, "k2"))
    )
    linked = read_json(before.come_and_link("openid-1", person))
    assert read_json(after.come("openid-1"))["status"] == "link_needed"
    found = read_json(between.come("openid-1"))
    assert found["status"] == "not_enrolled"
    here.city.clock.move(SECOND)
    again = read_json(after.come("openid-1"))
    holders = {here.city.context.tokens.read(each["access_token"], here.city.now()).id for each in (linked, again)}
    assert len(holders) == 1


def test_where_nothing_is_set_up_nothing_is_offered(city: City) -> None:
    answer = city.client().post("/v1/sign-in/mini-program", json={"code": "c1"})
    assert outcome(answer) == (404, "not_offered")
    body = {"link_token": "AAAA", "name": "林一舟", "id_number": "1"}
    answer = city.client().post("/v1/sign-in/mini-program/links", json=body)
    assert outcome(answer) == (404, "not_offered")


def serve_with(here: PlatformCity, pseudonyms: Pseudonyms) -> PlatformCity:
    """The same city with other keys."""
    context = replace(here.city.context, pseudonyms=pseudonyms)
    return replace(here, city=replace(here.city, app=create_app(context), context=context))


def test_without_a_real_name_check_no_account_is_linked(here: PlatformCity) -> None:
    context = replace(here.city.context, real_name=None)
    without = replace(here, city=replace(here.city, app=create_app(context), context=context))
    assert read_json(without.come("openid-1"))["status"] == "link_needed"
    assert outcome(without.come_and_link("openid-1", make_person())) == (404, "not_offered")


def test_every_standing_can_be_told() -> None:
    assert set(MiniProgramStatus) == {*Status, MiniProgramStatus.LINK_NEEDED}


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


def test_no_secret_is_logged_answered_or_kept_also_when_services_fail(here: PlatformCity, log_stream: StringIO) -> None:
    person, openid = here.register_person(make_person("林一舟")), "canary-openid-1"
    answers = [
        here.come(openid),
        here.come_and_link(openid, person),
        here.come_and_link(openid, Person("林二舟", person.id_number)),
        here.show(here.platform.fail("canary-code-1", 40125)),
        here.show(here.platform.fail("canary-code-2", 40029)),
    ]
    refreshed = refresh(here.city, read_json(answers[1])["refresh_token"])
    tokens = [read_json(answer).get("refresh_token") for answer in (answers[1], refreshed)]
    assert all(tokens)
    for trick in (Trick.FAULT, Trick.BROKEN_OFF, Trick.NO_HTTP, Trick.HUGE, Trick.REDIRECT):
        here.platform_service.trick = here.register_service.trick = trick
        answers.append(here.show("canary-code-3"))
        answers.append(here.link(read_json(answers[0])["link_token"], person))
    assert {answer.status_code for answer in answers[5:]} == {503}
    logged = log_stream.getvalue()
    said = "".join(answer.text + str(answer.headers) for answer in answers)
    with here.city.database.reading() as session:
        rows = [session.execute(select(table)).all() for table in Row.metadata.sorted_tables]
    for secret in ("canary", person.name, person.id_number, APP_SECRET, SERVICE_KEY, here.platform.SESSION_KEY):
        assert secret not in logged
        assert secret not in said
        assert secret not in str(rows)
        assert secret.encode().hex() not in str(rows)
    for token in (*tokens, *(read_json(answer).get("link_token") for answer in answers[:1])):
        assert str(token) not in logged
        assert str(token) not in str(rows)
    structlog.get_logger().info("planted", seen=openid)
    assert openid in log_stream.getvalue()  # the stream is the one that is watched, and shows what slips in
