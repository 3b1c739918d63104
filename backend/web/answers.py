"""From the outcome of a view to an answer on the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

from flask import Response, request

from backend.storage.idempotency import Answer
from backend.web.declaration import Operation
from backend.web.problems import PROBLEM_MEDIA_TYPE, Refusal, describe_refusal
from backend.web.requests import RequestNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The value of an answer with more to say than the value: another status, headers, a version for its ETag."""

    value: object = None
    status: HTTPStatus | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


def make_answer(outcome: object, operation: Operation, notes: RequestNotes) -> Answer:
    """What a view returned (a value, a `Reply` or a `Refusal`) as status, headers and text."""
    if isinstance(outcome, Refusal):
        return make_refusal(outcome, notes)
    reply = outcome if isinstance(outcome, Reply) else Reply(value=outcome)
    headers = {**reply.headers}
    body = ""
    if operation.response is not None:
        body = write_json(operation.response().dump(reply.value))
    elif reply.value is not None:
        body = str(reply.value)
    if body:
        headers["Content-Type"] = operation.media_type
    status = reply.status or operation.status
    if request.method in {"GET", "HEAD"} and status is HTTPStatus.OK:
        headers["ETag"] = f'"{_tag(reply.version or body, notes)}"'
    return Answer(status=status.value, body=body, headers=headers)


def make_refusal(refusal: Refusal, notes: RequestNotes) -> Answer:
    """A refusal as a problem document in the caller's language."""
    document = describe_refusal(refusal, language=notes.language, instance=notes.request_id)
    headers = {**refusal.headers, "Content-Type": PROBLEM_MEDIA_TYPE, "Content-Language": notes.language.value}
    return Answer(status=refusal.code.status.value, body=write_json(document), headers=headers)


def send_answer(answer: Answer) -> Response:
    """The answer as Flask sends it; 304 without a body where `If-None-Match` names its ETag."""
    response = Response(answer.body, status=answer.status, headers=answer.headers)
    if "ETag" in response.headers:
        response.make_conditional(request)
    return response


def write_json(value: object) -> str:
    """JSON as we write it: UTF-8 as it is, no blanks, NaN refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _tag(content: str, notes: RequestNotes) -> str:
    # A version knows neither the address nor the language in which its answer was written.
    return sha256(f"{request.full_path}\n{notes.language}\n{content}".encode()).hexdigest()[:32]
