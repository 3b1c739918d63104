"""Asks whose time is over: `not_granted` for good, told to the merchant and noted for the person."""

from datetime import datetime

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason
from backend.benefits.asks import note_ask, tell_answer
from backend.benefits.codes import KEPT_FOR
from backend.benefits.verification_tables import purge_codes, take_expired_asks
from backend.merchants.tables import find_merchant_names

AT_ONCE = 200


def expire_asks(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Answer at most `limit` asks that nobody confirmed in time, or that came to nothing; gives how many.

    What a merchant reads of them was `not_granted` from the very moment on at which their time was over.
    """
    rows = take_expired_asks(session, now, limit=limit)
    names = find_merchant_names(session, {row.merchant for row in rows})
    for row in rows:
        row.answer, row.reason = Answer.NOT_GRANTED.value, Reason.NOT_AVAILABLE.value
        tell_answer(session, row, now=now)
        if row.answered_at is None:  # whoever confirmed was told then
            note_ask(session, row, consent_id=None, name=names.get(row.merchant), now=now)
    session.flush()
    return len(rows)


def forget_codes(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Forget at most `limit` codes that ended a day ago or longer; gives how many."""
    return purge_codes(session, now - KEPT_FOR, limit=limit)
