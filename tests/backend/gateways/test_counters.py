import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from typing_extensions import override

from backend.gateways.counters import CounterStorage, SharedCounters, choose_counter_storage
from backend.gateways.windows import Rate
from tests.fault_proxy import FaultProxy
from tests.servers import running_redis

RATE = Rate(5, 3600)
PATIENCE_S = 30.0


@pytest.fixture
def own_redis() -> Iterator[Path]:
    """The socket of a Redis that the test may stop, kill and empty."""
    with running_redis() as url:
        yield Path(url.removeprefix("unix://"))


@pytest.fixture
def proxy(own_redis: Path) -> Iterator[FaultProxy]:
    with FaultProxy(own_redis) as running:
        yield running


def open_counters(proxy: FaultProxy) -> SharedCounters:
    """Counters that have had an answer."""
    counters = SharedCounters(f"redis://127.0.0.1:{proxy.port}/0")
    wait_until(lambda: look(counters))
    return counters


def look(counters: SharedCounters) -> bool:
    return counters.ask("nobody", RATE, hit=False) is not None


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def count(counters: SharedCounters, key: str, times: int = 1) -> list[bool | None]:
    told = [counters.ask(key, RATE, hit=True) for _ in range(times)]
    return [None if each is None else each[0] for each in told]


def find_process(own_redis: Path) -> int:
    with redis.Redis(unix_socket_path=str(own_redis)) as client:
        return int(client.info("server")["process_id"])


def test_the_url_is_kept_and_its_password_not_shown() -> None:
    assert choose_counter_storage(None) == CounterStorage(None)
    assert choose_counter_storage("redis://:hunter2@cache:6379/0").url == "redis://:hunter2@cache:6379/0"
    assert "hunter2" not in repr(choose_counter_storage("redis://:hunter2@cache:6379/0"))


def test_two_processes_count_together(proxy: FaultProxy) -> None:
    first, second = open_counters(proxy), open_counters(proxy)
    key = str(uuid4())
    assert count(first, key, 3) + count(second, key, 3) == [True] * 5 + [False]


def test_looking_counts_nothing_and_tells_what_is_counted(proxy: FaultProxy) -> None:
    counters = open_counters(proxy)
    assert count(counters, "key", 2) == [True, True]
    for _ in range(5):
        told = counters.ask("key", RATE, hit=False)
        assert told is not None
        assert (told[0], told[1].current, told[1].previous) == (True, 2, 0)


def test_what_is_counted_lasts_two_windows_and_no_longer(proxy: FaultProxy, own_redis: Path) -> None:
    assert count(open_counters(proxy), "key") == [True]
    with redis.Redis(unix_socket_path=str(own_redis)) as client:
        (key,) = client.keys("*")
        lasts_s = client.ttl(key)
    assert RATE.window_s < int(lasts_s) <= 2 * RATE.window_s


def test_a_question_is_one_round_trip(proxy: FaultProxy) -> None:
    counters = open_counters(proxy)
    before = (counters.round_trips, proxy.questions, proxy.callers)
    assert count(counters, "key", 5) == [True] * 5
    assert (counters.round_trips, proxy.questions, proxy.callers) == (before[0] + 5, before[1] + 5, before[2])


class WithoutBreaker(SharedCounters):
    """The planted defect: a fault that changes nothing."""

    @override
    def _break(self, reason: str) -> None:
        self._wanted = max(self._wanted, 1)
        self.openings += 1


def ask_while(counters: SharedCounters) -> int:
    """Ask from eight threads and then ten times more, all in vain; give how many questions went out."""
    before = counters.round_trips
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: count(counters, "key")[0], range(8)))
    assert found + count(counters, "key", 10) == [None] * 18
    return counters.round_trips - before


@pytest.mark.parametrize("fault", ["swallow", "refuse"])
def test_one_fault_opens_the_breaker_for_everybody(proxy: FaultProxy, fault: str) -> None:
    """Those who were asking already may wait out their patience; after them nobody waits, and nobody asks."""
    counters = open_counters(proxy)
    getattr(proxy, fault)()
    assert 1 <= ask_while(counters) <= 8
    assert counters.openings == 1
    assert not look(counters)
    proxy.pass_on()
    wait_until(lambda: look(counters))
    assert counters.openings == 1


def test_without_a_breaker_everybody_waits(proxy: FaultProxy) -> None:
    counters = WithoutBreaker(f"redis://127.0.0.1:{proxy.port}/0")
    wait_until(lambda: look(counters))
    proxy.swallow()
    ask_while(counters)
    assert counters.openings > 8  # so often somebody waited in vain
    proxy.pass_on()
    wait_until(lambda: look(counters))


def test_an_answer_later_than_ones_patience_is_none(proxy: FaultProxy) -> None:
    counters = open_counters(proxy)
    proxy.delay(0.3)
    assert count(counters, "key") == [None]
    proxy.pass_on()
    wait_until(lambda: look(counters))
    # The late answer went with its connection: nobody takes it for his own.
    assert count(counters, "other") == [True]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_redis_that_never_was_is_none(url: str) -> None:
    counters = SharedCounters(url)
    assert count(counters, "key", 50) == [None] * 50
    assert (counters.openings, counters.round_trips) == (1, 0)


def test_a_name_that_nobody_resolves_is_waited_for_in_the_background() -> None:
    counters = SharedCounters("redis://nobody.invalid:6379/0")
    assert count(counters, "key", 50) == [None] * 50
    assert (counters.openings, counters.round_trips) == (1, 0)


def test_a_stopped_redis_is_away_until_it_goes_on(proxy: FaultProxy, own_redis: Path) -> None:
    counters, process = open_counters(proxy), find_process(own_redis)
    os.kill(process, signal.SIGSTOP)
    try:
        assert count(counters, "key", 20) == [None] * 20
    finally:
        os.kill(process, signal.SIGCONT)
    wait_until(lambda: look(counters))
    assert counters.openings == 1


def test_a_killed_redis_that_comes_back_empty_counts_anew(proxy: FaultProxy, own_redis: Path) -> None:
    counters = open_counters(proxy)
    assert count(counters, "key", 5) == [True] * 5
    os.kill(find_process(own_redis), signal.SIGKILL)
    assert count(counters, "key", 20) == [None] * 20
    with ExitStack() as stack:
        proxy.target = Path(stack.enter_context(running_redis()).removeprefix("unix://"))
        wait_until(lambda: look(counters))
        assert count(counters, "key", 6) == [True] * 5 + [False]
        proxy.refuse()


def test_a_redis_that_has_forgotten_the_script_is_told_it_again(proxy: FaultProxy, own_redis: Path) -> None:
    counters = open_counters(proxy)
    with redis.Redis(unix_socket_path=str(own_redis)) as client:
        client.script_flush()
    assert count(counters, "key") == [None]
    wait_until(lambda: look(counters))
    assert count(counters, "key") == [True]


def test_what_stands_under_our_key_and_is_not_ours_is_a_fault_and_no_answer(proxy: FaultProxy, own_redis: Path) -> None:
    counters = open_counters(proxy)
    with redis.Redis(unix_socket_path=str(own_redis)) as client:
        client.set("shangding:count:{key}", "something else")
    assert count(counters, "key") == [None]
