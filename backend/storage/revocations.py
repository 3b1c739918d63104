"""What is revoked before it expires: access tokens of a person, of a session, or of a client.

Tokens are short-lived and checked without a look at the database; so that ending one is felt at once all the same,
every process knows the few revocations that matter, and reads them anew every two seconds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from sqlalchemy import Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.database import Database, StorageUnavailableError
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

FRESH_FOR = timedelta(seconds=2)
USABLE_TIMES = 2.5


class RevocationRow(Row):
    """Tokens of `key` issued at `revoked_at` or before are refused; after `until` none of them is valid anyway."""

    __tablename__ = "revocation"
    __table_args__ = (Index(None, "until"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    revoked_at: Mapped[datetime]
    until: Mapped[datetime]


def revoke(session: Session, key: str, *, now: datetime, until: datetime) -> None:
    """Revoke what was issued for `key` up to now; `until` is when the last token of it expires by itself."""
    statement = insert_into(session, RevocationRow).values(key=key, revoked_at=now, until=until)
    changes = {"revoked_at": now, "until": until}
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changes))


def purge_revocations(session: Session, now: datetime, *, limit: int) -> int:
    """Forget revocations of what has expired, at most `limit` at once; gives how many."""
    old = select(RevocationRow.key).where(RevocationRow.until <= now).limit(limit)
    statement = delete(RevocationRow).where(RevocationRow.key.in_(old)).returning(RevocationRow.key)
    return len(session.scalars(statement).all())


class Revocations:
    """The revocations as this process knows them, at most `fresh_for` old; older only while the database is away."""

    def __init__(self, database: Database, *, fresh_for: timedelta = FRESH_FOR) -> None:
        self._database = database
        self._fresh_for = fresh_for
        self._lock = Lock()
        self._known: Mapping[str, datetime] = {}
        self._read_at_s: float | None = None  # by a stopwatch: a clock that is set back would make old news fresh

    def is_revoked(self, keys: tuple[str, ...], issued_at: datetime, now: datetime) -> bool:
        """Tell whether a token that belongs to `keys` and was issued at a moment is revoked at `now`.

        Raises StorageUnavailableError when what this process knows is older than 2.5 times `fresh_for` and cannot be
        read anew.
        """
        known = self._look(now)
        return any(key in known and issued_at <= known[key] for key in keys)

    def _look(self, now: datetime) -> Mapping[str, datetime]:
        if self._age() < self._fresh_for:
            return self._known
        # While one thread reads, the others go on with what there is, as long as that is not too old.
        if not self._lock.acquire(blocking=not self._is_usable()):
            return self._known
        try:
            if self._age() >= self._fresh_for:
                self._read(now)
            return self._known
        finally:
            self._lock.release()

    def _read(self, now: datetime) -> None:
        started_at_s = monotonic()
        wanted = select(RevocationRow.key, RevocationRow.revoked_at).where(RevocationRow.until > now)
        try:
            with self._database.reading() as session:
                self._known = {row.key: row.revoked_at for row in session.execute(wanted)}
        except StorageUnavailableError:
            if not self._is_usable():
                raise
            return
        self._read_at_s = started_at_s

    def _is_usable(self) -> bool:
        return self._age() < self._fresh_for * USABLE_TIMES

    def _age(self) -> timedelta:
        return timedelta.max if self._read_at_s is None else timedelta(seconds=monotonic() - self._read_at_s)
