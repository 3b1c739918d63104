"""Carrying one message to a receiver: signed with the key that signs our tokens, and to where it may go only."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from backend.clock import Clock, format_moment
from backend.gateways.http_calls import CallFailedError, call_service
from backend.gateways.message_signatures import SignableRequest, sign_message
from backend.gateways.public_addresses import is_public
from backend.gateways.token_keys import TokenKey
from backend.gateways.tokens import TokenIssuer
from backend.merchants.endpoints import PUBLIC
from backend.storage.database import Database

TAG = "shangding-webhook"
EVENT_ID_HEADER = "Shangding-Event-Id"
COVERED = ("content-type", EVENT_ID_HEADER.lower())
DEADLINE_SECONDS = 5.0
NOTICE = (
    "以查询结果为准：采取行动前请先查询该对象的现状；事件可能重复或者乱序到达，请按 event_id 去重。"
    " What a query says is the truth: ask for the state of the object before you act. Events may come twice or out of"
    " order; event_id tells repeats."
)
_NONCE_BYTES = 18
_SUCCESS = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What carrying messages needs from outside itself. `draw` gives a random number from 0 to 1, which is excluded."""

    database: Database
    clock: Clock
    tokens: TokenIssuer = field(repr=False)
    targets: str
    draw: Callable[[], float] = field(repr=False)
    deadline_seconds: float = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one receiver is told: an event about one object of one merchant, which names no person."""

    url: str
    event_id: UUID
    event: str
    merchant: str
    about: UUID
    data: dict[str, Any]
    occurred_at: datetime


class Outcome(NamedTuple):
    """How a message was received: the status of the answer, or what stood in the way of one."""

    status: int | None
    fault: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the message."""
        return self.status in _SUCCESS


def carry(
    courier: Courier, message: Message, *, signer: TokenKey | None = None, made_at: datetime | None = None
) -> Outcome:
    """Sign and send a message once; a redirect is not followed, and 2xx within five seconds is a success.

    Probes sign with another key, or as of another moment, than the honest ones. Raises KeySetError when no key of ours
    signs any more.
    """
    # Compared with the clock of the receiver: a moved clock of the sandbox would make every signature stale.
    now = courier.clock.machine_now()
    body = write_body(message)
    request = SignableRequest(
        method="POST",
        url=message.url,
        headers={"Content-Type": "application/json", EVENT_ID_HEADER: str(message.event_id)},
        body=body,
    )
    headers = sign_message(
        request,
        signer=signer or courier.tokens.find_signer(now),
        tag=TAG,
        nonce=secrets.token_urlsafe(_NONCE_BYTES),
        covered=COVERED,
        now=made_at or now,
    )
    try:
        answer = call_service(
            message.url,
            method="POST",
            body=body,
            headers=headers,
            deadline_seconds=courier.deadline_seconds,
            reads_content=False,
            admits=is_public if courier.targets == PUBLIC else None,
        )
    except CallFailedError as failed:
        return Outcome(None, failed.fault.value)
    return Outcome(answer.status)


def write_body(message: Message) -> bytes:
    """Write what the receiver reads (JSON in UTF-8)."""
    document = {
        "event_id": str(message.event_id),
        "event": message.event,
        "merchant": message.merchant,
        "about": str(message.about),
        "occurred_at": format_moment(message.occurred_at),
        "data": message.data,
        "notice": NOTICE,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
