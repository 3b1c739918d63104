"""From the outcome of a view to an answer on the wire."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

from flask import Response, request

from backend.storage.idempotency import Answer
from backend.web.declaration import Operation
from backend.web.problems import PROBLEM_MEDIA_TYPE, Refusal, describe_refusal
from backend.web.requests import RequestNotes
from backend.web.writing import make_writer

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
# RFC 9110, section 13.1: without any of these an answer depends on nothing that the caller has.
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The value of an answer with more to say than the value: another status, headers, a version for its ETag."""

    value: object = None
    status: HTTPStatus | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer that is a file, sent piece by piece after the view and its transaction have ended."""

    pieces: Iterator[bytes] = field(repr=False)
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def make_answer(outcome: object, operation: Operation, notes: RequestNotes) -> Answer | Stream:
    """What a view returned (a value, a `Reply`, a `Stream`, an `Answer` or a `Refusal`) as status, headers and text."""
    if isinstance(outcome, Refusal):
        return make_refusal(outcome, notes)
    if isinstance(outcome, Stream | Answer):
        return outcome
    reply = outcome if isinstance(outcome, Reply) else Reply(value=outcome)
    headers = {**reply.headers}
    body = ""
    if operation.response is not None:
        body = write_json(make_writer(operation.response)(reply.value))
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


def send_answer(answer: Answer | Stream) -> Response:
    """The answer as Flask sends it; 304 without a body where `If-None-Match` names its ETag."""
    if isinstance(answer, Stream):
        return Response(answer.pieces, headers={**answer.headers, "Content-Type": answer.media_type})
    response = Response(answer.body, status=answer.status, headers=answer.headers)
    if "ETag" in answer.headers and any(name in request.environ for name in _CONDITIONS):
        response.make_conditional(request)
    return response


def write_json(value: object) -> str:
    """JSON as we write it: UTF-8 as it is, no blanks, NaN refused."""
    return _JSON.encode(value)


def _tag(content: str, notes: RequestNotes) -> str:
    # A version knows neither the address nor the language in which its answer was written.
    return sha256(f"{request.full_path}\n{notes.language}\n{content}".encode()).hexdigest()[:32]
