"""What a process knows of the editions of its city, and when it looks for news of them.

It looks at most every few seconds, and while the database is away or slow, what is known goes on to hold. But no day
begins with what was known before the last moment at which something about it could still be decided
(`find_settled_moment`): the first look of such a day reads the table, and where it cannot, it raises. So all processes
change over with the day, without being told and without a restart.
"""

from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy import select

from backend.clock import today
from backend.gateways.published_editions import Published, ShippedEditions, put_together, read_announced
from backend.storage.database import Database, StorageUnavailableError
from backend.storage.editions import EditionRow, find_settled_moment, list_editions
from scoring.days import ONE_DAY, end_of
from scoring.documents import DocumentError

FRESH_FOR = timedelta(seconds=5)
log = structlog.get_logger("shangding.editions")


class PublishedEditions:
    """The editions of a city as this process knows them: at most `fresh_for` old, or what was known before."""

    def __init__(self, database: Database, shipped: ShippedEditions, *, fresh_for: timedelta = FRESH_FOR) -> None:
        self._database = database
        self._shipped = shipped
        self._fresh_for_s = fresh_for.total_seconds()
        self._lock = Lock()
        self._published = put_together(shipped, ())
        self._news: dict[UUID, datetime | None] = {}  # of each edition that is known, when it was withdrawn
        self._holds_until: datetime | None = None  # what is known is all that is in force up to then
        self._stale_at_s = 0.0  # by a stopwatch: a clock that is set back would make old news fresh
        self._unreadable = False

    @property
    def shipped(self) -> ShippedEditions:
        """Give what ships with this release."""
        return self._shipped

    @property
    def is_readable(self) -> bool:
        """Tell whether this release could read all that was announced when it looked last."""
        return not self._unreadable

    def look(self, now: datetime) -> Published:
        """Give the editions that stand, those of the city day of `now` for sure.

        Raises StorageUnavailableError, or DocumentError for an announced edition that this release cannot read, only
        where what is known may not be all of that day.
        """
        if self._is_fresh() and self._covers(now):
            return self._published
        # While one thread looks, the others go on with what there is, if that is all of the day.
        if not self._lock.acquire(blocking=not self._covers(now)):
            return self._published
        try:
            if not (self._is_fresh() and self._covers(now)):
                self._look_for_news(now)
            return self._published
        finally:
            self._lock.release()

    def _look_for_news(self, now: datetime) -> None:
        # Also where it fails: a database in need is not asked at every request.
        self._stale_at_s = monotonic() + self._fresh_for_s
        try:
            self._read(now)
        except (StorageUnavailableError, DocumentError) as fault:
            self._unreadable = isinstance(fault, DocumentError)
            if not self._covers(now):
                raise
            log.warning("editions_unread", fault=type(fault).__name__)
        else:
            self._unreadable = False

    def _read(self, now: datetime) -> None:
        with self._database.reading() as session:
            wanted = select(EditionRow.edition_id, EditionRow.withdrawn_at)
            news = {row.edition_id: row.withdrawn_at for row in session.execute(wanted)}
            if news != self._news:
                self._published = read_announced(list_editions(session), self._shipped)
                self._news = news
        known = find_end_of_settled(now)
        self._holds_until = known if self._holds_until is None else max(known, self._holds_until)

    def _covers(self, now: datetime) -> bool:
        return self._holds_until is not None and now <= self._holds_until

    def _is_fresh(self) -> bool:
        return monotonic() < self._stale_at_s


def find_end_of_settled(read_at: datetime) -> datetime:
    """Give the last moment for which a reading shows all that is in force: the end of its day, or of the next."""
    tomorrow = today(read_at) + ONE_DAY
    return end_of(tomorrow if read_at >= find_settled_moment(tomorrow) else today(read_at))
