"""What a sandbox serves beside a city's API: declared as everything is, and never served by a city."""

from dataclasses import replace

from backend.app import ROOMS, SANDBOX_ROOMS, choose_rooms, create_app
from backend.web.openapi import find_gaps, openapi_document
from backend.web.operations import list_operations
from tests.backend.sandbox.sandboxes import Sandbox


def test_a_city_serves_nothing_of_a_sandbox(sandbox: Sandbox) -> None:
    context = replace(sandbox.context, settings=replace(sandbox.context.settings, sandbox=False))
    assert choose_rooms(context.settings) == ROOMS
    assert not set(ROOMS) & set(SANDBOX_ROOMS)
    city = replace(sandbox, app=create_app(context, choose_rooms(context.settings)))
    assert city.call("GET", "/v1/merchant")["merchant"] == "sandbox_merchant"
    for method, path in (("GET", "/people"), ("PUT", "/clock"), ("POST", "/people/01/codes")):
        city.call(method, f"/v1/sandbox{path}", {} if method != "GET" else None, status=404)


def test_a_sandbox_describes_itself_and_leaves_nothing_out(sandbox: Sandbox) -> None:
    document = openapi_document(sandbox.app)
    assert find_gaps(document) == []
    own = [each.name for each in list_operations(sandbox.app) if "sandbox" in each.name]
    assert len(own) == len([path for path in document["paths"] if path.startswith("/v1/sandbox")]) + 1
    assert {scope for each in list_operations(sandbox.app) if each.name in own for scope in [each.scope]} == {
        "benefits:verify"
    }
