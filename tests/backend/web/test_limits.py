from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import g
from typing_extensions import override

from backend.app import create_app
from backend.gateways.counters import choose_counter_storage
from backend.gateways.windows import LocalCounters, Rate, Tally
from backend.web.limits import EXTENSION, RateLimiter
from tests.backend.web.probe import Probe, blueprint, make_settings, read_json
from tests.fault_proxy import FaultProxy
from tests.servers import running_redis

GONE = "redis://127.0.0.1:1/0"


def limited(probe: Probe, rate: str = "3/minute", redis_url: str | None = None, *, trusted_proxies: int = 0) -> Probe:
    """The probe under a limit, counting where `redis_url` says."""
    settings = make_settings(probe.context.settings.database_url, rate_limit=rate, trusted_proxies=trusted_proxies)
    context = replace(probe.context, settings=settings, counters=choose_counter_storage(redis_url))
    made = Probe(create_app(context, (blueprint,)), context)
    while redis_url not in {None, GONE} and limiter_of(made).describe_storage() != "ok":
        """Wait until the background has made a first connection."""
    return made


def limiter_of(probe: Probe) -> RateLimiter:
    limiter = probe.app.extensions[EXTENSION]
    assert isinstance(limiter, RateLimiter)
    return limiter


def ask(probe: Probe, times: int, subject: str = "subject-1") -> list[int]:
    headers = probe.sign_in("notes:read", subject=subject)
    return [probe.client().get("/v1/probe/notes", headers=headers).status_code for _ in range(times)]


