import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from flask import Flask
from jwt.algorithms import ECAlgorithm

from backend.app import create_app
from backend.context import Context, current_context, make_context
from backend.principals import Principal, PrincipalKind
from backend.storage.migrations import head_revision
from backend.web.openapi import find_gaps, openapi_document
from backend.web.operations import list_operations
from tests.backend.web.probe import make_settings, make_test_context, read_json


@pytest.fixture
def context(sqlite_url: str) -> Iterator[Context]:
    made = make_test_context(sqlite_url)
    yield made
    made.database.dispose()


@pytest.fixture
def app(context: Context) -> Flask:
    """The application as it is served."""
    return create_app(context)


def test_the_application_starts_with_every_route_declared(app: Flask) -> None:
    assert {"read_liveness", "read_readiness", "read_metrics"} <= {each.name for each in list_operations(app)}


def test_its_document_leaves_nothing_out(app: Flask) -> None:
    assert find_gaps(openapi_document(app)) == []


def test_a_request_reaches_the_context(app: Flask, context: Context) -> None:
    with app.app_context():
        assert current_context() is context


def test_a_context_is_made_from_settings_alone(sqlite_url: str, tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1())
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [{**ECAlgorithm.to_jwk(key, as_dict=True), "kid": "t1"}]}))
    made = make_context(make_settings(sqlite_url, token_keys=keys))
    principal = Principal(kind=PrincipalKind.OPERATOR, id="op", scopes=frozenset({"metrics:read"}))
    now = made.clock.now()
    assert made.tokens.read(made.tokens.issue(principal, timedelta(minutes=1), now), now) == principal
    assert made.schema_revision == head_revision()
    assert made.city == "zhengzhou"


def test_an_unknown_address_is_a_problem(app: Flask) -> None:
    answer = app.test_client().get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert read_json(answer)["title"] == "未找到"
    assert answer.headers["Content-Language"] == "zh-CN"


def test_it_answers_in_english_on_request(app: Flask) -> None:
    answer = app.test_client().get("/v1/nothing", headers={"Accept-Language": "en"})
    assert read_json(answer)["title"] == "Not found"
