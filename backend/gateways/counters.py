"""Where calls are counted for all processes together: Redis, which may be lost, slow or emptied at any time.

Nobody who asks waits for more than one round trip, and never longer than the patience he gives. Connections are made
by a thread in the background, which alone waits for names, handshakes and a Redis that is away; whoever asks takes one
that is ready. The first fault opens the breaker for the whole process: Redis is not asked again until the background
thread has had an answer from it.
"""

import time
from dataclasses import dataclass, field
from hashlib import sha1
from threading import Condition, Thread

import structlog
from redis import ConnectionPool, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.gateways.windows import Rate, Tally

PATIENCE_S = 0.2
CONNECT_S = 0.5
TRY_AGAIN_AFTER_S = 1.0
MOST_CONNECTIONS = 32
_PREFIX = "shangding:count:"
_SCRIPT = """
local amount, window, hit = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local running = math.floor(now / window)
local elapsed = now - running * window
local kept = redis.call('HMGET', KEYS[1], 'w', 'c', 'p')
local counted_in, current, previous = tonumber(kept[1] or running), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
if counted_in < running then
  previous = (counted_in == running - 1) and current or 0
  current = 0
end
local allowed = (previous * (1 - elapsed / window) + current + 1 <= amount) and 1 or 0
if hit and allowed == 1 then
  current = current + 1
  redis.call('HSET', KEYS[1], 'w', running, 'c', current, 'p', previous)
  redis.call('PEXPIRE', KEYS[1], math.ceil((2 * window - elapsed) * 1000))
end
return {allowed, current, previous, math.floor(elapsed * 1000)}
"""
_DIGEST = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

log = structlog.get_logger("shangding.counters")


@dataclass(frozen=True, slots=True)
class CounterStorage:
    """Where to count: the Redis at `url`, or this process alone."""

    url: str | None = field(repr=False)


def choose_counter_storage(redis_url: str | None) -> CounterStorage:
    """Choose where to count: the Redis at `redis_url` (redis, rediss or unix), or memory when there is none."""
    return CounterStorage(redis_url)


class SharedCounters:
    """Counters in a Redis. `round_trips` and `openings` (of the breaker) tell what was asked of it, and went wrong."""

    def __init__(self, url: str) -> None:
        self._pool: ConnectionPool = ConnectionPool.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=CONNECT_S, socket_connect_timeout=CONNECT_S
        )
        self._changed = Condition()
        self._ready: list[_Line] = []
        self._made, self._wanted, self._away = 0, 0, False
        self._keeper: Thread | None = None
        self.round_trips = self.openings = 0

    def ask(self, key: str, rate: Rate, *, hit: bool, patience_s: float = PATIENCE_S) -> tuple[bool, Tally] | None:
        """Count one under `key` if it fits, or with `hit` False see whether it would; None when Redis is away.

        Returns after at most `patience_s` seconds, whatever Redis does.
        """
        until = time.monotonic() + patience_s
        line = self._take(until)
        if line is None:
            return None
        question = ("EVALSHA", _DIGEST, 1, f"{_PREFIX}{{{key}}}", rate.amount, rate.window_s, int(hit))
        try:
            answer = line.ask(*question, patience_s=max(until - time.monotonic(), 0.001))
            allowed, current, previous, elapsed_ms = (int(number) for number in answer)
        except (RedisError, OSError, ValueError) as fault:
            self._lose(line, fault)
            return None
        self._give_back(line)
        return bool(allowed), Tally(current, previous, elapsed_ms / 1000)

    def _take(self, until: float) -> "_Line | None":
        with self._changed:
            if self._away:
                return None
            if not self._ready:
                self._want_one()
                self._changed.wait_for(lambda: self._ready or self._away, max(until - time.monotonic(), 0))
            return self._take_ready()

    def _take_ready(self) -> "_Line | None":
        if self._away:
            return None
        if self._ready:
            self.round_trips += 1
            return self._ready.pop()
        if self._made < MOST_CONNECTIONS:  # or all are in use; here the keeper waits, for a name or a handshake
            self._break("slow to connect")
        return None

    def _want_one(self) -> None:
        if self._made + self._wanted < MOST_CONNECTIONS:
            self._wanted += 1
        if self._keeper is None:
            self._keeper = Thread(target=self._keep, name="counters", daemon=True)
            self._keeper.start()
        self._changed.notify_all()

    def _give_back(self, line: "_Line") -> None:
        with self._changed:
            if not self._away:
                self._ready.append(line)
                self._changed.notify_all()
                return
            self._made -= 1
        line.close()

    def _lose(self, line: "_Line", fault: Exception) -> None:
        with self._changed:
            self._made -= 1
            self._break(type(fault).__name__)
        line.close()

    def _break(self, reason: str) -> None:
        """Open the breaker, unless it is; the lock is held. The keeper closes it when Redis has answered."""
        self._wanted = max(self._wanted, 1)
        self._changed.notify_all()
        if not self._away:
            self._away = True
            self.openings += 1
            log.warning("counters_away", reason=reason)

    def _keep(self) -> None:
        """Make connections when they are wanted, for as long as the process lives."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted > 0)
                stale, self._ready = (self._ready, []) if self._away else ([], self._ready)
                self._made -= len(stale)
            for line in stale:
                line.close()
            try:
                line = _Line(self._pool)
            except (RedisError, OSError) as fault:
                with self._changed:
                    self._break(type(fault).__name__)
                time.sleep(TRY_AGAIN_AFTER_S)
            else:
                self._welcome(line)

    def _welcome(self, line: "_Line") -> None:
        with self._changed:
            self._made += 1
            self._wanted -= 1
            self._ready.append(line)
            self._changed.notify_all()
            if self._away:
                self._away = False
                log.info("counters_back")


class _Line:
    """One connection, made and tried; for one thread at a time."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._connection = pool.connection_class(**pool.connection_kwargs)
        try:
            self._connection.connect()
            self.ask("SCRIPT", "LOAD", _SCRIPT, patience_s=CONNECT_S)
        except BaseException:
            self.close()
            raise

    def ask(self, *command: str | int, patience_s: float) -> list[int]:
        """Ask one thing in one round trip; raises RedisError or OSError, after which the line is of no use."""
        self._connection.send_command(*command, check_health=False)
        answer: list[int] = self._connection.read_response(timeout=patience_s)
        return answer

    def close(self) -> None:
        self._connection.disconnect()
