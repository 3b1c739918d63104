"""Clients, their public keys, and the assertions they have used: rows and their named queries.

A client is never deleted: what it did stays attributable, and a key that once was somebody's is never anybody's again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, func, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row


class ClientRow(Row):
    """A machine or an officer with keys of its own. `scopes` (of machines) and `roles` (operators) are words in order.

    An officer has at most one client that has not ended, so that roles kept apart cannot meet in one hand.
    """

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("kind IN ('department', 'operator', 'merchant', 'partner_city')", name="kind"),
        CheckConstraint("(kind = 'operator') = (roles <> '')", name="roles"),
        CheckConstraint("kind <> 'operator' OR scopes = ''", name="scopes"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by"),
        Index(
            "uq_client_live_officer",
            "principal_id",
            unique=True,
            sqlite_where=text("kind = 'operator' AND ended_at IS NULL"),
            postgresql_where=text("kind = 'operator' AND ended_at IS NULL"),
        ),
    )

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    principal_id: Mapped[str]
    scopes: Mapped[str]
    roles: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
    ended_by: Mapped[str | None]


class ClientKeyRow(Row):
    """A public key of a client; `key_id` is its thumbprint (RFC 7638), so one key belongs to one client for ever.

    It is good from `added_at` until `ends_at`, which is excluded.
    """

    __tablename__ = "client_key"
    __table_args__ = (Index(None, "client_id"),)

    key_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.client_id"))
    jwk: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    ends_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class UsedAssertionRow(Row):
    """An assertion that became a token at `used_at`, by the digest of its `jti`; kept until nobody would take it."""

    __tablename__ = "used_assertion"
    __table_args__ = (Index(None, "expires_at"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    jti_digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """What a client begins with."""

    client_id: UUID
    kind: str
    principal_id: str
    scopes: str
    roles: str
    registered_by: str


def add_client(session: Session, client: NewClient, *, now: datetime) -> bool:
    """Add a client; False when this officer has one that has not ended, also one added at the same time."""
    statement = insert_into(session, ClientRow).values(asdict(client) | {"registered_at": now})
    added = session.scalars(statement.on_conflict_do_nothing().returning(ClientRow.client_id)).all()
    return bool(added)


def lock_client(session: Session, client_id: UUID) -> ClientRow | None:
    """Find a client and hold it: its tokens, its keys and its end are decided one after the other."""
    return session.scalars(
        select(ClientRow)
        .where(ClientRow.client_id == client_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def take_turn_of_officers(session: Session) -> None:
    """Wait until nobody else registers anybody; SQLite has one writer anyway. Tokens are given meanwhile."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE client IN SHARE ROW EXCLUSIVE MODE"))


def list_officer_names(session: Session) -> Sequence[str]:
    """List the names of all officers, ended ones too."""
    return session.scalars(select(ClientRow.principal_id).where(ClientRow.kind == "operator").distinct()).all()


def list_clients(session: Session, *, after: UUID | None = None, limit: int) -> Sequence[ClientRow]:
    """List at most `limit` clients in order of registration, ended ones too; only those behind `after`, if given."""
    wanted = select(ClientRow).order_by(ClientRow.client_id).limit(limit)
    return session.scalars(wanted if after is None else wanted.where(ClientRow.client_id > after)).all()


def end_client_row(row: ClientRow, *, because: str, by: str, now: datetime) -> None:
    """Mark a client that this transaction holds as ended."""
    row.ended_at, row.ended_because, row.ended_by = now, because, by


def add_key(
    session: Session,
    client_id: UUID,
    *,
    key_id: str,
    jwk: dict[str, Any],
    by: str,
    ends_at: datetime | None,
    now: datetime,
) -> bool:
    """Add a key to a client; False when the key was anybody's before, also when two add it at the same time."""
    values = {"key_id": key_id, "client_id": client_id, "jwk": jwk, "added_at": now, "added_by": by, "ends_at": ends_at}
    statement = insert_into(session, ClientKeyRow).values(values).on_conflict_do_nothing(index_elements=["key_id"])
    return bool(session.scalars(statement.returning(ClientKeyRow.key_id)).all())


def list_keys(session: Session, client_ids: Sequence[UUID]) -> Sequence[ClientKeyRow]:
    """List the keys of some clients, the oldest first, ended ones too."""
    return session.scalars(
        select(ClientKeyRow)
        .where(ClientKeyRow.client_id.in_(client_ids))
        .order_by(ClientKeyRow.added_at, ClientKeyRow.key_id)
    ).all()


def count_live_keys(session: Session, client_id: UUID, now: datetime) -> int:
    """Count the keys of a client that have not ended."""
    live = (ClientKeyRow.ends_at.is_(None)) | (ClientKeyRow.ends_at > now)
    wanted = select(func.count()).select_from(ClientKeyRow).where(ClientKeyRow.client_id == client_id, live)
    return session.scalar(wanted) or 0


def find_live_key(session: Session, client_id: UUID, key_id: str, now: datetime) -> ClientKeyRow | None:
    """Find a key that is good at `now` and whose client has not ended."""
    return session.scalars(
        select(ClientKeyRow)
        .join(ClientRow, ClientRow.client_id == ClientKeyRow.client_id)
        .where(
            ClientKeyRow.client_id == client_id,
            ClientKeyRow.key_id == key_id,
            (ClientKeyRow.ends_at.is_(None)) | (ClientKeyRow.ends_at > now),
            ClientRow.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()


def end_key_row(
    session: Session, client_id: UUID, key_id: str, *, ends_at: datetime, by: str, now: datetime
) -> datetime | None:
    """Let a live key of a client end at a moment, unless it ends sooner; gives its end, None without such a key."""
    live = (ClientKeyRow.ends_at.is_(None)) | (ClientKeyRow.ends_at > now)
    wanted = (ClientKeyRow.client_id == client_id, ClientKeyRow.key_id == key_id, live)
    row = session.scalars(select(ClientKeyRow).where(*wanted).execution_options(populate_existing=True)).one_or_none()
    if row is None:
        return None
    if row.ends_at is None or ends_at < row.ends_at:
        session.execute(
            update(ClientKeyRow)
            .where(*wanted)
            .values(ends_at=ends_at, ended_by=by)
            .execution_options(synchronize_session=False)
        )
        return ends_at
    return row.ends_at


def use_assertion(session: Session, client_id: UUID, *, jti_digest: bytes, expires_at: datetime, now: datetime) -> bool:
    """Mark an assertion as used; False when it was used before, also by a call that runs at the same time."""
    values = {"client_id": client_id, "jti_digest": jti_digest, "used_at": now, "expires_at": expires_at}
    statement = insert_into(session, UsedAssertionRow).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=["client_id", "jti_digest"])
    return bool(session.scalars(statement.returning(UsedAssertionRow.client_id)).all())


def find_last_use(session: Session, client_id: UUID) -> datetime | None:
    """Find when the newest token was issued that this client can still hold, as far as assertions are remembered."""
    return session.scalar(select(func.max(UsedAssertionRow.used_at)).where(UsedAssertionRow.client_id == client_id))


def purge_assertions(session: Session, now: datetime, *, limit: int) -> int:
    """Forget used assertions that nobody would accept any more, at most `limit` at once; gives how many."""
    keys = (UsedAssertionRow.client_id, UsedAssertionRow.jti_digest)
    old = select(*keys).where(UsedAssertionRow.expires_at <= now).limit(limit)
    statement = delete(UsedAssertionRow).where(tuple_(*keys).in_(old)).returning(UsedAssertionRow.jti_digest)
    return len(session.scalars(statement).all())
