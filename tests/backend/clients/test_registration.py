from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from backend.app import ROOMS, create_app
from backend.clients.registration import MOST_KEYS, Client, Ending, end_client, register_officer
from backend.clients.roles import DEPARTMENT_SCOPES, MERCHANT_SCOPES, ROLE_SCOPES, Role, find_clash, find_scopes
from backend.clients.schemas import Scope
from backend.gateways.public_keys import make_jwk
from backend.people.sign_in import CITIZEN_SCOPES
from backend.principals import PrincipalKind
from backend.web.operations import list_operations
from backend.web.problems import ProblemCode, Refusal
from tests.backend.city import City, read_json
from tests.backend.clients.machines import DEPARTMENT, Machine, add_key, make_department, make_key, make_officer
from tests.backend.web.probe import make_test_context

NEW = {"kind": "department", "principal_id": DEPARTMENT, "scopes": ["records:read", "records:write"]}


def send(city: City, headers: Mapping[str, str], path: str, body: Mapping[str, Any]) -> TestResponse:
    given = {**headers, "Idempotency-Key": uuid4().hex}
    return city.client().post(f"/v1/clients{path}", json=body, headers=given)


def test_a_registrar_takes_a_department_from_nothing_to_a_token_and_back(city: City) -> None:
    registrar = make_officer(city, "wang", Role.REGISTRAR)
    headers, key = registrar.get_headers(), make_key()
    client = read_json(send(city, headers, "", NEW))
    assert (client["principal_id"], client["registered_by"], client["keys"]) == (DEPARTMENT, "wang", [])
    made = send(city, headers, f"/{client['client_id']}/keys", {"jwk": make_jwk(key.public_key())})
    assert made.status_code == 201
    machine = Machine(city, client["client_id"], key)
    assert read_json(made)["key_id"] == machine.key_id
    assert machine.ask().status_code == 200
    (_, listed) = read_json(city.client().get("/v1/clients", headers=headers))["items"]
    assert [shown["key_id"] for shown in listed["keys"]] == [machine.key_id]
    path = f"/v1/clients/{client['client_id']}"
    assert city.client().delete(f"{path}/keys/{machine.key_id}", headers=headers).status_code == 204
    assert machine.ask().status_code == 401
    assert city.client().delete(f"{path}?because=replaced", headers=headers).status_code == 204
    again = city.client().delete(f"{path}?because=replaced", headers=headers)
    assert (again.status_code, read_json(again)["code"]) == (404, "client_not_found")


def test_pages_of_clients_go_on_where_the_last_one_ended(city: City) -> None:
    headers = make_officer(city, "zhao", Role.AUDITOR).get_headers()
    made = [str(make_department(city).client_id) for _ in range(3)]
    first = read_json(city.client().get("/v1/clients?limit=2", headers=headers))
    rest = read_json(city.client().get(f"/v1/clients?limit=2&cursor={first['next_cursor']}", headers=headers))
    assert [item["client_id"] for item in first["items"] + rest["items"]][1:] == made
    assert rest["next_cursor"] is None


def test_a_registrar_makes_no_officer_and_no_key_for_one(city: City) -> None:
    headers, reviewer = (
        make_officer(city, "wang", Role.REGISTRAR).get_headers(),
        make_officer(city, "li", Role.REVIEWER),
    )
    for kind in ("operator", "citizen"):
        assert send(city, headers, "", NEW | {"kind": kind}).status_code == 422
    jwk = make_jwk(make_key().public_key())
    answer = send(city, headers, f"/{reviewer.client_id}/keys", {"jwk": jwk})
    assert (answer.status_code, read_json(answer)["code"]) == (404, "client_not_found")
    ended = city.client().delete(f"/v1/clients/{reviewer.client_id}?because=lost", headers=headers)
    assert (ended.status_code, reviewer.ask().status_code) == (204, 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"principal_id": "gossip"},
        {"scopes": []},
        {"scopes": ["metrics:read"]},
        {"scopes": ["benefits:verify"]},
        {"roles": ["registrar"]},
        {"kind": "merchant", "scopes": ["benefits:verify"]},
    ],
    ids=str,
)
def test_what_nobody_may_have_is_refused(city: City, changes: dict[str, object]) -> None:
    headers = make_officer(city, "wang", Role.REGISTRAR).get_headers()
    assert send(city, headers, "", NEW | changes).status_code == 422


def test_a_key_is_one_clients_for_ever(city: City) -> None:
    headers, older, other = make_officer(city, "wang", Role.REGISTRAR).get_headers(), *(make_department(city),) * 2
    jwk = {"jwk": make_jwk(older.key.public_key())}
    city.client().delete(f"/v1/clients/{older.client_id}/keys/{older.key_id}", headers=headers)
    for client_id in (older.client_id, other.client_id):
        answer = send(city, headers, f"/{client_id}/keys", jwk)
        assert (answer.status_code, read_json(answer)["code"]) == (422, "key_refused")


