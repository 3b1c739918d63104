"""The same asked twice within moments: the second gets what the first gets, costs nothing, and nobody is asked again.

A double click, a till that loses patience, two calls at once in two processes: whichever comes first is noted before
the home city is asked, and whoever comes meanwhile waits for it. What is told is what the merchant has just been told.
"""

from datetime import datetime
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.nobody import NOBODY
from backend.storage.identifiers import new_id
from backend.visits.ask_tables import find_outcome
from backend.visits.home_cities import HomeCities

# A little longer than the first may ask, and within the two seconds of a counter.
PATIENCE_SECONDS = 1.75
_LOOK_AGAIN_SECONDS = 0.05


def wait_for_answer(home: HomeCities, merchant: str, order_no: str) -> None:
    """Wait until an order of a merchant is answered, as long as a counter can. No transaction may be open."""
    ends_at = monotonic() + PATIENCE_SECONDS
    while True:
        with home.database.reading() as session:
            if find_outcome(session, merchant, order_no) is not None:
                return
        if monotonic() >= ends_at:
            return
        sleep(_LOOK_AGAIN_SECONDS)


def repeat_outcome(
    session: Session, merchant: str, order_no: str, *, under: str, clerk: str | None, now: datetime
) -> tuple[dict[str, Any], UUID] | None:
    """Make the row of an order out of that `under` which the same was asked a moment ago, and say whom it is about.

    Grant and reason are the same. None where there is no answer.
    """
    first = find_outcome(session, merchant, under)
    if first is None:
        return None
    new = {"order_no": order_no, "verification_id": new_id(now), "clerk": clerk, "asked_at": now, "answered_at": now}
    return {**first, **new}, first["subject_id"] or NOBODY
