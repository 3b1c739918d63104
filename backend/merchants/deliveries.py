"""Deliveries of events: leased, settled by what the receiver answered, tried again for three days, listed, replayed.

Whoever dies between sending and settling leaves a lease that runs out, and the event is sent again: a receiver tells
repeats by `event_id`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from backend.merchants.courier import Message, Outcome
from backend.merchants.events import TRIED_FOR
from backend.merchants.webhook_tables import (
    DeliveryRow,
    DeliveryState,
    EndpointRow,
    change_leased,
    list_delivery_rows,
    take_due_rows,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

LEASED_FOR = timedelta(seconds=60)
PAUSED_AFTER = timedelta(days=3)
MOST_REPLAYED = 1000
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WAITS = (
    *(15 * SECOND, 30 * SECOND),
    *(MINUTE, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE),
    HOUR,
)
LAST_WAIT = 3 * HOUR
JITTER = 0.1


class Held(NamedTuple):
    """A delivery that a worker holds: what to send, and the lease that proves the hold."""

    endpoint_id: UUID
    message: Message
    attempts: int
    until_at: datetime
    lease: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event on its way to an endpoint, or at its end there, as its merchant sees it."""

    endpoint_id: UUID
    event_id: UUID
    event: str
    about: UUID
    data: Mapping[str, Any]
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    attempted_at: datetime | None
    status: int | None
    fault: str | None


class Replayed(NamedTuple):
    """How many deliveries were set going again, and whether there are more of the kind."""

    replayed: int
    has_more: bool


def take_deliveries(session: Session, endpoint_id: UUID, *, limit: int, now: datetime) -> list[Held]:
    """Lease at most `limit` deliveries of an endpoint that are due, for a minute; this counts as an attempt."""
    url = session.scalars(select(EndpointRow.url).where(EndpointRow.endpoint_id == endpoint_id)).one()
    return list(_lease(session, take_due_rows(session, endpoint_id, limit=limit, now=now), url, now))


def _lease(session: Session, rows: Sequence[DeliveryRow], url: str, now: datetime) -> Iterator[Held]:
    for row in rows:
        lease = new_id(now)
        row.attempts, row.due_at, row.lease, row.attempted_at = row.attempts + 1, now + LEASED_FOR, lease, now
        yield Held(row.endpoint_id, _make_message(row, url), row.attempts, row.until_at, lease)
    session.flush()


def settle_delivery(session: Session, held: Held, outcome: Outcome, *, now: datetime, draw: float) -> bool:
    """Note how a delivery went: done, to be tried again, or given up; False when it is no longer held by this lease.

    An endpoint at which nothing has succeeded for three days is paused. `draw` (0 to 1) spreads the next attempt.
    """
    next_at = now + find_wait(held.attempts, draw)
    if outcome.is_success:
        values: dict[str, object] = {"state": DeliveryState.DELIVERED, "due_at": None}
    elif next_at > held.until_at:
        values = {"state": DeliveryState.GIVEN_UP, "due_at": None}
    else:
        values = {"due_at": next_at}
    # The endpoint before its delivery, as whoever ends an endpoint takes them.
    _note_health(session, held.endpoint_id, is_well=outcome.is_success, now=now)
    values |= {"status": outcome.status, "fault": outcome.fault}
    return change_leased(session, held.endpoint_id, held.message.event_id, held.lease, **values)


def find_wait(attempts: int, draw: float) -> timedelta:
    """Find how long to wait after so many attempts: 15 seconds, half a minute ... an hour, then three; up to 10 % more.

    `draw` is a random number from 0 to 1, so that what failed together does not come back together.
    """
    wait = WAITS[attempts - 1] if attempts <= len(WAITS) else LAST_WAIT
    return wait * (1 + JITTER * draw)


