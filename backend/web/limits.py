"""How often a caller may ask: counted by principal, or by address for those who prove to be nobody.

The limits guard the machine and are no business rule: business quotas are rows in the database. With a Redis all
processes count together, and each counts for itself as well: neither a Redis that is away nor one that has forgotten
everything lets more through a process than the limit.
"""

import time
from dataclasses import dataclass

from flask import current_app, g, has_app_context, request

from backend.clock import SystemClock
from backend.gateways.counters import PATIENCE_S, CounterStorage, SharedCounters
from backend.gateways.windows import LocalCounters, Rate, Tally, read_rate
from backend.principals import Principal
from backend.web.declaration import Operation
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.requests import current_notes

EXTENSION = "shangding.limits"
_MACHINE = SystemClock()  # the counters expire by the clock of the machine, not by that of the context


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How one limit stands after a request: whether it let it pass, what remains, seconds until that grows."""

    rate: Rate
    allowed: bool
    remaining: int
    reset_s: int

    def list_headers(self) -> dict[str, str]:
        """The headers of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"default";q={self.rate.amount};w={self.rate.window_s}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_s}',
        }


class RateLimiter:
    """Counts in this process, and in the Redis that the context chose."""

    def __init__(self, storage: CounterStorage, default: str) -> None:
        self._default = read_rate(default)
        self._local = LocalCounters()
        self.shared = SharedCounters(storage.url) if storage.url is not None else None

    def count(self, rate: str | None, *key: str) -> Count:
        """Count one request under `key` against `rate` (`10/minute`), or against the default."""
        return self._ask(read_rate(rate) if rate is not None else self._default, key, hit=True)

    def peek(self, rate: str, *key: str) -> Count:
        """See how `rate` stands under `key` without counting anything."""
        return self._ask(read_rate(rate), key, hit=False)

    def describe_storage(self) -> str:
        """`none` without Redis, `ok` with one that answers now, `degraded` with one that does not."""
        if self.shared is None:
            return "none"
        return "ok" if self.shared.ask("health", Rate(1, 1), hit=False) is not None else "degraded"

    def _ask(self, rate: Rate, parts: tuple[str, ...], *, hit: bool) -> Count:
        key, now = "/".join((*parts, str(rate.window_s))), _MACHINE.now()
        tally = self._local.look(key, rate, now)
        allowed = tally.allows(rate)
        told = _ask_patiently(self.shared, key, rate, hit=hit) if allowed and self.shared is not None else None
        if told is not None:
            allowed = told[0]
        if hit and allowed:
            allowed, tally = self._local.count(key, rate, now)
        tallies = [tally] if told is None else [tally, told[1]]
        return _describe(rate, allowed=allowed, tallies=tallies)


def count_request(operation: Operation, identity: Principal | Refusal) -> None:
    """Count the running request; raises `Problem` (429) when it is one too many."""
    limiter: RateLimiter = current_app.extensions[EXTENSION]
    who = f"{identity.kind}:{identity.id}" if isinstance(identity, Principal) and identity.id else _address()
    what = operation.name if operation.limit is not None else "all"
    counted = limiter.count(operation.limit, what, who)
    headers = counted.list_headers()
    current_notes().headers.update(headers)
    if not counted.allowed:
        raise Problem(Refusal(ProblemCode.TOO_MANY_REQUESTS, headers={"Retry-After": str(counted.reset_s)}))


def _address() -> str:
    return f"address:{request.remote_addr}"


def _ask_patiently(shared: SharedCounters, key: str, rate: Rate, *, hit: bool) -> tuple[bool, Tally] | None:
    """Ask Redis with what patience this request has left for all its questions together."""
    if not has_app_context():
        return shared.ask(key, rate, hit=hit)
    waited_s: float = g.get("waited_for_counters_s", 0.0)
    if waited_s >= PATIENCE_S:
        return None
    begun = time.monotonic()
    told = shared.ask(key, rate, hit=hit, patience_s=PATIENCE_S - waited_s)
    g.waited_for_counters_s = waited_s + time.monotonic() - begun
    return told


def _describe(rate: Rate, *, allowed: bool, tallies: list[Tally]) -> Count:
    """Describe how the limit stands by the stricter of what was counted."""
    strictest = max(tallies, key=lambda tally: tally.weigh(rate))
    return Count(
        rate=rate,
        allowed=allowed,
        remaining=strictest.count_remaining(rate) if allowed else 0,
        reset_s=strictest.find_wait_s(rate),
    )
