"""Failed attempts to prove something: who fails too often has to wait, whatever he tries next.

Counted by address and by what was tried to be proven, so that neither one machine with many names nor many machines
with one name go on guessing (NIST SP 800-63B: no more than 100 consecutive failures; ours are far fewer).
"""

from http import HTTPStatus

from flask import current_app, request

from backend.web.limits import EXTENSION, RateLimiter
from backend.web.problems import ProblemCode, Refusal

ALLOWED = "10/15 minutes"
ADDRESS_ALLOWED = "100/15 minutes"  # a whole office may stand behind one address


def find_attempt_refusal(what: str, *keys: str) -> Refusal | None:
    """Say whether the running request must wait before it tries `what` again: `too_many_attempts`, or None.

    `keys` name whom or what the attempt is about, never in clear: a client id, a keyed hash.
    """
    limiter: RateLimiter = current_app.extensions[EXTENSION]
    waits = [limiter.peek(rate, "failed", what, key) for rate, key in _list_keys(keys)]
    wait_s = max((count.reset_s for count in waits if not count.allowed), default=None)
    if wait_s is None:
        return None
    return Refusal(ProblemCode.TOO_MANY_ATTEMPTS, headers={"Retry-After": str(wait_s)})


def count_failed_attempt(what: str, *keys: str) -> None:
    """Count a failed attempt at `what` by the running request; see `find_attempt_refusal` for the keys."""
    limiter: RateLimiter = current_app.extensions[EXTENSION]
    for rate, key in _list_keys(keys):
        limiter.count(rate, "failed", what, key)


def count_if_refused(outcome: object, what: str, *keys: str) -> None:
    """Count a failed attempt where a use case answered with a Refusal of 401 or 403."""
    if isinstance(outcome, Refusal) and outcome.code.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        count_failed_attempt(what, *keys)


def _list_keys(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(ADDRESS_ALLOWED, f"address:{request.remote_addr}"), *((ALLOWED, key) for key in keys)]
