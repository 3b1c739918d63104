"""Answers that were given once and are given again, word for word, when the same call is repeated.

The row is written in the transaction of the effect: either both are there or neither. A repeat within 24
hours gets the kept answer; a repeat with another body is told so, and so is one that arrives while the first
still runs (draft-ietf-httpapi-idempotency-key-header: 422 and 409).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import Any, cast

from sqlalchemy import CursorResult, Index, delete, func, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row

KEPT_FOR = timedelta(hours=24)


class IdempotentAnswerRow(Row):
    """One answer, kept under who asked and the key that was sent along."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (Index(None, "created_at"),)

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it was sent: status, headers worth repeating, and the text of the body."""

    status: int
    body: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)


class KeyRefusal(Enum):
    """Why a key cannot be used for this call."""

    REUSED = "the key was used for a call with another content"
    RUNNING = "the first call with this key has not ended yet"


def find_answer(
    session: Session, *, principal: str, key: str, request_hash: bytes, now: datetime
) -> Answer | KeyRefusal | None:
    """Look for the answer to an earlier call with this key; None means: go on, it is the first.

    Must be the first thing a transaction does. On PostgreSQL a lock lasting as long as the transaction tells
    a second call that the first still runs; on SQLite the second waits for the write lock and then finds the
    answer. A row older than 24 hours is removed and counts as absent.
    """
    if not _take_key(session, principal, key):
        return KeyRefusal.RUNNING
    row = session.get(IdempotentAnswerRow, (principal, key))
    if row is None:
        return None
    if row.created_at <= now - KEPT_FOR:
        session.delete(row)
        session.flush()
        return None
    if row.request_hash != request_hash:
        return KeyRefusal.REUSED
    return Answer(status=row.status, body=row.body, headers=row.headers)


def keep_answer(
    session: Session, *, principal: str, key: str, request_hash: bytes, answer: Answer, now: datetime
) -> None:
    """Keep the answer in the transaction of its effect, after `find_answer` gave None in the same one."""
    session.add(
        IdempotentAnswerRow(
            principal=principal,
            key=key,
            request_hash=request_hash,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            created_at=now,
        )
    )
    session.flush()


def purge_answers(session: Session, now: datetime, *, limit: int) -> int:
    """Remove answers older than 24 hours, at most `limit` at once; gives how many were removed."""
    keys = (IdempotentAnswerRow.principal, IdempotentAnswerRow.key)
    old = select(*keys).where(IdempotentAnswerRow.created_at <= now - KEPT_FOR).limit(limit)
    result = session.execute(delete(IdempotentAnswerRow).where(tuple_(*keys).in_(old)))
    return cast("CursorResult[Any]", result).rowcount


def _take_key(session: Session, principal: str, key: str) -> bool:
    if session.get_bind().dialect.name != "postgresql":
        return True
    # Keys that share a hash only ask each other to try again.
    digest = blake2b(f"{principal}\0{key}".encode(), digest_size=8, person=b"idempotency").digest()
    lock = int.from_bytes(digest, signed=True)
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(lock))))
