"""The twenty people: each gives the answer that is told of him, by code and by ask, now and when time has passed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from backend.demo.sandbox_cast import FIXED_PEOPLE
from backend.demo.workplace import DemoError
from tests.backend.demo.cities import opened_context as opened_demo
from tests.backend.demo.cities import seed
from tests.backend.sandbox.sandboxes import Sandbox, copy_sandbox, opened_sandbox

GRANTED = {"01", "02", "17", "19", "20"}
STRANGER = "13"
NUMBERS = [f"{number:02}" for number in range(1, len(FIXED_PEOPLE) + 1)]
OF_ONE_CALL = {"verification_id", "order_no", "asked_at", "answered_at"}
OVER = timedelta(minutes=5)


@pytest.fixture
def own_sandbox(seeded: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for one test, whose clock may be moved."""
    with opened_sandbox(copy_sandbox(seeded, tmp_path / "sandbox")) as sandbox:
        yield sandbox


@pytest.mark.parametrize("person_no", [each for each in NUMBERS if each != STRANGER])
def test_a_person_gives_the_answer_that_is_told_of_him(sandbox: Sandbox, person_no: str) -> None:
    answered = sandbox.verify(person_no)
    assert answered["answer"] == ("granted" if person_no in GRANTED else "not_granted")
    told = FIXED_PEOPLE[int(person_no) - 1].purpose.zh
    assert ("不给予" in told) != (person_no in GRANTED) or person_no in {"08", "17"}, told


def test_whoever_gets_nothing_gets_it_in_one_and_the_same_answer(sandbox: Sandbox) -> None:
    without = [sandbox.verify(each, "scenic_ticket") for each in ("03", "05", "06", "08", "09", "10", "11", "12")]
    bodies = [{name: each[name] for name in each.keys() - OF_ONE_CALL} for each in without]
    assert bodies == [bodies[0]] * len(bodies)
    assert bodies[0]["reason"]["code"] == "not_available"


def test_the_eighth_consents_by_a_code_made_for_the_merchant(sandbox: Sandbox) -> None:
    assert sandbox.verify("08", "hospital_counter")["answer"] == "not_granted"
    assert sandbox.verify("08", "hospital_counter", merchant="sandbox_merchant")["answer"] == "granted"
    code = sandbox.show_code("08", merchant="sandbox_neighbour")
    answered = sandbox.call("POST", "/v1/verifications", {"order_no": "o-8", "scenario": "library_card", "code": code})
    assert (answered["answer"], answered["reason"]["code"]) == ("cannot_say", "code_unusable")


def test_whoever_is_known_to_nobody_can_show_nothing(sandbox: Sandbox) -> None:
    for person_no in (STRANGER, "21", "00", "x1"):
        told = sandbox.call("POST", f"/v1/sandbox/people/{person_no}/codes", {}, status=404)
        assert told["code"] == ("person_unknown" if person_no == STRANGER else "person_not_found")


def test_the_people_are_listed_in_the_language_of_the_reader(sandbox: Sandbox) -> None:
    people = sandbox.call("GET", "/v1/sandbox/people")["items"]
    assert [each["person_no"] for each in people] == NUMBERS
    assert people[12]["purpose"] == FIXED_PEOPLE[12].purpose.zh
    assert all(each["identity_number"].startswith("000000") for each in people)  # nobody real


def test_an_application_of_the_twentieth_waits_and_others_can_be_made(sandbox: Sandbox) -> None:
    (waiting,) = [each for each in sandbox.call("GET", "/v1/grants")["items"] if each["via"] == "application"]
    assert (waiting["scenario"], waiting["state"]) == ("rental_deposit", "reserved")
    assert sandbox.call("POST", f"/v1/grants/{waiting['grant_id']}/start")["state"] == "in_use"
    sandbox.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["grant.reserved"]})
    applied = sandbox.call("POST", "/v1/sandbox/people/19/applications", {"scenario": "rental_deposit"})
    (told,) = sandbox.call("GET", "/v1/webhook-deliveries")["items"]
    due_at = sandbox.call("GET", f"/v1/grants/{applied['grant_id']}")["due_at"]
    assert told["data"]["reserved_until"] == due_at  # in one spelling, with Z
    assert sandbox.call("POST", f"/v1/grants/{applied['grant_id']}/cancel")["state"] == "cancelled"
    refused = sandbox.call("POST", "/v1/sandbox/people/03/applications", {"scenario": "rental_deposit"})
    assert refused == {"grant_id": None}


