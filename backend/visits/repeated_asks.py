"""The same asked twice within moments: the second gets what the first gets, costs nothing, and nobody is asked again.

A double click, a till that loses patience, two calls at once in two processes: whichever comes first is noted before
the home city is asked, and whoever comes meanwhile waits for it. What is told is what the merchant has just been told,
as long as it still holds: a benefit that rests on what was taken back meanwhile is no answer to anybody.
"""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer
from backend.benefits.judging import Offer, Tools, find_cause
from backend.benefits.nobody import NOBODY
from backend.benefits.scans import Outcome
from backend.benefits.visitor_tables import is_entitled
from backend.grants.grant import Via
from backend.storage.identifiers import new_id
from backend.visits.ask_tables import find_outcome
from backend.visits.calling import SHORTEST_TRY_SECONDS
from backend.visits.home_cities import HomeCities
from backend.visits.visitor_orders import VisitorOrder

# A little longer than the first may ask, and within the two seconds of a counter.
PATIENCE_SECONDS = 1.75
_LOOK_AGAIN_SECONDS = 0.05


def wait_for_answer(home: HomeCities, merchant: str, order_no: str) -> float | None:
    """Wait until an order of a merchant is answered, as long as a counter can; None if it was not.

    Gives how many seconds there are then to ask anew, if it has to be. No transaction may be open.
    """
    ends_at = monotonic() + PATIENCE_SECONDS
    while True:
        with home.database.reading() as session:
            if find_outcome(session, merchant, order_no) is not None:
                return max(ends_at - monotonic(), SHORTEST_TRY_SECONDS)
        if monotonic() >= ends_at:
            return None
        sleep(_LOOK_AGAIN_SECONDS)


def still_holds(
    session: Session,
    asked: VisitorOrder,
    first: Mapping[str, Any],
    offer: Offer | None,
    *,
    tools: Tools,
    now: datetime,
) -> bool:
    """Tell whether what was answered to the same, by column, may be said once more.

    A benefit only while everything that it came by stands: it is on offer, the home city's yes is believed, and nothing
    speaks against the person. Everything else says nothing of anybody. Holds the person as `find_cause` does.
    """
    if first["grant_id"] is None:
        return True
    if offer is None:
        return False
    who = first["subject_id"]
    # Held first, so that what is believed is looked at when whoever takes it back has done so.
    cause, _ = find_cause(session, who, offer, Via.VISITOR, consents=False, tools=tools, now=now)
    return cause is None and is_entitled(session, who, asked.scenario, city=asked.home_city, now=now)


def repeat_outcome(first: Mapping[str, Any], asked: VisitorOrder, now: datetime) -> tuple[dict[str, Any], Outcome]:
    """Make the row of an order out of that of the same asked a moment ago, and the outcome that is noted for a person.

    Grant and reason are the same.
    """
    new = {
        "order_no": asked.order_no,
        "verification_id": new_id(now),
        "clerk": asked.merchant.acting,
        "asked_at": now,
        "answered_at": now,
    }
    subject_id = first["subject_id"] or NOBODY
    return {**first, **new}, Outcome(answer=Answer(first["answer"]), reason=first["reason"], subject_id=subject_id)
