"""Webhooks of merchants: where we send events, and each event on its way to each of those places.

A delivery is the outbox row of its event: it is written in the transaction of the cause, one for each endpoint.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    delete,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row

LOGGED_FOR = timedelta(days=30)


class Verdict(StrEnum):
    """What the probes have found out about a receiver."""

    UNPROBED = "unprobed"
    VERIFIES = "verifies"
    DOES_NOT_VERIFY = "does_not_verify"
    DOES_NOT_ANSWER = "does_not_answer"


class DeliveryState(StrEnum):
    """How far a delivery is: `ended` with its endpoint, `given_up` when its time was over."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    ENDED = "ended"


class EndpointRow(Row):
    """An address of a merchant, and the kinds of events that go there (`events`, words in order).

    `verdict` is what the last probe found out about the receiver; `passed_at` when it passed one last, without which
    no event goes there. `failing_since` is the first of the failures that no success has followed.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("verdict IN ('unprobed', 'verifies', 'does_not_verify', 'does_not_answer')", name="verdict"),
        CheckConstraint("verdict <> 'verifies' OR passed_at IS NOT NULL", name="passed"),
        CheckConstraint("paused_at IS NULL OR failing_since IS NOT NULL", name="paused"),
        Index(None, "merchant"),
    )

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"))
    url: Mapped[str]
    events: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    verdict: Mapped[str]
    # What it answered to each probe of the last round: a status, or the name of a fault.
    answers: Mapped[dict[str, Any] | None]
    probed_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]
    # NULL once it has ended; while a worker probes, the end of its lease.
    probe_due_at: Mapped[datetime | None]
    probe_lease: Mapped[UUID | None]
    failing_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]


class DeliveryRow(Row):
    """One event for one endpoint. While a worker sends it, `due_at` is the end of its lease.

    After `until_at` it is tried no more. What lies in `payload` names no person.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up', 'ended')", name="state"),
        CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("state = 'waiting' OR lease IS NULL", name="lease"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(None, "merchant", "event_id"),
        Index(None, "occurred_at"),
    )

    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.endpoint_id"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str]
    event: Mapped[str]
    about: Mapped[UUID]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    until_at: Mapped[datetime]
    lease: Mapped[UUID | None]
    attempted_at: Mapped[datetime | None]
    status: Mapped[int | None]
    fault: Mapped[str | None]


def is_open() -> ColumnElement[bool]:
    """Tell of endpoints to which events go: not ended, not paused, and proven once to verify what they get."""
    return and_(EndpointRow.ended_at.is_(None), EndpointRow.paused_at.is_(None), EndpointRow.passed_at.is_not(None))


def list_live_endpoints(session: Session, merchant: str) -> Sequence[EndpointRow]:
    """List the endpoints of a merchant that have not ended, the oldest first."""
    live = select(EndpointRow).where(EndpointRow.merchant == merchant, EndpointRow.ended_at.is_(None))
    return session.scalars(live.order_by(EndpointRow.endpoint_id)).all()