def test_a_card_is_made_for_whoever_gets_the_benefit(sandbox: Sandbox) -> None:
    wanted = {"scenario": "scenic_ticket", "minutes": 60}
    assert sandbox.call("POST", "/v1/sandbox/people/19/cards", wanted)["card"].count(".") == 2
    assert sandbox.call("POST", "/v1/sandbox/people/03/cards", wanted) == {"card": None}
    sandbox.call("POST", f"/v1/sandbox/people/{STRANGER}/cards", wanted, status=404)
    held = wanted | {"scenario": "library_card"}
    assert sandbox.call("POST", "/v1/sandbox/people/19/cards", held, status=422)["code"] == "card_needs_grant"


def test_asks_end_as_the_person_wants_and_only_a_benefit_is_told_before_their_time_is_over(
    own_sandbox: Sandbox,
) -> None:
    sandbox = own_sandbox
    confirmed, without, declined, nobody = (sandbox.ask(each) for each in ("01", "03", "02", STRANGER))
    sandbox.call("POST", f"/v1/sandbox/asks/{confirmed}/confirmation")
    sandbox.call("POST", f"/v1/sandbox/asks/{without}/confirmation")
    sandbox.call("POST", f"/v1/sandbox/asks/{declined}/refusal")
    sandbox.call("POST", f"/v1/sandbox/asks/{nobody}/confirmation", status=404)
    assert sandbox.look(confirmed) == ("granted", None)
    assert [sandbox.look(each) for each in (without, declined, nobody)] == [("pending", None)] * 3
    sandbox.move(OVER)
    assert [sandbox.look(each) for each in (without, declined, nobody)] == [("not_granted", "not_available")] * 3
    sandbox.call("POST", f"/v1/sandbox/asks/{declined}/confirmation", status=409)