def test_one_request_too_many_is_429_with_the_time_to_wait(probe: Probe) -> None:
    probe = limited(probe)
    assert ask(probe, 3) == [200] * 3
    answer = probe.client().get("/v1/probe/notes", headers=probe.sign_in("notes:read"))
    assert (answer.status_code, read_json(answer)["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 120  # what was counted late in a minute counts in the next one
    assert answer.headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert answer.headers["RateLimit"].startswith('"default";r=0;t=')


def test_what_remains_is_told(probe: Probe) -> None:
    probe = limited(probe)
    answer = probe.client().get("/v1/probe/notes", headers=probe.sign_in("notes:read"))
    assert answer.headers["RateLimit"].startswith('"default";r=2;')


def test_principals_are_counted_apart(probe: Probe) -> None:
    probe = limited(probe)
    assert ask(probe, 3, "subject-1") + ask(probe, 3, "subject-2") == [200] * 6


def test_guessing_tokens_is_counted_by_address(probe: Probe) -> None:
    probe = limited(probe)
    headers = {"Authorization": "Bearer guess"}
    found = [probe.client().get("/v1/probe/notes", headers=headers).status_code for _ in range(5)]
    assert found == [401, 401, 401, 429, 429]


def test_an_operation_may_have_a_limit_of_its_own(probe: Probe) -> None:
    found = [probe.client().get("/v1/probe/scarce").status_code for _ in range(3)]
    assert found == [200, 200, 429]


def test_signs_of_life_are_not_limited(probe: Probe) -> None:
    probe = limited(probe, "1/minute")
    assert {probe.client().get("/health/live").status_code for _ in range(5)} == {200}


def test_two_processes_share_their_count_in_redis(probe: Probe, redis_url: str) -> None:
    subject = str(uuid4())
    first, second = limited(probe, redis_url=redis_url), limited(probe, redis_url=redis_url)
    assert ask(first, 2, subject) + ask(second, 2, subject) == [200, 200, 200, 429]


def test_without_redis_the_limit_still_holds(probe: Probe) -> None:
    probe = limited(probe, redis_url=GONE)
    assert ask(probe, 5) == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("rate", ["3/minute", "1000/minute"])
def test_it_is_the_rate_that_refuses(probe: Probe, rate: str) -> None:
    """The planted defect is a limit that nobody reaches: then the fourth request passes."""
    assert ask(limited(probe, rate), 4)[-1] == (429 if rate == "3/minute" else 200)


def ask_through_proxy(probe: Probe, *callers: int) -> list[int]:
    """Calls without a token from several callers, the last address having been added by the proxy."""
    headers = [{"X-Forwarded-For": f"10.9.8.7, 203.0.113.{caller}"} for caller in callers]
    return [probe.client().get("/v1/probe/notes", headers=each).status_code for each in headers]


def test_behind_a_trusted_proxy_each_address_is_counted_by_itself(probe: Probe) -> None:
    probe = limited(probe, "2/minute", trusted_proxies=1)
    assert ask_through_proxy(probe, 1, 1, 1, 2) == [401, 401, 429, 401]


def test_without_one_the_header_of_a_stranger_changes_nothing(probe: Probe) -> None:
    assert ask_through_proxy(limited(probe, "2/minute"), 1, 2, 3) == [401, 401, 429]


def test_of_parallel_calls_no_more_pass_than_the_limit(probe: Probe) -> None:
    probe = limited(probe, "20/hour")
    with ThreadPoolExecutor(8) as threads:
        found = [status for part in threads.map(lambda _: ask(probe, 5), range(8)) for status in part]
    assert Counter(found) == {200: 20, 429: 20}


# --- Redis under fault (R06): refused, silent, slow, emptied, gone and back -----------------------


class Fault:
    """A Redis of the test's own behind a proxy; each of its methods is one thing that happens to a Redis."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.proxy = stack.enter_context(FaultProxy(self._start()))
        self.url = f"redis://127.0.0.1:{self.proxy.port}/0"

    def refuse(self) -> None:
        self.proxy.refuse()

    def swallow(self) -> None:
        self.proxy.swallow()

    def slow_down(self) -> None:
        self.proxy.delay(0.15)

    def restart_empty(self) -> None:
        self.proxy.refuse()
        self.proxy.target = self._start()
        self.proxy.pass_on()

    def _start(self) -> Path:
        return Path(self._stack.enter_context(running_redis()).removeprefix("unix://"))


FAULTS: tuple[Callable[[Fault], None], ...] = (Fault.refuse, Fault.swallow, Fault.slow_down, Fault.restart_empty)


@pytest.fixture
def fault() -> Iterator[Fault]:
    with ExitStack() as stack:
        yield Fault(stack)


@pytest.mark.parametrize("happens", FAULTS, ids=lambda happens: happens.__name__)
def test_whatever_happens_to_redis_calls_are_answered_and_the_limit_holds(
    probe: Probe, fault: Fault, happens: Callable[[Fault], None]
) -> None:
    """Of one caller no more pass one process than the limit: before, in and after the fault together."""
    probe, subject = limited(probe, "30/hour", fault.url), str(uuid4())
    found = Counter(ask(probe, 10, subject))
    happens(fault)
    with ThreadPoolExecutor(8) as threads:
        found += Counter(status for part in threads.map(lambda _: ask(probe, 3, subject), range(8)) for status in part)
    fault.proxy.pass_on()
    while limiter_of(probe).describe_storage() != "ok":
        """Wait until Redis is back."""
    found += Counter(ask(probe, 10, subject))
    assert found == {200: 30, 429: 14}


class ForgetfulCounters(LocalCounters):
    """The planted defect: a process that leaves the counting to Redis as long as there is one."""

    @override
    def look(self, key: str, rate: Rate, now: object) -> Tally:
        return Tally(0, 0, 0)

    @override
    def count(self, key: str, rate: Rate, now: object) -> tuple[bool, Tally]:
        return True, Tally(0, 0, 0)


def test_who_leaves_the_counting_to_redis_lets_everybody_in_again_when_it_forgets(probe: Probe, fault: Fault) -> None:
    probe, subject = limited(probe, "5/hour", fault.url), str(uuid4())
    limiter_of(probe)._local = ForgetfulCounters()  # noqa: SLF001 - the defect is planted
    assert ask(probe, 5, subject) == [200] * 5
    fault.restart_empty()
    while limiter_of(probe).describe_storage() != "ok":
        """Wait until Redis is back."""
    assert ask(probe, 5, subject) == [200] * 5


def test_two_processes_let_through_at_most_twice_the_limit_while_redis_is_away(probe: Probe, fault: Fault) -> None:
    first, second = limited(probe, "5/hour", fault.url), limited(probe, "5/hour", fault.url)
    subject = str(uuid4())
    assert Counter(ask(first, 2, subject) + ask(second, 2, subject)) == {200: 4}
    fault.refuse()
    assert Counter(ask(first, 9, subject) + ask(second, 9, subject)) == {200: 6, 429: 12}


def test_a_request_waits_once_for_all_its_questions_together(probe: Probe, fault: Fault) -> None:
    """A slow Redis that still answers is asked until the patience of the request is used up, and then no more."""
    limiter = limiter_of(limited(probe, "5/hour", fault.url))
    assert limiter.shared is not None
    before = limiter.shared.round_trips
    fault.proxy.delay(0.12)
    with probe.app.app_context():
        for number in range(10):
            assert limiter.peek("5/hour", str(number)).allowed
        assert g.waited_for_counters_s > 0
    assert limiter.shared.round_trips - before <= 2


def test_the_headers_tell_the_stricter_of_both_counts(probe: Probe, fault: Fault) -> None:
    first, second = limited(probe, "10/hour", fault.url), limited(probe, "10/hour", fault.url)
    subject = str(uuid4())
    ask(first, 4, subject)
    answer = second.client().get("/v1/probe/notes", headers=second.sign_in("notes:read", subject=subject))
    assert answer.headers["RateLimit"].startswith('"default";r=5;t=')
