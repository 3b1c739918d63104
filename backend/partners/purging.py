"""What is forgotten of partners after its time: which of their notices were taken.

A partner repeats a notice within half a minute until it has our confirmation, so a repeat comes late only where it
stood still meanwhile, or was restored from a copy. One that comes later still is taken anew, and that is harmless:
withdrawing twice is withdrawing once, a correction or a word about a treaty is no news by the moment at which it was
left, and a use by its step. What is over by then is known to nobody any more, and stays so.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from backend.partners.message_tables import TakenNoticeRow

# Longer than any holiday, and any copy that a city would go back to.
TAKEN_KEPT_FOR = timedelta(days=30)


def purge_taken(session: Session, now: datetime, *, limit: int) -> int:
    """Forget notices that were taken thirty days ago, at most `limit` at once; gives how many."""
    row = TakenNoticeRow
    keys = (row.partner, row.notice_id)
    old = select(*keys).where(row.taken_at <= now - TAKEN_KEPT_FOR).limit(limit)
    gone = delete(row).where(tuple_(*keys).in_(old)).returning(row.notice_id)
    return len(session.execute(gone.execution_options(synchronize_session=False)).all())
