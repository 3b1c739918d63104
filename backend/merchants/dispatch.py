"""The worker's part of webhooks: what is due is carried by a few threads, and nobody's slowness is everybody's.

An endpoint has at most four messages under way. One that failed last, or took longer than a second, has one, and all
such endpoints together have half of the threads: the others never wait for them.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.merchants.courier import Courier, carry
from backend.merchants.deliveries import Held, settle_delivery, take_deliveries
from backend.merchants.probes import HeldProbe, probe_receiver, settle_probe, take_probe
from backend.merchants.webhook_tables import give_up_withheld, list_endpoints_to_probe, list_endpoints_with_mail
from backend.storage.database import StorageUnavailableError
from backend.web.faults import describe_fault

THREADS = 16
MOST_UNDER_WAY = 4
LISTED_AT_ONCE = 200  # endpoints with mail; the next ones are looked at next, so that nobody is behind others for ever
SLOW_SECONDS = 1.0
IDLE_SECONDS = 1.0
SWEPT_EVERY = timedelta(minutes=1)
log = structlog.get_logger("shangding.webhooks")


class Dispatcher:
    """Takes what is due, endpoint by endpoint, and has it carried; each settles in a transaction of its own."""

    def __init__(self, courier: Courier, *, threads: int = THREADS, listed: int = LISTED_AT_ONCE) -> None:
        self._courier = courier
        self._threads = threads
        self._listed = listed
        self._looked_at: UUID | None = None
        self._lock = Lock()
        self._under_way: Counter[UUID] = Counter()
        self._slow: set[UUID] = set()
        self._probing = 0
        self._swept_at: datetime | None = None

    def run(self, stopped: Event) -> None:
        """Dispatch until told to stop; what is under way is finished. A database that is away is waited for."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="webhook") as pool:
            running: set[Future[None]] = set()
            while not stopped.is_set():
                begun = self._begin_what_is_due(pool)
                running |= begun
                if running and (not begun or len(running) >= self._threads):
                    _, running = wait(running, timeout=IDLE_SECONDS, return_when=FIRST_COMPLETED)
                elif not begun:
                    stopped.wait(IDLE_SECONDS)

    def run_until_idle(self) -> None:
        """Dispatch until nothing is due and nothing under way."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="webhook") as pool:
            running: set[Future[None]] = set()
            while True:
                running |= self._begin_what_is_due(pool)
                if not running:
                    return
                _, running = wait(running, return_when=FIRST_COMPLETED)

    def _begin_what_is_due(self, pool: ThreadPoolExecutor) -> set[Future[None]]:
        try:
            probes, deliveries = self._take()
        except StorageUnavailableError:
            log.warning("database_away")
            return set()
        except Exception as fault:  # noqa: BLE001 - the loop must outlive whatever happens in one round
            log.error("dispatch_failed", **describe_fault(fault))  # noqa: TRY400 - no stack
            return set()
        return {
            *(pool.submit(self._do, each.endpoint_id, partial(self._probe, each)) for each in probes),
            *(pool.submit(self._do, each.endpoint_id, partial(self._deliver, each)) for each in deliveries),
        }

    def _take(self) -> tuple[list[HeldProbe], list[Held]]:
        """Lease what is due as far as there are threads for it, and count it as under way."""
        courier = self._courier
        now = courier.clock.now()
        with courier.database.reading() as session:
            to_probe = list_endpoints_to_probe(session, now, limit=self._threads)
            with_mail = self._list_next_with_mail(session, now)
        is_sweep = self._swept_at is None or abs(now - self._swept_at) >= SWEPT_EVERY
        if not (to_probe or with_mail or is_sweep):
            return [], []
        with self._lock:
            free = self._threads - self._under_way.total()
            probing = to_probe[: max(0, min(free, self._threads // 4 - self._probing))]
            taken = self._under_way + Counter(probing)
            sending = share_out(with_mail, taken, self._slow, threads=self._threads, most=MOST_UNDER_WAY)
        with courier.database.transaction() as session:
            if is_sweep:
                give_up_withheld(session, now)
            probes = [held for each in probing if (held := take_probe(session, each, now=now)) is not None]
            deliveries = [
                held for each, most in sending.items() for held in take_deliveries(session, each, limit=most, now=now)
            ]
        self._swept_at = now if is_sweep else self._swept_at
        with self._lock:
            self._probing += len(probes)
            self._under_way.update(each.endpoint_id for each in probes)
            self._under_way.update(each.endpoint_id for each in deliveries)
        return probes, deliveries

    def _list_next_with_mail(self, session: Session, now: datetime) -> list[UUID]:
        """List the next endpoints that something is due for, anew behind the last one; who waits longest comes first.

        Where there are no more than are listed at once it is all of them, each time.
        """
        last, limit = self._looked_at, self._listed
        found = list_endpoints_with_mail(session, now, after=last, limit=limit)
        if last is not None and len(found) < limit:
            found += list_endpoints_with_mail(session, now, until=last, limit=limit - len(found))
        self._looked_at = found[-1][0] if len(found) == limit else None
        return [endpoint_id for endpoint_id, _ in sorted(found, key=lambda each: each[1])]

    def _do(self, endpoint_id: UUID, act: partial[bool]) -> None:
        """Do one thing for an endpoint, and learn how it is; our own faults are tried when the lease is over."""
        begun_at, is_well = monotonic(), False
        try:
            is_well = act()
        except StorageUnavailableError:
            log.warning("database_away")
        except Exception as fault:  # noqa: BLE001 - one delivery that fails must not take the others down
            log.error("delivery_failed", endpoint_id=str(endpoint_id), **describe_fault(fault))  # noqa: TRY400 - no stack
        finally:
            with self._lock:
                self._under_way[endpoint_id] -= 1
                if is_well and monotonic() - begun_at < SLOW_SECONDS:
                    self._slow.discard(endpoint_id)
                else:
                    self._slow.add(endpoint_id)

    def _deliver(self, held: Held) -> bool:
        courier = self._courier
        outcome = carry(courier, held.message)
        with courier.database.transaction() as session:
            settle_delivery(session, held, outcome, now=courier.clock.now(), draw=courier.draw())
        return outcome.is_success

    def _probe(self, held: HeldProbe) -> bool:
        courier = self._courier
        try:
            outcomes = probe_receiver(courier, held)
        finally:
            with self._lock:
                self._probing -= 1
        with courier.database.transaction() as session:
            verdict = settle_probe(session, held, outcomes, now=courier.clock.now(), draw=courier.draw())
        log.info("receiver_probed", endpoint_id=str(held.endpoint_id), verdict=verdict)
        return all(outcome.status is not None for outcome in outcomes.values())


def share_out(
    due: Sequence[UUID], under_way: Mapping[UUID, int], slow: Collection[UUID], *, threads: int, most: int
) -> dict[UUID, int]:
    """Share the free threads out among the endpoints that something is due for: how many each gets, at least one.

    One in turn, those first that have least under way; no endpoint has more than `most` under way, a slow one no more
    than one, and all slow ones together no more than half of the threads.
    """
    given: Counter[UUID] = Counter()
    free = threads - sum(under_way.values())
    free_for_slow = threads // 2 - sum(number for each, number in under_way.items() if each in slow)
    for turn in range(most):
        for each in sorted(due, key=lambda endpoint_id: under_way.get(endpoint_id, 0)):
            is_slow = each in slow
            limit = 1 if is_slow else most
            if free <= 0 or (is_slow and free_for_slow <= 0) or under_way.get(each, 0) + given[each] >= limit:
                continue
            if given[each] > turn:
                continue
            given[each] += 1
            free -= 1
            free_for_slow -= is_slow
    return {each: number for each, number in given.items() if number}
