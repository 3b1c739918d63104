"""The OpenAPI 3.1 document of a sealed application, and the check that it leaves nothing out."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from flask import Flask

from backend.web.api import Api
from backend.web.descriptions import BEARER, FILE, SIGNATURE
from backend.web.paths import CodeConverter, DayConverter, describe_code, describe_day

TITLE = "商鼎分 Shangding credit score"
VERSION = "1.0.0"
OPENAPI_VERSION = "3.1.0"
_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_SUCCESS = ("200", "201", "202", "204")
EXTENSION = "shangding.api"
_ABOUT = (
    "Every answer that is no success is application/problem+json with a stable `code`. "
    "Moments are RFC 3339 in UTC, days are YYYY-MM-DD in Asia/Shanghai, points and fen are integers."
)


def make_api(app: Flask, public_url: str) -> Api:
    """The Api of `app`, to register blueprints with; it serves no page of documentation."""
    api = Api(
        app,
        spec_kwargs={
            "title": TITLE,
            "version": VERSION,
            "openapi_version": OPENAPI_VERSION,
            "info": {"description": _ABOUT},
            "servers": [{"url": public_url}],
        },
    )
    api.spec.components.security_scheme(
        BEARER,
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of ours, ES256, short-lived; see POST /v1/sign-in.",
        },
    )
    api.spec.components.security_scheme(
        SIGNATURE,
        {
            "type": "http",
            "scheme": "signature",
            "description": "A signature of the whole message (RFC 9421, ES256) by a partner city.",
        },
    )
    app.url_map.converters[CodeConverter.name] = CodeConverter
    app.url_map.converters[DayConverter.name] = DayConverter
    api.register_converter(CodeConverter, describe_code)
    api.register_converter(DayConverter, describe_day)
    app.extensions[EXTENSION] = api
    return api


def openapi_document(app: Flask) -> dict[str, Any]:
    """The document as a tree of plain values."""
    api: Api = app.extensions[EXTENSION]
    document: dict[str, Any] = api.describe().to_dict()
    return document


def openapi_yaml(app: Flask) -> str:
    """The document as YAML, the same text for the same operations: keys sorted, no aliases, UTF-8."""
    return yaml.dump(openapi_document(app), Dumper=_PlainDumper, allow_unicode=True, sort_keys=True, width=110)


def find_gaps(document: Mapping[str, Any]) -> list[str]:
    """What an author forgot, one sentence each: summary, security, example of the body or answer, error codes."""
    return sorted(
        f"{method.upper()} {path}: {gap}"
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
        if method in _METHODS
        for gap in _find_operation_gaps(operation)
    )


def _find_operation_gaps(operation: Mapping[str, Any]) -> Iterator[str]:
    if not operation.get("operationId"):
        yield "no operationId"
    if not operation.get("summary"):
        yield "no summary"
    if "security" not in operation:
        yield "no security; [] says that anyone may call"
    responses = operation.get("responses", {})
    found = [responses[status] for status in _SUCCESS if status in responses]
    if not found:
        yield "no answer of success"
    yield from (f"no example of the {gap}" for gap in _find_example_gaps(operation, found))
    failures = {status for status in responses if status[:1] in {"4", "5"}}
    security = operation.get("security")
    # Who signs is a partner or nobody: there is nothing that a partner may not call.
    expected = (
        {"500"} | ({"401"} if security else set()) | ({"403"} if security and SIGNATURE not in security[0] else set())
    )
    yield from (f"no answer {status}" for status in sorted(expected - failures))
    for status in sorted(failures):
        problems = responses[status].get("content", {}).get("application/problem+json", {})
        if not problems.get("examples"):
            yield f"answer {status} names no code"


def _find_example_gaps(operation: Mapping[str, Any], successes: list[Mapping[str, Any]]) -> Iterator[str]:
    contents = {"request body": operation.get("requestBody", {}).get("content", {})}
    contents["answer"] = {kind: form for success in successes for kind, form in success.get("content", {}).items()}
    for what, content in contents.items():
        described = (form for form in content.values() if form.get("schema") != FILE)  # a file is no example
        if any("example" not in form and "examples" not in form for form in described):
            yield what


class _PlainDumper(yaml.SafeDumper):
    """YAML without anchors, so that a change in one place is a change in one place."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True
