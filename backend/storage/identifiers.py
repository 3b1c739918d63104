"""Identifiers that sort by the moment they were made: UUID version 7 (RFC 9562, section 5.7)."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_RANDOM_BITS = 74
_STEP_BYTES = 4
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


class IdentifierSource:
    """Makes version 7 UUIDs, each greater than the one before, also within a millisecond.

    The 74 random bits are a counter with random start and random steps (RFC 9562, section 6.2, method 2). A
    clock that goes back does not take the identifiers with it: they go on from the greatest moment seen.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last_tick = 0

    def next(self, now: datetime) -> UUID:
        """Make the identifier for `now` (aware); a naive moment is a TypeError."""
        tick = ((now - _EPOCH) // _MILLISECOND) << _RANDOM_BITS
        with self._lock:
            if tick >> _RANDOM_BITS > self._last_tick >> _RANDOM_BITS:
                self._last_tick = tick | secrets.randbits(_RANDOM_BITS)
            else:
                # A full counter runs over into the next millisecond, which keeps the order.
                self._last_tick += 1 + int.from_bytes(os.urandom(_STEP_BYTES))
            return _to_uuid(self._last_tick)


def _to_uuid(tick: int) -> UUID:
    moment, random = tick >> _RANDOM_BITS, tick & ((1 << _RANDOM_BITS) - 1)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=moment << 80 | _VERSION | high << 64 | _VARIANT | low)


_SOURCE = IdentifierSource()


def new_id(now: datetime) -> UUID:
    """Make an identifier for `now` (aware), greater than all that this process made before."""
    return _SOURCE.next(now)
