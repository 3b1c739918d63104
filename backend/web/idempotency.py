"""The `Idempotency-Key` header: a repeat of a call that changed something gets the first answer again."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from flask import request
from sqlalchemy.orm import Session

from backend.principals import Principal
from backend.storage.idempotency import Answer, KeyRefusal, find_answer, keep_answer
from backend.web.declaration import Operation
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.requests import RESIDENT_ID, read_body
from backend.web.uploads import Upload

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_PATTERN = rf"(?![_-]*(?:[0-9][_-]*){{14,}}[0-9Xx][_-]*$)(?!.*{RESIDENT_ID})[A-Za-z0-9_-]{{8,64}}"
_KEY = re.compile(KEY_PATTERN)
_REFUSALS = {
    KeyRefusal.REUSED: Refusal(ProblemCode.IDEMPOTENCY_KEY_REUSED),
    KeyRefusal.RUNNING: Refusal(ProblemCode.REQUEST_RUNNING, headers={"Retry-After": "1"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call under a key: the key belongs to its principal, the hash covers operation, address, clerk and body."""

    principal: str
    key: str
    request_hash: bytes


def read_call(principal: Principal, operation: Operation, upload: Upload | None = None) -> Call:
    """The call of the running request; raises `Problem` (400) when its key is missing or malformed.

    A key is kept for a day, so one that has the form of an identity number is malformed.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        raise Problem(Refusal(ProblemCode.IDEMPOTENCY_KEY_MISSING))
    if _KEY.fullmatch(key) is None:
        raise Problem(Refusal(ProblemCode.IDEMPOTENCY_KEY_MALFORMED))
    content = f"{operation.name}\n{request.method}\n{request.full_path}\n{principal.acting or ''}\n".encode()
    body = read_body(operation.body_limit) if upload is None else upload.sha256.encode()
    return Call(
        principal=f"{principal.kind}:{principal.id}",
        key=key,
        request_hash=sha256(content + body).digest(),
    )


def find_earlier(session: Session, call: Call, now: datetime) -> Answer | None:
    """The answer kept for `call`, marked as a replay; None if this is the first.

    Must be the first thing that its transaction does. Raises `Problem`: 409 while the first call runs, 422 when
    the key belongs to another request.
    """
    found = find_answer(session, principal=call.principal, key=call.key, request_hash=call.request_hash, now=now)
    if isinstance(found, KeyRefusal):
        raise Problem(_REFUSALS[found])
    if found is None:
        return None
    return Answer(status=found.status, body=found.body, headers={**found.headers, REPLAYED_HEADER: "true"})


def keep(session: Session, call: Call, answer: Answer, now: datetime) -> None:
    """Keep `answer` for repeats of `call`, in the transaction of its effect."""
    keep_answer(
        session,
        principal=call.principal,
        key=call.key,
        request_hash=call.request_hash,
        answer=answer,
        now=now,
    )
