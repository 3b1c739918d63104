"""Where calls are counted for rate limits: Redis, or the memory of this process.

Redis may be lost at any time: it is given 0.2 seconds and no second try, and then memory counts on, per process.
"""

from dataclasses import dataclass, field
from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class CounterStorage:
    """Where `limits` counts, with which options of the client, and whether memory steps in when that is away."""

    uri: str = field(repr=False)
    options: dict[str, Any]
    falls_back: bool


def choose_counter_storage(redis_url: str | None) -> CounterStorage:
    """Choose where to count: the Redis at `redis_url` (redis, rediss or unix), or memory when there is none."""
    if redis_url is None:
        return CounterStorage(uri="memory://", options={}, falls_back=False)
    uri = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url
    options = {
        # The client's own default is ten tries, which holds a call up for seconds.
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
    }
    return CounterStorage(uri=uri, options=options, falls_back=True)
