"""Cards that end before their time, and the lists that say so.

A published list is computed from the rows at each reading, and nobody is judged for it: it is read by everybody. A
withdrawn consent, a closed account, a pause, a doubt and a contract that ended count at once. Facts that changed do
too, whatever they come to: a card counts as ended until the sweep has judged by them, seconds later, and for good if
they do not carry it. A day that passed counts from the next sweep.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.card_tables import (
    CardEnd,
    CardRow,
    UsedOffer,
    end_card_row,
    end_card_rows,
    find_card,
    list_doubtful,
    list_ended_places,
    list_list_numbers,
    list_offers,
    purge_card_rows,
    put_checked,
)
from backend.benefits.eligibility import find_person, find_visitor
from backend.benefits.judging import Offer, Tools, find_offer, leave_out_met, make_offer
from backend.benefits.visitor_tables import list_entitlements
from backend.clock import today
from backend.people.tables import lock_subject
from backend.storage.database import Database
from scenarios.decision import decide

SWEPT_AT_ONCE = 500
# As long as a published list may be in use, so that no place means another card on it.
KEPT_FOR = timedelta(days=1)


def end_cards(session: Session, subject_id: UUID, *, because: CardEnd, now: datetime) -> int:
    """End all live cards of a person, as when he pauses everything; gives how many."""
    return end_card_rows(session, subject_id, because=because, now=now)


def list_ended(session: Session, list_no: int, *, tools: Tools, now: datetime) -> list[int]:
    """List the places of a status list whose cards are not good, or not known to be, in order; two questions."""
    gone = _list_gone(list_offers(session, now, today(now), list_no=list_no), tools=tools, now=now)
    return list_ended_places(session, list_no, gone, now)


def list_numbers(session: Session) -> list[int]:
    """List the numbers of the status lists in use; the first one always is."""
    return sorted({0, *list_list_numbers(session)})


def sweep_cards(database: Database, *, tools: Tools, now: datetime, limit: int = SWEPT_AT_ONCE) -> int:
    """Judge at most `limit` cards of which something has changed, and end those that nothing carries any more.

    Each in a transaction of its own. Gives how many were judged; while it gives any there may be more.
    """
    with database.reading() as session:
        gone = _list_gone(list_offers(session, now, today(now)), tools=tools, now=now)
        cards = list_doubtful(session, gone, now, today(now), limit=limit)
    for card in cards:
        _settle(database, card, tools=tools, now=now)
    return len(cards)


def purge_cards(session: Session, now: datetime, *, limit: int) -> int:
    """Forget cards a day after they expired, at most `limit` at once; gives how many."""
    return purge_card_rows(session, now - KEPT_FOR, limit=limit)


def _list_gone(offers: Iterable[UsedOffer], *, tools: Tools, now: datetime) -> list[tuple[str, str]]:
    """List the merchants and scenarios of which the one may not give the other any more."""
    catalogue = tools.find_catalogue(now)
    return [
        (offer.merchant, offer.scenario)
        for offer in offers
        if offer.contract is None or make_offer(offer.contract, catalogue=catalogue, now=now) is None
    ]


def _settle(database: Database, row: CardRow, *, tools: Tools, now: datetime) -> None:
    """End a card or note that it was judged. It is looked at anew while the person is held."""
    with database.transaction() as session:
        subject = lock_subject(session, row.subject_id)
        found = find_card(session, row.subject_id, row.card_id, now)
        if subject is None or found is None or found.row.ended_at is not None:
            return
        because = found.ended or _find_end(session, row.subject_id, (row.merchant, row.scenario), tools=tools, now=now)
        if because is not None:
            end_card_row(session, row.subject_id, row.card_id, because=because, now=now)
        else:
            put_checked(session, row.subject_id, row.card_id, facts_version=subject.facts_version, day=today(now))


def _find_end(
    session: Session, subject_id: UUID, what: tuple[str, str], *, tools: Tools, now: datetime
) -> CardEnd | None:
    """Find why nothing carries a card any more: no such offer of the merchant, or the person does not meet it."""
    offer = find_offer(session, *what, catalogue=tools.find_catalogue(now), now=now)
    if offer is None:
        return CardEnd.OFFER
    return None if _meets(session, subject_id, offer, tools=tools, now=now) else CardEnd.STANDING


def _meets(session: Session, subject_id: UUID, offer: Offer, *, tools: Tools, now: datetime) -> bool:
    is_entitled = any(each.scenario == offer.scenario.code for each in list_entitlements(session, subject_id, now))
    finders = (find_person, find_visitor) if is_entitled else (find_person,)
    found = (
        find(session, subject_id, catalogue=offer.catalogue, rules=tools.rules, sealer=tools.sealer, now=now)
        for find in finders
    )
    person = next((each for each in found if each is not None), None)
    if person is None:
        return False
    unmet = decide(offer.catalogue, offer.scenario, person, day=today(now), region=offer.contract.region)
    return not leave_out_met(unmet, offer.scenario, person, is_entitled=is_entitled)
