"""Counting over a window that slides: the arithmetic, and counters in the memory of this process.

Time is cut into windows of equal length. What counts now is the running window, and of the one before it the share
that a window ending now still covers: a caller who used all of a window at its end has not all of the next one.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock

_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"([1-9][0-9]{0,6})/(?:([1-9][0-9]{0,3}) )?(second|minute|hour|day)s?", re.ASCII)
_SWEEP_AFTER = 4096


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` in `window_s` seconds."""

    amount: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted under a key: in the running window, in the one before, and how long the running one runs."""

    current: int
    previous: int
    elapsed_s: float

    def weigh(self, rate: Rate) -> float:
        """Weigh what counts now."""
        return self.previous * max(0.0, 1 - self.elapsed_s / rate.window_s) + self.current

    def allows(self, rate: Rate) -> bool:
        """Tell whether one more fits."""
        return self.weigh(rate) + 1 <= rate.amount

    def count_remaining(self, rate: Rate) -> int:
        """Count how many fit now."""
        return max(0, math.floor(rate.amount - self.weigh(rate)))

    def find_wait_s(self, rate: Rate) -> int:
        """Find the seconds, rounded up and at least one, until one more fits than now if nothing else comes.

        It is less than two windows: what was counted at the end of one counts through the next.
        """
        goal = rate.amount - self.count_remaining(rate) - 1
        if goal < 0:  # all are free
            return 1
        if self.current <= goal:
            wait_s = (
                rate.window_s * (1 - (goal - self.current) / self.previous) - self.elapsed_s if self.previous else 0
            )
        else:
            wait_s = rate.window_s - self.elapsed_s + rate.window_s * (1 - goal / self.current)
        return max(1, math.ceil(wait_s))


@cache
def read_rate(text: str) -> Rate:
    """Read `120/minute` or `10/15 minutes`; raises ValueError."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no rate; write 120/minute or 10/15 minutes")
    return Rate(int(match[1]), int(match[2] or 1) * _UNITS_S[match[3]])


class LocalCounters:
    """Counters of this process; what two windows have passed over is forgotten."""

    def __init__(self) -> None:
        self._counted: dict[str, tuple[int, int, int, int]] = {}
        self._lock = Lock()
        self._asked = 0

    def look(self, key: str, rate: Rate, now: datetime) -> Tally:
        """See what is counted under `key`."""
        moment = now.timestamp()
        return self._read(key, rate, moment)

    def count(self, key: str, rate: Rate, now: datetime) -> tuple[bool, Tally]:
        """Count one more if it fits; tells whether it did, and what is counted then."""
        moment = now.timestamp()
        with self._lock:
            self._sweep(moment)
            tally = self._read(key, rate, moment)
            if not tally.allows(rate):
                return False, tally
            window = int(moment // rate.window_s)
            self._counted[key] = (window, rate.window_s, tally.current + 1, tally.previous)
        return True, Tally(tally.current + 1, tally.previous, tally.elapsed_s)

    def _read(self, key: str, rate: Rate, moment: float) -> Tally:
        window, elapsed_s = int(moment // rate.window_s), moment % rate.window_s
        counted_in, _, current, previous = self._counted.get(key, (window, 0, 0, 0))
        # A clock that was set back finds a window to come: nobody is let off for that.
        if counted_in >= window:
            return Tally(current, previous, elapsed_s)
        return Tally(0, current if counted_in == window - 1 else 0, elapsed_s)

    def _sweep(self, moment: float) -> None:
        self._asked += 1
        if self._asked % _SWEEP_AFTER == 0:
            kept = self._counted.items()
            self._counted = {key: each for key, each in kept if (each[0] + 2) * each[1] > moment}
