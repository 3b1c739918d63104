"""What surrounds every request: its id, its notes for log and metrics, and the headers of its answer."""

import re
import unicodedata
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from flask import Response, g, has_app_context, request

from backend.web.messages import Language, choose_language
from backend.web.problems import Problem, ProblemCode, Refusal

REQUEST_ID_HEADER = "X-Request-Id"
# A resident id by its form (a region, a day of birth, a sequence): of ids by chance two in a million hold one.
RESIDENT_ID = r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
# One that holds an identity number is replaced: it is answered, and logged.
_REQUEST_ID = re.compile(rf"(?!.*{RESIDENT_ID})[A-Za-z0-9-]{{8,64}}")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


@dataclass(slots=True, kw_only=True)
class RequestNotes:
    """What is known of the running request; `operation` and `method` stay as they are for an unknown route.

    `started_s` comes from a stopwatch and is no moment: moments come from the context's clock.
    """

    request_id: str
    language: Language
    started_s: float
    operation: str = "unmatched"
    method: str = "other"
    principal_kind: str = "unknown"
    personal: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def measure_duration_s(self) -> float:
        """Seconds since the request began."""
        return perf_counter() - self.started_s


def begin_request() -> None:
    """Take or make the request id, and refuse a path that no route can mean."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    g.request_notes = RequestNotes(
        request_id=given if _REQUEST_ID.fullmatch(given) else str(uuid4()),
        language=choose_language(request.headers.get("Accept-Language")),
        started_s=perf_counter(),
    )


def refuse_strange_path() -> None:
    """Answer 404 to a path with control characters or broken UTF-8, before a database sees a NUL."""
    if request.path.isascii() and request.path.isprintable():
        return
    if any(unicodedata.category(character) == "Cc" or character == "\ufffd" for character in request.path):
        raise Problem(Refusal(ProblemCode.NOT_FOUND))


def read_body(limit: int) -> bytes:
    """The whole body of the running request, of at most `limit` bytes; raises `Problem` (413) if it is longer.

    werkzeug cuts a body that comes in chunks off at its limit without a word, so one byte more is asked for.
    """
    request.max_content_length = limit + 1
    body = request.get_data(cache=True)
    if len(body) > limit:
        raise Problem(Refusal(ProblemCode.BODY_TOO_LARGE))
    return body


def current_notes() -> RequestNotes:
    """The notes of the running request."""
    notes: RequestNotes = g.request_notes
    return notes


def find_notes() -> RequestNotes | None:
    """Find the notes of the running request; None where none runs."""
    return g.get("request_notes") if has_app_context() else None


def set_headers(response: Response) -> Response:
    """Add the request id, the security headers, and `no-store` to whatever is about a person."""
    notes = current_notes()
    kept = not (notes.personal or response.status_code >= 400 or request.method != "GET")  # noqa: PLR2004
    response.headers.extend(  # nobody else sets any of them, so none need be looked for and replaced
        {
            REQUEST_ID_HEADER: notes.request_id,
            **_SECURITY_HEADERS,
            **notes.headers,
            "Vary": "Accept-Language, Authorization",
            "Cache-Control": "no-cache" if kept else "no-store",
        }
    )
    return response