def test_people_complain_answer_and_object_about_what_is_theirs(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox
    grant = sandbox.call("POST", f"/v1/grants/{sandbox.verify('01', 'bike_hire')['grant_id']}/start")
    complaint = {"grant_id": grant["grant_id"], "kind": "charged_wrongly", "text": "多收了押金。"}
    sandbox.call("POST", "/v1/sandbox/people/02/complaints", complaint, status=404)
    nameless = complaint | {"grant_id": None}
    refused = sandbox.call("POST", "/v1/sandbox/people/01/complaints", nameless, status=422)
    assert refused["code"] == "complaint_about_nothing"
    made = sandbox.call("POST", "/v1/sandbox/people/01/complaints", complaint)
    found = sandbox.call("GET", f"/v1/merchant/complaints/{made['complaint_id']}")
    assert (found["text"], found["answer_until"]) == (complaint["text"], made["answer_until"])
    sandbox.move(timedelta(days=3))
    sandbox.call("POST", f"/v1/grants/{grant['grant_id']}/break", {"final_fen": 5_000})
    report = {"grant_id": grant["grant_id"], "kind": "not_returned", "slip_no": "0417", "statement": "逾期未还。"}
    path = f"/proposals/{sandbox.call('POST', '/v1/merchant/proposals', report)['proposal_id']}"
    people = "/v1/sandbox/people"
    sandbox.call("POST", f"{people}/02{path}/answers", {"text": "不是我。"}, status=404)
    sandbox.call("POST", f"{people}/{STRANGER}{path}/answers", {"text": "不是我。"}, status=404)
    for turn, state in (("answers", "answered"), ("objections", "objected")):
        assert sandbox.call("POST", f"{people}/01{path}/{turn}", {"text": "已经归还。"}) is None
        assert sandbox.call("GET", f"/v1/merchant{path}")["state"] == state
    assert sandbox.call("POST", f"{people}/01{path}/objections", {"text": "再次。"}, status=409)


def test_what_time_changes_has_changed_when_the_clock_was_moved(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox
    endpoint = {"url": "http://127.0.0.1:9/", "events": ["grant.expired", "verification.answered"]}
    sandbox.call("POST", "/v1/webhooks", endpoint)
    sandbox.ask("03")
    begun, lapsing = sandbox.verify("01")["grant_id"], sandbox.verify("02")["grant_id"]
    sandbox.call("POST", f"/v1/grants/{begun}/start")
    sandbox.move(timedelta(days=1))
    assert sandbox.call("GET", f"/v1/grants/{lapsing}")["state"] == "expired"
    left = sandbox.call("GET", "/v1/webhook-deliveries")["items"]
    assert {"grant.expired", "verification.answered"} == {each["event"] for each in left}  # without any worker
    assert sandbox.verify("16")["answer"] == "granted"
    assert sandbox.verify("18")["answer"] == "not_granted"
    sandbox.move(timedelta(days=14))
    assert sandbox.verify("18")["answer"] == "granted"
    assert [sandbox.verify(each)["answer"] for each in ("09", "17")] == ["not_granted", "granted"]
    sandbox.move(timedelta(days=25))
    assert sandbox.verify("09")["answer"] == "granted"
    assert sandbox.verify("17", "hospital_counter")["answer"] == "not_granted"
    sandbox.move(timedelta(days=340))
    assert sandbox.call("GET", f"/v1/grants/{begun}")["state"] == "overdue"


def test_the_clock_goes_forward_only_and_ten_years_at_most(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox
    sandbox.move(timedelta(days=1))
    told = sandbox.call("GET", "/v1/sandbox/clock")
    assert told["now"][:10] > told["machine_now"][:10]
    for step in (timedelta(days=-1), timedelta(days=3660)):
        later = (sandbox.now() + step).isoformat()
        assert sandbox.call("PUT", "/v1/sandbox/clock", {"now": later}, status=422)["code"] == "clock_refused"
    again = told["now"]
    assert sandbox.call("PUT", "/v1/sandbox/clock", {"now": again})["now"] < again[:11] + "04:01"


def test_what_is_there_is_kept_at_the_next_start(seeded: Path, tmp_path: Path) -> None:
    directory = copy_sandbox(seeded, tmp_path / "sandbox")
    with opened_sandbox(directory) as sandbox:
        before = (directory / "client.json").read_text()
        people = sandbox.call("GET", "/v1/sandbox/people")
    with opened_sandbox(directory) as sandbox:
        assert sandbox.call("GET", "/v1/sandbox/people") == people
        assert (directory / "client.json").read_text() == before


def test_a_sandbox_stands_on_postgresql_and_is_opened_with_its_own_keys_alone(
    postgresql_url: str, tmp_path: Path
) -> None:
    with opened_sandbox(tmp_path / "other", url=postgresql_url) as sandbox:
        assert sandbox.verify("01")["answer"] == "granted"
        sandbox.move(timedelta(days=1))
    with pytest.raises(DemoError, match="other keys"), opened_sandbox(tmp_path / "strange", url=postgresql_url):
        pass


def test_nothing_is_put_into_a_city(tmp_path: Path, sqlite_url: str) -> None:
    with opened_demo(tmp_path, url=sqlite_url) as context:
        seed(context, 1)
    with pytest.raises(DemoError, match="no sandbox"), opened_sandbox(tmp_path / "sandbox", url=sqlite_url):
        pass


def test_the_files_of_a_sandbox_are_its_owners_alone(seeded: Path) -> None:
    for name in ("merchant-key.pem", "client.json", "token-keys.jwks.json", "secret-keys.jwks.json"):
        assert (seeded / name).stat().st_mode & 0o777 == 0o600
