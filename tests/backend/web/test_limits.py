from dataclasses import replace
from uuid import uuid4

import pytest

from backend.app import create_app
from backend.gateways.counters import choose_counter_storage
from tests.backend.web.probe import Probe, blueprint, make_settings, read_json

GONE = "redis://127.0.0.1:1/0"


def limited(probe: Probe, rate: str = "3/minute", redis_url: str | None = None, *, trusted_proxies: int = 0) -> Probe:
    """The probe under a limit, counting where `redis_url` says."""
    settings = make_settings(probe.context.settings.database_url, rate_limit=rate, trusted_proxies=trusted_proxies)
    context = replace(probe.context, settings=settings, counters=choose_counter_storage(redis_url))
    return Probe(create_app(context, (blueprint,)), context)


def ask(probe: Probe, times: int, subject: str = "subject-1") -> list[int]:
    headers = probe.sign_in("notes:read", subject=subject)
    return [probe.client().get("/v1/probe/notes", headers=headers).status_code for _ in range(times)]


def test_one_request_too_many_is_429_with_the_time_to_wait(probe: Probe) -> None:
    probe = limited(probe)
    assert ask(probe, 3) == [200] * 3
    answer = probe.client().get("/v1/probe/notes", headers=probe.sign_in("notes:read"))
    assert (answer.status_code, read_json(answer)["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
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