def test_a_private_key_is_refused_and_not_repeated(city: City) -> None:
    headers, machine = make_officer(city, "wang", Role.REGISTRAR).get_headers(), make_department(city)
    secret = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
    jwk = {**make_jwk(make_key().public_key()), "d": secret}
    answer = send(city, headers, f"/{machine.client_id}/keys", {"jwk": jwk})
    (error,) = read_json(answer)["errors"]
    assert (answer.status_code, error["code"], error["pointer"]) == (422, "key_private", "/jwk")
    assert secret not in answer.text


def test_a_key_that_would_have_ended_is_refused(city: City) -> None:
    headers, machine = make_officer(city, "wang", Role.REGISTRAR).get_headers(), make_department(city)
    body = {"jwk": make_jwk(make_key().public_key()), "ends_at": city.now().isoformat()}
    assert read_json(send(city, headers, f"/{machine.client_id}/keys", body))["code"] == "key_refused"


def test_there_are_so_many_keys_and_no_more(city: City) -> None:
    headers, machine = make_officer(city, "wang", Role.REGISTRAR).get_headers(), make_department(city)
    for _ in range(MOST_KEYS - 1):
        add_key(city, machine.client_id)
    body = {"jwk": make_jwk(make_key().public_key())}
    assert read_json(send(city, headers, f"/{machine.client_id}/keys", body))["code"] == "too_many_keys"
    ends_at = (city.now() + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    path = f"/v1/clients/{machine.client_id}/keys/{machine.key_id}"
    assert city.client().delete(f"{path}?ends_at={ends_at}", headers=headers).status_code == 204
    city.clock.move(timedelta(minutes=1))
    assert send(city, headers, f"/{machine.client_id}/keys", body).status_code == 201


def test_the_end_of_a_key_is_not_put_off(city: City) -> None:
    headers, machine = make_officer(city, "wang", Role.REGISTRAR).get_headers(), make_department(city)
    path = f"/v1/clients/{machine.client_id}/keys/{machine.key_id}"
    for minutes in (2, 9):
        ends_at = (city.now() + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        assert city.client().delete(f"{path}?ends_at={ends_at}", headers=headers).status_code == 204
    city.clock.move(timedelta(minutes=2))
    assert machine.ask().status_code == 401


@pytest.mark.parametrize(
    ("roles", "together"),
    [
        ({Role.REGISTRAR}, True),
        ({Role.MECHANIC, Role.REVIEWER}, True),
        ({Role.REGISTRAR, Role.REVIEWER}, False),
        ({Role.REGISTRAR, Role.AUDITOR, Role.MECHANIC}, False),
        ({Role.AUDITOR, Role.REVIEWER}, False),
        ({Role.REGISTRAR, Role.STEWARD}, False),
        (set(), False),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else str(value),  # sets have no order
)
def test_nobody_checks_himself(city: City, roles: set[Role], together: bool) -> None:  # noqa: FBT001 - a column
    with city.database.transaction() as session:
        made = register_officer(session, "li", roles=roles, by="command line", now=city.now())
    assert isinstance(made, Client) == together
    assert (find_clash(roles) is None) == (together or not roles)


def test_of_two_registrations_of_one_officer_at_once_one_counts_however_the_name_is_written(city: City) -> None:
    def register(name: str) -> Client | Refusal:
        with city.database.transaction() as session:
            return register_officer(session, name, roles=[Role.RULE_AUTHOR], by="command line", now=city.now())

    for name, other in (("li", "li"), ("zhao", "ＺＨＡＯ")):
        with ThreadPoolExecutor(1) as pool:
            with city.database.transaction() as session:
                first = register_officer(session, name, roles=[Role.REVIEWER], by="command line", now=city.now())
                second = pool.submit(register, other)
                wait([second], timeout=0.2)  # it is under way when the first is committed
            assert isinstance(first, Client)
            outcome = second.result()
        assert isinstance(outcome, Refusal)
        assert outcome.code is ProblemCode.CLIENT_REFUSED
        with city.database.transaction() as session:
            end_client(session, first.client_id, because=Ending.LEFT, by="command line", now=city.now())
        # Who has left is still the same person under a name that looks like it, and under the very name.
        refused = Refusal(ProblemCode.CLIENT_REFUSED, {"like": first.principal_id})
        assert register(f"{first.principal_id}\u200b") == refused
        assert isinstance(register(first.principal_id), Client)


def test_every_scope_that_an_operation_asks_for_can_be_had(sqlite_url: str) -> None:
    assert {scope.value for scope in Scope} == DEPARTMENT_SCOPES | MERCHANT_SCOPES
    given = {
        PrincipalKind.CITIZEN: CITIZEN_SCOPES,
        PrincipalKind.DEPARTMENT: DEPARTMENT_SCOPES,
        PrincipalKind.MERCHANT: MERCHANT_SCOPES,
        PrincipalKind.OPERATOR: find_scopes(ROLE_SCOPES),
    }
    operations = list_operations(create_app(make_test_context(sqlite_url), ROOMS))
    missing = {
        (operation.name, operation.scope)
        for operation in operations
        for kind, scopes in given.items()
        if kind in operation.kinds and operation.scope not in scopes
    }
    assert not missing
