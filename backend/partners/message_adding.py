"""Messages and nonces as they are added: told to the driver as compiled statements, several in one where possible."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.partners.message_tables import MessageRow, SeenNonceRow
from backend.storage.chains import Chain, Link, table_of
from backend.storage.inserts import Insert


def _once(insert: Insert) -> Insert:
    return insert.on_conflict_do_nothing()


_NONCE = {"partner": "partner", "nonce": "nonce", "expires_at": "expires_at"}
_MESSAGE = {column.name: f"message_{column.name}" for column in table_of(MessageRow).c}
_USE_NONCE = Chain([Link(SeenNonceRow, _NONCE, _once)])
_ADD_MESSAGE = Chain([Link(MessageRow, _MESSAGE)])
_TAKE_MESSAGE = Chain([Link(SeenNonceRow, _NONCE, _once), Link(MessageRow, _MESSAGE)])


def add_nonce(session: Session, partner: str, nonce: str, *, expires_at: datetime) -> bool:
    """Add a nonce; False when it is there. Of two at once the second waits for the first."""
    return _USE_NONCE.run(session, {"partner": partner, "nonce": nonce, "expires_at": expires_at}) == 1


def add_message(session: Session, message: Mapping[str, Any]) -> None:
    """Add a message, given by column."""
    _ADD_MESSAGE.run(session, _name(message))


def add_nonce_and_message(session: Session, nonce: str, message: Mapping[str, Any], *, expires_at: datetime) -> bool:
    """Add a message of a partner with its nonce; False, and nothing is added, when the nonce is there."""
    values = {"partner": message["partner"], "nonce": nonce, "expires_at": expires_at}
    return _TAKE_MESSAGE.run(session, {**values, **_name(message)}) == _TAKE_MESSAGE.length


def await_turn(session: Session, partner: str, notice_id: UUID) -> None:
    """Wait until no other transaction takes this notice of a partner; on SQLite whoever writes is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        # Notices that share a hash only wait for each other.
        digest = blake2b(f"{partner}\0{notice_id}".encode(), digest_size=8, person=b"taken_notice").digest()
        session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest, signed=True))))


def _name(message: Mapping[str, Any]) -> dict[str, Any]:
    return {f"message_{name}": value for name, value in message.items()}
