from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from backend.app import create_app
from backend.web.openapi import find_gaps, openapi_document, openapi_yaml
from tests.backend.web.probe import Probe, blueprint

Document = dict[str, Any]


def test_the_document_leaves_nothing_out(probe: Probe) -> None:
    assert find_gaps(openapi_document(probe.app)) == []


def write_operation(document: Document) -> Document:
    found: Document = document["paths"]["/v1/probe/notes"]["post"]
    return found


PLANTED: dict[str, Callable[[Document], object]] = {
    "no summary": lambda document: write_operation(document).pop("summary"),
    "no operationId": lambda document: write_operation(document).pop("operationId"),
    "no security; [] says that anyone may call": lambda document: write_operation(document).pop("security"),
    "no answer 401": lambda document: write_operation(document)["responses"].pop("401"),
    "no answer 500": lambda document: write_operation(document)["responses"].pop("500"),
    "no answer of success": lambda document: write_operation(document)["responses"].pop("201"),
    "no example of the answer": lambda document: write_operation(document)["responses"]["201"]["content"][
        "application/json"
    ].pop("example"),
    "no example of the request body": lambda document: write_operation(document)["requestBody"]["content"][
        "application/json"
    ].pop("example"),
    "answer 422 names no code": lambda document: write_operation(document)["responses"]["422"]["content"][
        "application/problem+json"
    ].pop("examples"),
}


@pytest.mark.parametrize(("gap", "plant"), PLANTED.items(), ids=PLANTED.keys())
def test_each_gap_is_found(probe: Probe, gap: str, plant: Callable[[Document], object]) -> None:
    document = deepcopy(openapi_document(probe.app))
    plant(document)
    assert f"POST /v1/probe/notes: {gap}" in find_gaps(document)


def test_the_document_is_the_same_text_each_time(probe: Probe) -> None:
    again = create_app(probe.context, (blueprint,))
    assert openapi_yaml(probe.app) == openapi_yaml(again)
    assert yaml.safe_load(openapi_yaml(probe.app)) == openapi_document(probe.app)
    assert "&id" not in openapi_yaml(probe.app)


def test_operations_say_what_they_take_and_give(probe: Probe) -> None:
    document = openapi_document(probe.app)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://shangding.example"}]
    operation = write_operation(document)
    assert operation["security"] == [{"bearer": ["notes:write"]}]
    assert {"Idempotency-Key"} <= {parameter["name"] for parameter in operation["parameters"]}
    assert {"400", "401", "403", "409", "413", "415", "422", "429", "500", "503"} <= set(operation["responses"])
    assert document["components"]["schemas"]["NewNote"]["properties"]["text"]["maxLength"] == 20
    assert document["components"]["schemas"]["NewNote"]["additionalProperties"] is False
    assert document["paths"]["/v1/probe/echo"]["post"]["security"] == []


def test_no_form_is_described_that_nothing_uses(probe: Probe) -> None:
    text = openapi_yaml(probe.app)
    for name in openapi_document(probe.app)["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text, name


def test_no_page_of_documentation_is_served(probe: Probe) -> None:
    for path in ("/openapi.json", "/docs", "/swagger-ui", "/redoc", "/static/x"):
        assert probe.client().get(path).status_code == 404
