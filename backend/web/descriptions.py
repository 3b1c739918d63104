"""What OpenAPI says about an operation, from its declaration alone; schemas are resolved by apispec."""

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus

from backend.web.arguments import FORM_MEDIA_TYPE, JSON_MEDIA_TYPE
from backend.web.authentication import CLERK_HEADER, CLERK_PATTERN
from backend.web.declaration import Operation, Repeats
from backend.web.idempotency import KEY_PATTERN
from backend.web.messages import Language, get_message
from backend.web.problem_schemas import ProblemSchema
from backend.web.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE, ProblemCode

BEARER = "bearer"
SIGNATURE = "signature"
_REQUEST_ID = "019a0000-0000-7000-8000-000000000000"
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
_HEADERS: Mapping[HTTPStatus, Mapping[str, object]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    HTTPStatus.CONFLICT: _RETRY_AFTER,
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY_AFTER,
}
_KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "A key of the caller's making; a repeat with the same key gets the first answer, for 24 hours.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    "example": "3f0c8d52-5f0e-4f6b-9a7e-0d9b4a0c1e11",
}
_CLERK_PARAMETER = {
    "in": "header",
    "name": CLERK_HEADER,
    "required": False,
    "description": (
        "The staff number of the clerk who acts: required in every call of a department, kept where a merchant names "
        "one, ignored from others. It has at most 14 digits, so that no identity number is taken for one."
    ),
    "schema": {"type": "string", "pattern": f"^{CLERK_PATTERN}$"},
    "example": "clerk-7",
}
_CITY_PARAMETER = {
    "in": "header",
    "name": "Exchange-City",
    "required": True,
    "description": "The code of the city that calls and signs; see docs/partner-protocol.md.",
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]{1,39}$"},
    "example": "hangzhou",
}
_CONDITION_PARAMETER = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The ETag of an answer that the caller still has; 304 when it holds.",
    "schema": {"type": "string"},
}
FILE = {"type": "string", "format": "binary"}
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Strong; changes with the content."}}


def describe_operation(operation: Operation) -> dict[str, object]:
    """The OpenAPI operation object: id, summary, security, parameters, body, answers and problems."""
    document: dict[str, object] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _describe_proof(operation),
        "x-principals": sorted(kind.value for kind in operation.kinds),
        "responses": _describe_responses(operation),
    }
    parameters: list[object] = []
    if operation.query is not None:
        parameters.append({"in": "query", "schema": operation.query})
    if operation.repeats is Repeats.BY_KEY:
        parameters.append(_KEY_PARAMETER)
    if operation.takes_clerk:
        parameters.append(_CLERK_PARAMETER)
    if operation.signed_as is not None:
        parameters.append(_CITY_PARAMETER)
    if operation.method == "GET" and not operation.streams:
        parameters.append(_CONDITION_PARAMETER)
    if parameters:
        document["parameters"] = parameters
    content = _describe_body(operation)
    if content:
        document["requestBody"] = {"required": True, "content": content}
    return document


def _describe_proof(operation: Operation) -> list[object]:
    if operation.is_open:
        return []
    return [{BEARER: [operation.scope]}] if operation.needs_token else [{SIGNATURE: []}]


def _describe_body(operation: Operation) -> dict[str, object]:
    if operation.upload is not None:
        return {media_type: {"schema": FILE} for media_type in sorted(operation.upload.media_types)}
    if operation.body is None:
        return {}
    content: dict[str, object] = {"schema": operation.body}
    if operation.body_example is not None:
        content["example"] = operation.body_example
    return {FORM_MEDIA_TYPE if operation.form else JSON_MEDIA_TYPE: content}


def _describe_responses(operation: Operation) -> dict[str, object]:
    success: dict[str, object] = {"description": operation.status.phrase}
    content: dict[str, object] = {}
    if operation.response is not None:
        content["schema"] = operation.response
    elif operation.media_type != "application/json":
        content["schema"] = {"type": "string"}
    if operation.example is not None:
        content["example"] = operation.example
    if operation.streams:
        success["content"] = {media_type: {"schema": FILE} for media_type in sorted(operation.streams)}
    elif content:
        success["content"] = {operation.media_type: content}
    responses: dict[str, object] = {str(operation.status.value): success}
    if operation.method == "GET" and not operation.streams:
        success["headers"] = dict(_ETAG)
        responses[str(HTTPStatus.NOT_MODIFIED.value)] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    by_status: dict[HTTPStatus, list[ProblemCode]] = defaultdict(list)
    for code in sorted(operation.list_problems()):
        by_status[code.status].append(code)
    for status, codes in by_status.items():
        responses[str(status.value)] = _describe_problem(status, codes)
    return responses


def _describe_problem(status: HTTPStatus, codes: list[ProblemCode]) -> dict[str, object]:
    examples = {code.value: {"value": _show_problem(code)} for code in codes}
    document: dict[str, object] = {
        "description": f"{status.phrase}: {', '.join(codes)}",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": ProblemSchema, "examples": examples}},
    }
    if status in _HEADERS:
        document["headers"] = dict(_HEADERS[status])
    return document


def _show_problem(code: ProblemCode) -> dict[str, object]:
    return {
        "type": f"{PROBLEM_TYPE}{code}",
        "title": get_message(f"problem.{code}.title", Language.ENGLISH),
        "status": code.status.value,
        "code": code.value,
        "instance": _REQUEST_ID,
    }