def lock_live_endpoint(session: Session, endpoint_id: UUID, merchant: str) -> EndpointRow | None:
    """Find an endpoint of a merchant that has not ended, and hold it."""
    return session.scalars(
        select(EndpointRow)
        .where(EndpointRow.endpoint_id == endpoint_id, EndpointRow.merchant == merchant, EndpointRow.ended_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def list_endpoints_with_mail(
    session: Session, now: datetime, *, after: UUID | None = None, until: UUID | None = None, limit: int
) -> list[tuple[UUID, datetime]]:
    """List at most `limit` endpoints that something is due for, and since when, in order of their ids.

    Only those behind one, and up to another, if given.
    """
    oldest = (
        select(DeliveryRow.due_at)
        .where(
            DeliveryRow.endpoint_id == EndpointRow.endpoint_id,
            DeliveryRow.state == "waiting",
            DeliveryRow.due_at <= now,
        )
        .order_by(DeliveryRow.due_at)
        .limit(1)
        .scalar_subquery()
    )
    wanted = select(EndpointRow.endpoint_id, oldest).where(is_open(), oldest.is_not(None))
    wanted = wanted if after is None else wanted.where(EndpointRow.endpoint_id > after)
    wanted = wanted if until is None else wanted.where(EndpointRow.endpoint_id <= until)
    rows = session.execute(wanted.order_by(EndpointRow.endpoint_id).limit(limit))
    return [(row[0], row[1] or now) for row in rows]


def list_endpoints_to_probe(session: Session, now: datetime, *, limit: int) -> Sequence[UUID]:
    """List at most `limit` endpoints whose probe is due, the longest due first; one that is probed is due no more."""
    due = select(EndpointRow.endpoint_id).where(EndpointRow.ended_at.is_(None), EndpointRow.probe_due_at <= now)
    return session.scalars(due.order_by(EndpointRow.probe_due_at).limit(limit)).all()


def take_due_rows(session: Session, endpoint_id: UUID, *, limit: int, now: datetime) -> Sequence[DeliveryRow]:
    """Hold at most `limit` deliveries of an endpoint that are due, the longest due first; not those others hold."""
    due = (
        select(DeliveryRow)
        .where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == "waiting", DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.due_at, DeliveryRow.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(due).all()


def change_leased(session: Session, endpoint_id: UUID, event_id: UUID, lease: UUID, **values: object) -> bool:
    """Change a delivery that is still under this lease; False when another has it, or it waits no more."""
    mine = (DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.event_id == event_id, DeliveryRow.lease == lease)
    changed = update(DeliveryRow).where(*mine).values(lease=None, **values).returning(DeliveryRow.event_id)
    return session.scalars(changed).one_or_none() is not None


def end_waiting(session: Session, endpoint_id: UUID) -> None:
    """End what still waits for an endpoint."""
    waiting = (DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == "waiting")
    session.execute(update(DeliveryRow).where(*waiting).values(state="ended", due_at=None, lease=None))


def give_up_withheld(session: Session, now: datetime) -> int:
    """Give up what has waited for its time to be over at endpoints that events do not go to; gives how many."""
    closed = select(EndpointRow.endpoint_id).where(EndpointRow.ended_at.is_(None), ~is_open())
    over = (
        DeliveryRow.endpoint_id.in_(closed),
        DeliveryRow.state == "waiting",
        DeliveryRow.due_at <= now,
        DeliveryRow.until_at <= now,
    )
    given_up = update(DeliveryRow).where(*over).values(state="given_up", due_at=None, lease=None, fault="withheld")
    return len(session.scalars(given_up.returning(DeliveryRow.event_id)).all())


def list_delivery_rows(
    session: Session,
    merchant: str,
    *,
    endpoint_id: UUID | None = None,
    state: str | None = None,
    before: tuple[UUID, UUID] | None = None,
    limit: int,
) -> Sequence[DeliveryRow]:
    """List deliveries of a merchant, the newest event first; `before` is event and endpoint of the last one seen."""
    order = (DeliveryRow.event_id, DeliveryRow.endpoint_id)
    wanted = select(DeliveryRow).where(DeliveryRow.merchant == merchant)
    if endpoint_id is not None:
        wanted = wanted.where(DeliveryRow.endpoint_id == endpoint_id)
    if state is not None:
        wanted = wanted.where(DeliveryRow.state == state)
    if before is not None:
        event_id, last = before
        wanted = wanted.where(or_(order[0] < event_id, and_(order[0] == event_id, order[1] < last)))
    return session.scalars(wanted.order_by(*(column.desc() for column in order)).limit(limit)).all()


def purge_deliveries(session: Session, now: datetime, *, limit: int) -> int:
    """Forget deliveries of events that are 30 days old, at most `limit` at once; gives how many."""
    keys = (DeliveryRow.endpoint_id, DeliveryRow.event_id)
    old = select(*keys).where(DeliveryRow.occurred_at <= now - LOGGED_FOR, DeliveryRow.state != "waiting").limit(limit)
    gone = delete(DeliveryRow).where(tuple_(*keys).in_(old)).returning(DeliveryRow.event_id)
    return len(session.scalars(gone).all())
