import time

import pytest
from limits import RateLimitItemPerHour
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from backend.gateways.counters import CounterStorage, choose_counter_storage


def test_without_redis_calls_are_counted_in_memory() -> None:
    assert choose_counter_storage(None) == CounterStorage(uri="memory://", options={}, falls_back=False)


def test_with_redis_two_processes_count_together(redis_url: str) -> None:
    chosen = choose_counter_storage(redis_url)
    limit = RateLimitItemPerHour(2)
    counters = [FixedWindowRateLimiter(storage_from_string(chosen.uri, **chosen.options)) for _ in range(2)]
    assert [counter.hit(limit, "test_counters", redis_url) for counter in counters * 2] == [True, True, False, False]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_redis_that_is_gone_costs_no_time(url: str) -> None:
    chosen = choose_counter_storage(url)
    storage = storage_from_string(chosen.uri, **chosen.options)
    assert isinstance(storage, RedisStorage)
    begun = time.monotonic()
    assert not storage.check()
    assert time.monotonic() - begun < 0.5


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(choose_counter_storage("redis://:hunter2@cache:6379/0"))
