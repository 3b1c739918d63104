"""How often a caller may ask: counted by principal, or by address for those who prove to be nobody.

The limits guard the machine and are no business rule: business quotas are rows in the database. Where Redis is
away, this process counts by itself, and the limits hold per process.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from backend.clock import SystemClock
from backend.gateways.counters import CounterStorage
from backend.principals import Principal
from backend.web.declaration import Operation
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.requests import current_notes

EXTENSION = "shangding.limits"
ASKED_AGAIN_AFTER = timedelta(seconds=5)
_MACHINE = SystemClock()  # the counters expire by the clock of the machine, not by that of the context


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How one limit stands after a request: whether it let it pass, what remains, seconds until that grows."""

    rate: RateLimitItem
    allowed: bool
    remaining: int
    reset_s: int

    def list_headers(self) -> dict[str, str]:
        """The headers of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"default";q={self.rate.amount};w={self.rate.get_expiry()}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_s}',
        }


class RateLimiter:
    """Counts in the storage that the context chose, and in memory while that storage is away."""

    def __init__(self, storage: CounterStorage, default: str) -> None:
        self._default = parse(default)
        self._shared = storage.falls_back
        self._storage: Storage = storage_from_string(storage.uri, **storage.options)  # type: ignore[assignment]
        self._strategy = SlidingWindowCounterRateLimiter(self._storage)
        self._fallback = SlidingWindowCounterRateLimiter(MemoryStorage() if self._shared else self._storage)
        self._away_until: datetime | None = None

    def count(self, rate: str | None, *key: str) -> Count:
        """Count one request under `key` against `rate` (`10/minute`), or against the default."""
        item = parse(rate) if rate is not None else self._default
        now = _MACHINE.now()
        if self._away_until is None or now >= self._away_until:
            try:
                counted = _count(self._strategy, item, key, now)
            except self._storage.base_exceptions:
                # Each try costs the patience of the client: nobody waits for a Redis known to be away.
                self._away_until = now + ASKED_AGAIN_AFTER
            else:
                self._away_until = None
                return counted
        return _count(self._fallback, item, key, now)

    def describe_storage(self) -> str:
        """`none` without Redis, `ok` with one that answers now, `degraded` with one that does not."""
        if not self._shared:
            return "none"
        return "ok" if self._storage.check() else "degraded"


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


def _count(
    strategy: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: tuple[str, ...], now: datetime
) -> Count:
    allowed = strategy.hit(item, *key)
    stats = strategy.get_window_stats(item, *key)
    wait_s = math.ceil(stats.reset_time - now.timestamp())
    return Count(
        rate=item,
        allowed=allowed,
        remaining=stats.remaining if allowed else 0,
        reset_s=min(max(wait_s, 1), item.get_expiry()),
    )
