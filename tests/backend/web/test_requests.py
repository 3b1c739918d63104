import io
import re

import flask_smorest
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.backend.web.probe import Probe, read_json

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_good_request_id_comes_back(probe: Probe) -> None:
    answer = probe.client().get("/nothing", headers={"X-Request-Id": "abc-DEF-123"})
    assert answer.headers["X-Request-Id"] == read_json(answer)["instance"] == "abc-DEF-123"


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "with blank 1", "semi;colon;", "<script>alert"])
def test_a_strange_request_id_is_replaced(probe: Probe, given: str) -> None:
    answer = probe.client().get("/health/live", headers={"X-Request-Id": given})
    assert UUID.fullmatch(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/health/live", "/nothing", "/v1/probe/notes", "/v1/probe/%00"])
def test_security_headers_are_on_every_answer(probe: Probe, path: str) -> None:
    headers = probe.client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"]
    assert "Accept-Language" in headers["Vary"]


def test_personal_answers_are_stored_nowhere(probe: Probe) -> None:
    headers = probe.sign_in("notes:read")
    assert probe.client().get("/v1/probe/notes", headers=headers).headers["Cache-Control"] == "no-store"
    assert probe.client().get("/v1/probe/notes").headers["Cache-Control"] == "no-store"
    assert probe.client().get("/health/live").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/v1/probe/notes/%00", "/v1/probe/notes/%ff", "/v1/probe/\u202e%0a", "//health/live"])
def test_a_path_that_no_route_can_mean_is_404(probe: Probe, path: str) -> None:
    answer = probe.client().get(path, headers=probe.sign_in("notes:read"))
    assert (answer.status_code, read_json(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("note_id", ["1", "１２", "019a0000", "019a0000-0000-7000-8000-00000000000g", "..%2f.."])
def test_an_identifier_that_is_none_is_404(probe: Probe, note_id: str) -> None:
    answer = probe.client().get(f"/v1/probe/notes/{note_id}", headers=probe.sign_in("notes:read"))
    assert answer.status_code == 404


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 422), (64 * 1024 + 1, 413)])
def test_a_body_above_64_kb_is_too_large(probe: Probe, size: int, status: int) -> None:
    body = b'{"text": "' + b"a" * (size - 12) + b'"}'
    assert len(body) == size
    answer = probe.client().post("/v1/probe/echo", data=body, content_type="application/json")
    assert answer.status_code == status
    assert read_json(answer)["code"] == ("body_too_large" if status == 413 else "invalid_request")


def test_an_operation_may_take_more(probe: Probe) -> None:
    body = b'{"text": "a"' + b" " * 100_000 + b"}"
    assert probe.client().post("/v1/probe/large", data=body, content_type="application/json").status_code == 200
    assert probe.client().post("/v1/probe/echo", data=body, content_type="application/json").status_code == 413


def send_chunked(probe: Probe, body: bytes) -> TestResponse:
    """Send a body without its length, as a server hands on what came in chunks."""
    return probe.client().post(
        "/v1/probe/echo",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


def test_a_body_of_unknown_length_is_read_whole_or_not_at_all(probe: Probe) -> None:
    """werkzeug alone would cut this one off at the limit, behind the brace, and we would answer 200."""
    whole = b'{"text": "a"}'
    assert send_chunked(probe, whole.ljust(64 * 1024)).status_code == 200
    answer = send_chunked(probe, whole.ljust(64 * 1024) + b"lost")
    assert (answer.status_code, read_json(answer)["code"]) == (413, "body_too_large")


def test_a_wrong_method_keeps_its_allow_header(probe: Probe) -> None:
    answer = probe.client().delete("/v1/probe/notes")
    assert (answer.status_code, read_json(answer)["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["Allow"].split(",")}


def test_the_stock_api_would_lose_it() -> None:
    """The planted defect: flask-smorest's own Api in place of ours."""
    app = Flask("stock")
    config = {"title": "stock", "version": "1", "openapi_version": "3.1.0"}
    flask_smorest.Api(app, spec_kwargs=config)
    app.add_url_rule("/", view_func=str, methods=["GET"])
    answer = app.test_client().delete("/")
    assert answer.status_code == 405
    assert "Allow" not in answer.headers


def test_options_is_no_operation(probe: Probe) -> None:
    assert probe.client().options("/v1/probe/notes").status_code == 405


@pytest.mark.parametrize(
    "path", ["/v1/probe/scarce?x=1", "/v1/probe/notes?limit=1&limit=2", "/v1/probe/notes?limit=１"]
)
def test_a_query_that_is_not_declared_is_refused(probe: Probe, path: str) -> None:
    answer = probe.client().get(path, headers=probe.sign_in("notes:read"))
    assert (answer.status_code, read_json(answer)["code"]) == (422, "invalid_request")
    assert read_json(answer)["errors"][0]["in"] == "query"


def test_etag_saves_the_second_reading(probe: Probe) -> None:
    headers = probe.sign_in("notes:read")
    first = probe.client().get("/v1/probe/notes", headers=headers)
    tag = first.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    again = probe.client().get("/v1/probe/notes", headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    other = probe.client().get("/v1/probe/notes", headers=headers | {"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_etag_changes_with_the_content(probe: Probe) -> None:
    headers = probe.sign_in("notes:read", "notes:write")
    before = probe.client().get("/v1/probe/notes", headers=headers).headers["ETag"]
    key = {"Idempotency-Key": "key-12345678"}
    probe.client().post("/v1/probe/notes", json={"text": "a"}, headers=headers | key)
    after = probe.client().get("/v1/probe/notes", headers=headers | {"If-None-Match": before})
    assert (after.status_code, after.headers["ETag"] != before) == (200, True)


def test_head_is_get_without_a_body(probe: Probe) -> None:
    answer = probe.client().head("/health/live")
    assert (answer.status_code, answer.data) == (200, b"")
