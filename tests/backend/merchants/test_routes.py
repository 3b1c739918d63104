"""Merchants over HTTP: from the steward's pen to the merchant's own view, and off and on again."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from backend.clients.roles import Role
from backend.gateways.public_keys import make_jwk
from backend.web.openapi import openapi_document
from tests.backend.city import City, read_json
from tests.backend.clients.machines import Machine, make_key, make_merchant_machine, make_officer
from tests.backend.merchants.shops import LIBRARY, open_shop

NEW = {"merchant": LIBRARY, "name": "东区图书馆", "uscc": "91350100m000100y43", "contact": "desk@library.example"}
CONTRACT = {"scenario": "library_card", "region": "410105", "starts_on": "2026-11-22", "figures": {}}
BECAUSE = {"because": "多次不兑现"}


def call(
    city: City, headers: Mapping[str, str], method: str, path: str, body: Mapping[str, Any] | None = None
) -> TestResponse:
    given = {**headers, "Idempotency-Key": uuid4().hex}
    return city.client().open(f"/v1{path}", method=method, json=body, headers=given)


def show(city: City, headers: Mapping[str, str]) -> tuple[str | None, list[str]]:
    """Why a merchant sees itself suspended, and how its contracts stand."""
    view = read_json(call(city, headers, "GET", "/merchant"))
    suspension = view["suspension"]
    return suspension and suspension["because"], [contract["state"] for contract in view["contracts"]]


def test_a_merchant_is_registered_signs_is_suspended_and_ends(town: City) -> None:
    steward = make_officer(town, "zhao", Role.STEWARD).get_headers()
    own = town.merchant(LIBRARY, "benefits:verify")
    assert read_json(call(town, own, "GET", "/merchant"))["code"] == "merchant_not_found"
    made = read_json(call(town, steward, "POST", "/merchants", NEW))
    assert (made["uscc"], made["registered_by"], made["contracts"]) == ("91350100M000100Y43", "zhao", [])
    assert read_json(call(town, steward, "POST", "/merchants", NEW))["code"] == "merchant_exists"
    contract = read_json(call(town, steward, "POST", f"/merchants/{LIBRARY}/contracts", CONTRACT))
    assert show(town, own) == (None, ["in_force"])
    (shown,) = read_json(call(town, own, "GET", "/merchant"))["contracts"]
    assert (shown["terms"]["limit_fen"], shown["terms"]["title"]) == (10_000, "免押金办借书证")
    assert read_json(call(town, {}, "GET", "/scenarios/library_card/merchants"))["items"] == [
        {"merchant": LIBRARY, "name": "东区图书馆", "region": "410105"}
    ]
    suspended = read_json(call(town, steward, "PUT", f"/merchants/{LIBRARY}/suspension", BECAUSE))
    again = call(town, steward, "PUT", f"/merchants/{LIBRARY}/suspension", {"because": "another"})
    assert read_json(again) == suspended
    assert show(town, own) == ("多次不兑现", ["in_force"])
    assert call(town, steward, "DELETE", f"/merchants/{LIBRARY}/suspension").status_code == 204
    assert read_json(call(town, steward, "DELETE", f"/merchants/{LIBRARY}/suspension"))["code"] == "not_suspended"
    path = f"/merchants/{LIBRARY}/contracts/{contract['contract_id']}"
    assert call(town, steward, "DELETE", path.replace(LIBRARY, "other")).status_code == 404
    assert call(town, steward, "DELETE", path).status_code == 204
    assert show(town, own) == (None, ["ended"])
    (listed,) = read_json(call(town, steward, "GET", "/merchants"))["items"]
    assert listed == read_json(call(town, steward, "GET", f"/merchants/{LIBRARY}"))
    assert (listed["suspension"], listed["contracts"][0]["ended_by"]) == (None, "zhao")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"uscc": "91350100M000100Y44"}, "identity_wrong_check_character"),
        ({"uscc": "11010519491231002X"}, "identity_of_a_person"),
        ({"merchant": "no-11010519491231002x"}, "holds_identity_number"),
        ({"name": "11010519491231002X"}, "holds_identity_number"),
        ({"merchant": "East"}, "wrong_form"),
    ],
    ids=str,
)
def test_no_merchant_is_registered_under_a_false_or_a_person_s_number(
    town: City, changes: dict[str, str], code: str
) -> None:
    steward = town.operator("zhao", "merchants:write")
    answer = call(town, steward, "POST", "/merchants", NEW | changes)
    (error,) = read_json(answer)["errors"]
    assert (answer.status_code, error["code"], error["pointer"]) == (422, code, f"/{next(iter(changes))}")


def test_a_scenario_is_switched_off_for_everybody_at_once(city: City) -> None:
    for code in ("first", "second"):
        open_shop(city, code, "library_card", "hospital_counter")
    steward, path = city.operator("zhao", "merchants:write"), "/scenarios/library_card"
    assert (
        read_json(call(city, steward, "PUT", "/scenarios/gossip/suspension", BECAUSE))["code"] == "scenario_not_found"
    )
    assert read_json(call(city, {}, "GET", "/scenarios/gossip/merchants"))["code"] == "scenario_not_found"
    first = read_json(call(city, {}, "GET", f"{path}/merchants?limit=1"))
    rest = read_json(call(city, {}, "GET", f"{path}/merchants?cursor={first['next_cursor']}"))
    assert [item["merchant"] for item in first["items"] + rest["items"]] == ["first", "second"]
    assert call(city, steward, "PUT", f"{path}/suspension", BECAUSE).status_code == 200
    assert read_json(call(city, {}, "GET", f"{path}/merchants"))["items"] == []
    assert show(city, city.merchant("first")) == (None, ["scenario_suspended", "in_force"])
    contracts = read_json(call(city, city.merchant("first"), "GET", "/merchant"))["contracts"]
    assert [each["scenario_suspension"] and each["scenario_suspension"]["because"] for each in contracts] == [
        BECAUSE["because"],
        None,
    ]
    assert call(city, steward, "DELETE", f"{path}/suspension").status_code == 204
    assert show(city, city.merchant("first")) == (None, ["in_force", "in_force"])


def test_a_merchant_s_machine_proves_itself_also_while_the_merchant_is_suspended(town: City) -> None:
    registrar, key = make_officer(town, "wang", Role.REGISTRAR).get_headers(), make_key()
    new = {"kind": "merchant", "principal_id": LIBRARY, "scopes": ["benefits:verify", "grants:write"]}
    assert read_json(call(town, registrar, "POST", "/clients", new))["code"] == "client_refused"
    open_shop(town)
    refused = call(town, registrar, "POST", "/clients", new | {"scopes": ["records:write"]})
    assert read_json(refused)["code"] == "client_refused"
    client = read_json(call(town, registrar, "POST", "/clients", new))
    path = f"/clients/{client['client_id']}/keys"
    assert call(town, registrar, "POST", path, {"jwk": make_jwk(key.public_key())}).status_code == 201
    machine, steward = Machine(town, client["client_id"], key), town.operator("zhao", "merchants:write")
    assert read_json(machine.ask())["scope"] == "benefits:verify grants:write"
    call(town, steward, "PUT", f"/merchants/{LIBRARY}/suspension", BECAUSE)
    own = {"Authorization": machine.get_headers()["Authorization"]}
    assert show(town, own) == ("多次不兑现", [])
    assert call(town, registrar, "DELETE", f"/clients/{client['client_id']}?because=lost").status_code == 204
    assert (machine.ask().status_code, call(town, own, "GET", "/merchant").status_code) == (401, 401)


def test_the_description_says_that_a_clerk_may_be_named_and_what_a_code_is(town: City) -> None:
    paths = openapi_document(town.app)["paths"]
    named = {each["name"]: each["required"] for each in paths["/v1/merchant"]["get"]["parameters"]}
    (code,) = paths["/v1/merchants/{merchant}"]["parameters"]
    assert named["Acting-Clerk"] is False
    assert (code["name"], code["schema"]["pattern"]) == ("merchant", "^[a-z0-9_-]{1,40}$")
    assert call(town, town.operator("zhao", "merchants:read"), "GET", "/merchants/East").status_code == 404


def test_a_merchant_may_name_its_clerk_and_is_counted_by_itself(town: City) -> None:
    open_shop(town)
    own = make_merchant_machine(town, LIBRARY).get_headers()
    named = call(town, own, "GET", "/merchant")
    alone = call(town, {"Authorization": own["Authorization"]}, "GET", "/merchant")
    wrong = call(town, own | {"Acting-Clerk": "王五".encode().decode("latin-1")}, "GET", "/merchant")
    assert (named.status_code, alone.status_code, read_json(wrong)["code"]) == (200, 200, "clerk_malformed")
    other = call(town, town.merchant("other"), "GET", "/merchant")
    left = [int(answer.headers["RateLimit"].split("r=")[1].split(";")[0]) for answer in (named, alone, other)]
    assert left == [left[0], left[0] - 1, left[0]]
