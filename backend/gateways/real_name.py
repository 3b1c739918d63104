"""Whether a name and an identity number belong to one person, asked of a service that knows: yes or no, nothing else.

What we send: `POST {"name": ..., "id_number": ...}` with `Authorization: Bearer <key>`. What we read: status 200 and
`{"match": true}` or `{"match": false}`; further members are passed over. Whatever else comes counts as no answer.
"""

import json
from enum import Enum
from http import HTTPStatus

import structlog

from backend.gateways.http_calls import CallFailedError, call_service

DEADLINE_SECONDS = 3.0
LARGEST_BYTES = 4096

log = structlog.get_logger("shangding.real_name")


class RealNameAnswer(Enum):
    """What the service says about a name and a number."""

    MATCH = "they belong to one person"
    NO_MATCH = "they do not"
    UNAVAILABLE = "nobody can tell just now"


class RealNameCheck:
    """Asks the service at one address."""

    def __init__(self, *, url: str, key: str, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._url, self._key, self._deadline_seconds = url, key, deadline_seconds

    def check(self, name: str, id_number: str) -> RealNameAnswer:
        """Ask whether `name` is that of the person with `id_number`. Takes no longer than the deadline."""
        body = json.dumps({"name": name, "id_number": id_number}, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json; charset=utf-8"}
        try:
            answer = call_service(
                self._url,
                method="POST",
                body=body,
                headers=headers,
                deadline_seconds=self._deadline_seconds,
                largest_bytes=LARGEST_BYTES,
            )
        except CallFailedError:
            return _give_up("unreachable")
        if answer.status != HTTPStatus.OK:
            return _give_up("status", status=answer.status)
        return _read_answer(answer.content)


def _read_answer(content: bytes) -> RealNameAnswer:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _give_up("not_json")
    match = document.get("match") if isinstance(document, dict) else None
    if not isinstance(match, bool):
        return _give_up("no_answer")
    return RealNameAnswer.MATCH if match else RealNameAnswer.NO_MATCH


def _give_up(what: str, **values: int) -> RealNameAnswer:
    log.warning("real_name_unavailable", what=what, **values)
    return RealNameAnswer.UNAVAILABLE
