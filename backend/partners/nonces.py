"""Nonces of partners: each is good once, and remembered as long as its signature would be believed."""

from datetime import datetime

from sqlalchemy.orm import Session

from backend.gateways.message_signatures import CLOCK_SKEW, LONGEST_AGE, Verified
from backend.partners.message_adding import add_nonce
from backend.partners.message_tables import purge_nonce_rows


def remembered_until(verified: Verified) -> datetime:
    """Tell until when the nonce of a signature must be remembered."""
    return verified.created_at + LONGEST_AGE + CLOCK_SKEW


def use_nonce(session: Session, partner: str, nonce: str, *, expires_at: datetime) -> bool:
    """Use a nonce up, in the transaction of what its message does; False when the partner has used it before.

    Of two at once the second waits for the first; where that one rolls back, the nonce is unused.
    """
    return add_nonce(session, partner, nonce, expires_at=expires_at)


def purge_nonces(session: Session, now: datetime, *, limit: int) -> int:
    """Forget nonces whose signatures are believed no more, at most `limit` at once; gives how many."""
    return purge_nonce_rows(session, now, limit=limit)
