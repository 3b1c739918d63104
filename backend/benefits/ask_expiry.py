"""Asks whose time is over: `not_granted` for good, told to the merchant and noted for the person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason
from backend.benefits.ask_tables import find_asked_person, list_expired_asks, purge_asked_about, take_expired_ask
from backend.benefits.asks import ASKED_WITHIN, note_ask, tell_answer
from backend.benefits.codes import KEPT_FOR
from backend.benefits.verification_tables import purge_codes
from backend.merchants.tables import find_merchant_names
from backend.storage.database import Database

AT_ONCE = 200


def expire_asks(database: Database, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Answer at most `limit` asks that nobody confirmed in time, or that came to nothing; gives how many.

    Each in a transaction of its own, for each may be about somebody else; those that another worker holds are left to
    it. What a merchant reads of them was `not_granted` from the very moment on at which their time was over. Raises
    StorageUnavailableError.
    """
    with database.reading() as session:
        expired = list_expired_asks(session, now, limit=limit)
    return sum(_expire(database, verification_id, now=now) for verification_id in expired)


def forget_codes(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Forget at most `limit` codes that ended a day ago or longer; gives how many."""
    return purge_codes(session, now - KEPT_FOR, limit=limit)


def forget_asked_about(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Forget whom at most `limit` asks were about that are over and count for nobody any more; gives how many rows."""
    return purge_asked_about(session, now - ASKED_WITHIN, limit=limit)


def _expire(database: Database, verification_id: UUID, *, now: datetime) -> bool:
    """Answer an ask whose time is over; False where another worker does it, or has done it."""
    with database.transaction() as session:
        row = take_expired_ask(session, verification_id, now)
        if row is None:
            return False
        row.answer, row.reason = Answer.NOT_GRANTED.value, Reason.NOT_AVAILABLE.value
        tell_answer(session, row, now=now)
        if row.answered_at is None:  # whoever confirmed was told then
            row.subject_id = row.subject_id or find_asked_person(session, verification_id)
            name = find_merchant_names(session, {row.merchant}).get(row.merchant)
            note_ask(session, row, consent_id=None, name=name, now=now)
        session.flush()
    return True