def show_deliveries(
    session: Session,
    merchant: str,
    *,
    endpoint_id: UUID | None = None,
    state: DeliveryState | None = None,
    before: tuple[UUID, UUID] | None = None,
    limit: int,
) -> list[Delivery]:
    """Show at most `limit` deliveries of a merchant, the newest event first; `before` as in `list_delivery_rows`."""
    rows = list_delivery_rows(session, merchant, endpoint_id=endpoint_id, state=state, before=before, limit=limit)
    return [_show(row) for row in rows]


def replay_event(session: Session, merchant: str, event_id: UUID, *, now: datetime) -> Replayed | Refusal:
    """Send one event again to the endpoints that had it and have not ended. Refusal: `event_not_found`.

    What waits anyway is sent at once, in its turn, and is not counted.
    """
    mine = (DeliveryRow.merchant == merchant, DeliveryRow.event_id == event_id)
    if session.scalars(select(DeliveryRow.event_id).where(*mine)).first() is None:
        return Refusal(ProblemCode.EVENT_NOT_FOUND)
    again = (DeliveryRow.event_id == event_id, DeliveryRow.state.in_([DeliveryState.DELIVERED, DeliveryState.GIVEN_UP]))
    return Replayed(_replay(session, merchant, *again, now=now), has_more=False)


def replay_given_up(session: Session, merchant: str, *, since: datetime, now: datetime) -> Replayed:
    """Send again what was given up of events since a moment, the oldest first; at most a thousand at once."""
    given_up = (DeliveryRow.state == DeliveryState.GIVEN_UP, DeliveryRow.occurred_at >= since)
    oldest = (
        select(DeliveryRow.event_id)
        .where(DeliveryRow.merchant == merchant, *given_up, _is_live(merchant))
        .order_by(DeliveryRow.event_id)
        .limit(MOST_REPLAYED + 1)
    )
    found = session.scalars(oldest).all()
    if not found:
        return Replayed(0, has_more=False)
    last = found[:MOST_REPLAYED][-1]
    replayed = _replay(session, merchant, *given_up, DeliveryRow.event_id <= last, now=now)
    return Replayed(replayed, has_more=len(found) > MOST_REPLAYED and found[-1] != last)


def _replay(session: Session, merchant: str, *which: ColumnElement[bool], now: datetime) -> int:
    again = (
        update(DeliveryRow)
        .where(DeliveryRow.merchant == merchant, *which, _is_live(merchant))
        .values(state=DeliveryState.WAITING, attempts=0, due_at=now, until_at=now + TRIED_FOR)
        .returning(DeliveryRow.event_id)
    )
    return len(session.scalars(again, execution_options={"synchronize_session": False}).all())


def _is_live(merchant: str) -> ColumnElement[bool]:
    live = select(EndpointRow.endpoint_id).where(EndpointRow.merchant == merchant, EndpointRow.ended_at.is_(None))
    return DeliveryRow.endpoint_id.in_(live)


def _note_health(session: Session, endpoint_id: UUID, *, is_well: bool, now: datetime) -> None:
    """Keep since when an endpoint fails, in statements that change nothing as long as nothing changes."""
    mine = update(EndpointRow).where(EndpointRow.endpoint_id == endpoint_id, EndpointRow.paused_at.is_(None))
    if is_well:
        session.execute(mine.where(EndpointRow.failing_since.is_not(None)).values(failing_since=None))
        return
    session.execute(mine.where(EndpointRow.failing_since.is_(None)).values(failing_since=now))
    session.execute(mine.where(EndpointRow.failing_since <= now - PAUSED_AFTER).values(paused_at=now))


def _make_message(row: DeliveryRow, url: str) -> Message:
    return Message(
        url=url,
        event_id=row.event_id,
        event=row.event,
        merchant=row.merchant,
        about=row.about,
        data=row.payload,
        occurred_at=row.occurred_at,
    )


def _show(row: DeliveryRow) -> Delivery:
    return Delivery(
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        event=row.event,
        about=row.about,
        data=row.payload,
        occurred_at=row.occurred_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=row.due_at,
        attempted_at=row.attempted_at,
        status=row.status,
        fault=row.fault,
    )
