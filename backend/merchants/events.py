"""Events that merchants are told of: left in the transaction of their cause, sent by `shangding work`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, insert, literal, select
from sqlalchemy.orm import Session

from backend.merchants.webhook_tables import DeliveryRow, DeliveryState, EndpointRow
from backend.storage.identifiers import new_id
from backend.storage.types import Json, Moment

TRIED_FOR = timedelta(days=3)


_NEW = MappingProxyType(
    {
        "event_id": bindparam("new_event_id", type_=Uuid()),
        "event": bindparam("new_event", type_=Text()),
        "about": bindparam("new_about", type_=Uuid()),
        "payload": bindparam("new_payload", type_=Json()),
        "occurred_at": bindparam("happened_at", type_=Moment()),
        "state": literal(DeliveryState.WAITING.value),
        "attempts": literal(0),
        "due_at": bindparam("happened_at", type_=Moment()),
        "until_at": bindparam("last_at", type_=Moment()),
    }
)
# Made once: a verification leaves an event, and making the statement would cost more than anything else about it.
_LEAVE = insert(DeliveryRow).from_select(
    ["endpoint_id", "merchant", *_NEW],
    select(EndpointRow.endpoint_id, EndpointRow.merchant, *_NEW.values()).where(
        EndpointRow.merchant == bindparam("to_merchant"),
        EndpointRow.ended_at.is_(None),
        (" " + EndpointRow.events + " ").contains(bindparam("wanted", type_=Text())),
    ),
    include_defaults=False,
)


class EventKind(StrEnum):
    """What a merchant can be told of."""

    VERIFICATION_ANSWERED = "verification.answered"
    GRANT_RESERVED = "grant.reserved"
    GRANT_CANCELLED = "grant.cancelled"
    GRANT_EXPIRED = "grant.expired"
    GRANT_OVERDUE = "grant.overdue"
    GRANT_SETTLED = "grant.settled"
    COMPLAINT_OPENED = "complaint.opened"
    COMPLAINT_DECIDED = "complaint.decided"
    PROPOSAL_DECIDED = "proposal.decided"
    CONTRACT_ENDED = "contract.ended"
    MERCHANT_SUSPENDED = "merchant.suspended"


def leave_event(
    session: Session,
    *,
    merchant: str,
    event: EventKind,
    about: UUID,
    payload: Mapping[str, str | int | None],
    now: datetime,
) -> None:
    """Leave an event for the endpoints of a merchant that want its kind; it exists if this transaction commits.

    `about` is the id of what it tells of (a grant, a verification, a complaint ...), `payload` names no person. One
    statement, which adds nothing where there is no such endpoint.
    """
    values = {
        "to_merchant": merchant,
        "wanted": f" {event.value} ",
        "new_event_id": new_id(now),
        "new_event": event.value,
        "new_about": about,
        "new_payload": dict(payload),
        "happened_at": now,
        "last_at": now + TRIED_FOR,
    }
    session.connection().execute(_LEAVE, values)
