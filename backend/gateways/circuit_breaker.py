"""A breaker between us and a partner that fails: after some failures in a row nobody waits for it, until it had a rest.

It belongs to one process and forgets with it. Time is given.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock


class BreakerState(StrEnum):
    """Whether calls are let through: all of them, none, or one on trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Lets calls through until `failures_to_open` have failed in a row; then, each `rests_for`, one on trial.

    A trial that succeeds lets all through again, one that fails begins the next rest. One that is never heard of again,
    because its thread died, is followed by another after the same time.
    """

    def __init__(self, failures_to_open: int = 3, rests_for: timedelta = timedelta(seconds=10)) -> None:
        self._failures_to_open = failures_to_open
        self._rests_for = rests_for
        self._lock = Lock()
        self._failures = 0
        self._resting_from: datetime | None = None
        self._tried_at: datetime | None = None

    def may_call(self, now: datetime) -> bool:
        """Tell whether a call may be made; whoever may must note how it ended."""
        with self._lock:
            state = self._find_state(now)
            if state is BreakerState.HALF_OPEN:
                if self._tried_at is not None and self._is_before(now, self._tried_at):
                    return False
                self._tried_at = now
            return state is not BreakerState.OPEN

    def note_success(self) -> bool:
        """Note that the partner answered, whenever: all calls are let through. True where that ends a time of rests."""
        with self._lock:
            was_resting = self._resting_from is not None
            self._failures, self._resting_from, self._tried_at = 0, None, None
        return was_resting

    def note_failure(self, now: datetime) -> bool:
        """Note that a call failed. One that was under way when the rest began does not prolong it.

        True for the one that begins the first rest.
        """
        with self._lock:
            state = self._find_state(now)
            self._failures += 1
            is_enough = self._failures >= self._failures_to_open
            if state is BreakerState.HALF_OPEN or (state is BreakerState.CLOSED and is_enough):
                self._resting_from, self._tried_at = now, None
            return state is BreakerState.CLOSED and is_enough

    def find_state(self, now: datetime) -> BreakerState:
        """Tell the state at a moment."""
        with self._lock:
            return self._find_state(now)

    def _find_state(self, now: datetime) -> BreakerState:
        if self._resting_from is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._is_before(now, self._resting_from) else BreakerState.HALF_OPEN

    def _is_before(self, now: datetime, since: datetime) -> bool:
        """Tell whether a rest that began at `since` is not over; a clock set back must not make it last."""
        return abs(now - since) < self._rests_for
