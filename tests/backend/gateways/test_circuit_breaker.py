from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.circuit_breaker import BreakerState, CircuitBreaker
from tests.backend.gateways.signing import NOON

SECOND, REST = timedelta(seconds=1), timedelta(seconds=10)


def open_breaker() -> CircuitBreaker:
    """A breaker that opened at noon."""
    breaker = CircuitBreaker()
    for _ in range(3):
        assert breaker.may_call(NOON)
        breaker.note_failure(NOON)
    return breaker


def test_three_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = CircuitBreaker()
    for fails in (True, True, False, True, True):
        assert breaker.may_call(NOON)
        if fails:
            breaker.note_failure(NOON)
        else:
            breaker.note_success()
    assert breaker.find_state(NOON) is BreakerState.CLOSED
    breaker.note_failure(NOON)
    assert (breaker.find_state(NOON), breaker.may_call(NOON + REST - SECOND)) == (BreakerState.OPEN, False)


@pytest.mark.parametrize("away", [REST, -REST])
def test_after_the_rest_one_is_let_through_and_decides(away: timedelta) -> None:
    """The same when the clock was set back."""
    breaker, now = open_breaker(), NOON + away
    assert breaker.find_state(now) is BreakerState.HALF_OPEN
    assert [breaker.may_call(now) for _ in range(3)] == [True, False, False]
    breaker.note_failure(now)
    assert breaker.find_state(now + REST - SECOND) is BreakerState.OPEN
    assert breaker.may_call(now + REST)
    breaker.note_success()
    assert [breaker.may_call(now + REST) for _ in range(3)] == [True] * 3


def test_a_trial_that_is_never_heard_of_again_is_followed_by_another() -> None:
    breaker = open_breaker()
    assert breaker.may_call(NOON + REST)
    assert not breaker.may_call(NOON + 2 * REST - SECOND)
    assert breaker.may_call(NOON + 2 * REST)


def test_a_call_that_fails_late_does_not_prolong_the_rest() -> None:
    breaker = open_breaker()
    breaker.note_failure(NOON + REST - SECOND)
    assert breaker.may_call(NOON + REST)


def test_of_many_threads_one_is_let_through() -> None:
    breaker, barrier = open_breaker(), Barrier(8)

    def knock(_: int) -> bool:
        barrier.wait()
        return breaker.may_call(NOON + REST)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(knock, range(8))) == 1


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40))
def test_who_never_answers_is_called_as_often_as_the_rest_allows(steps: list[tuple[int, bool]]) -> None:
    """Whatever comes when: never more than two calls fail in a row without a rest, besides the third that begins it."""
    breaker, now = CircuitBreaker(), NOON
    failed: list[datetime] = []
    for seconds, fails in steps:
        now += seconds * SECOND
        if breaker.may_call(now):
            if fails:
                breaker.note_failure(now)
            else:
                breaker.note_success()
            failed = [*failed, now] if fails else []
    rests = [later - earlier for earlier, later in pairwise(failed[2:])]
    assert all(rest >= REST for rest in rests)
