"""The log of messages: each is written in the transaction of its effect, and chained to those before it soon after.

Writing takes no lock that others wait for. The chain is made by a sweep: whatever has no place yet gets the next one,
also what was written earlier and committed later. So places follow one another without a gap, while moments may not.

What a body tells of a person may not stay as long as the proof. A signature covers the digest of the body and not the
body, and so does the chain: a body is erased after its time, and message and chain still prove what they proved.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.gateways.city_calls import SignedAnswer, SignedCall
from backend.gateways.message_signatures import Verified
from backend.partners.bundle_lines import BEGINNING, chain, write_moment
from backend.partners.message_adding import add_message, add_nonce_and_message
from backend.partners.message_erasing import erase_due, erase_told, find_told
from backend.partners.message_tables import (
    MessageLinkRow,
    MessageRow,
    find_last_link,
    find_last_linked_at,
)
from backend.partners.nonces import remembered_until
from backend.partners.partners import list_partners
from backend.partners.unlinked_tables import Place, find_end_of_portion, list_still_unlinked, list_unlinked
from backend.storage.database import Database
from backend.storage.identifiers import new_id

KEPT_HEADERS = ("content-digest", "content-type", "exchange-city", "signature", "signature-input")
LOOKED_BACK = timedelta(hours=1)
KEPT_FOR = timedelta(days=3 * 365)  # what no body outlives
PORTION = 500  # linked in one transaction
READ_AT_ONCE = 2_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Direction(StrEnum):
    """Which way a message went, from where we stand."""

    IN = "in"
    OUT = "out"


class MessageKind(StrEnum):
    """What a message is."""

    QUESTION = "question"
    ANSWER = "answer"
    NOTICE = "notice"
    CONFIRMATION = "confirmation"


class Logged(NamedTuple):
    """A signed message to be logged: `url` is that of its request, `status` that of an answer, None for a request.

    `about` is the id of the question or notice. Of the headers those are kept that a signature needs.
    """

    partner: str
    direction: Direction
    kind: MessageKind
    about: UUID
    url: str
    status: int | None
    headers: Mapping[str, str]
    body: str

    def __repr__(self) -> str:
        """Say which message it is, and nothing of what it says."""
        return f"Logged({self.partner}, {self.direction}, {self.kind}, {self.about})"


def log_message(session: Session, logged: Logged, *, now: datetime) -> UUID:
    """Write a message down; `now` is when it was signed or verified, as of which it is verified again. Gives its id."""
    message = _make_row(logged, now)
    add_message(session, message)
    message_id: UUID = message["message_id"]
    return message_id


def log_sent(session: Session, call: SignedCall, *, partner: str, kind: MessageKind, about: UUID) -> None:
    """Write down a call of ours as it was signed, before it leaves."""
    log_message(session, _describe_call(call, partner, kind, about), now=call.signed_at)


def log_received(
    session: Session, answer: SignedAnswer, body: str, *, partner: str, kind: MessageKind, about: UUID
) -> None:
    """Write down the answer of a partner to a call of ours; `body` is its text."""
    headers, request = answer.headers, _describe_call(answer.call, partner, kind, about)
    logged = request._replace(direction=Direction.IN, status=answer.status, headers=headers, body=body)
    # As of a moment at which its own signature holds: the clock of the partner may be ahead of ours.
    log_message(session, logged, now=max(answer.call.signed_at, answer.proof.created_at))


def log_call(session: Session, logged: Logged, verified: Verified, *, now: datetime) -> bool:
    """Write a partner's call down and use its nonce up, in one message; False, and neither, when it was used before.

    Of two at once the second waits for the first; where that one rolls back, the nonce is unused.
    """
    return add_nonce_and_message(session, verified.nonce, _make_row(logged, now), expires_at=remembered_until(verified))


def _describe_call(call: SignedCall, partner: str, kind: MessageKind, about: UUID) -> Logged:
    request = call.request
    return Logged(
        partner=partner,
        direction=Direction.OUT,
        kind=kind,
        about=about,
        url=request.url,
        status=None,
        headers=request.headers,
        body=request.body.decode(),
    )


def _make_row(logged: Logged, now: datetime) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in logged.headers.items()}
    told = find_told(logged.kind, logged.about, logged.status, logged.body)
    return {
        "message_id": new_id(now),
        "partner": logged.partner,
        "direction": logged.direction.value,
        "kind": logged.kind.value,
        "about": logged.about,
        "url": logged.url,
        "status": logged.status,
        "headers": {name: headers[name] for name in KEPT_HEADERS if name in headers},
        "body": logged.body,
        "body_digest": sha256(logged.body.encode()).hexdigest(),
        "tells_of": told.question_id,
        "logged_at": now,
        "kept_until": min(told.until, now + KEPT_FOR),
        "erased_at": None,
    }


def erase_answers(
    session: Session, partner: str, question_ids: Iterable[UUID], now: datetime, *, but_the_last: bool = False
) -> int:
    """Erase what answers to some questions, and corrections of them, told; gives of how many messages.

    `question_ids` are of one partner. With `but_the_last` the message about each question that was logged last stays.
    """
    return erase_told(session, partner, list(question_ids), now, but_the_last=but_the_last)


def purge_bodies(session: Session, now: datetime, *, limit: int) -> int:
    """Erase at most `limit` bodies whose time is over; gives how many."""
    return erase_due(session, now, limit=limit)


def link_messages(database: Database, *, now: datetime, window: timedelta | None = LOOKED_BACK) -> int:
    """Give the messages of each partner that have no place in its chain the next places; gives how many got one.

    Looked at is what was logged from `window` before the last message that has a place; without one, all there is. No
    transaction lasts as long, so nothing is skipped, also after days without a sweep. Short transactions, a portion of
    one partner each. Where another process links at the same time, the primary key lets one of the two through; what
    is left is for the next time. All of it is read in portions from one index, which has what is asked of a message.
    """
    with database.reading() as session:
        partners = [partner.code for partner in list_partners(session)]
        since = {each: None if window is None else _find_since(session, each, window, now) for each in partners}
    return sum(_link_partner(database, partner, since[partner], now) for partner in partners)


def count_unlinked(session: Session, partner: str, *, before: datetime) -> int:
    """Count messages of a partner that were logged before a moment and have no place in its chain."""
    missed, place = 0, _find_beginning(None)
    while place is not None and place.logged_at < before:
        missed += len(list_unlinked(session, partner, place, rows=READ_AT_ONCE, before=before))
        place = find_end_of_portion(session, partner, place, rows=READ_AT_ONCE)
    return missed


def describe_message(row: MessageRow) -> dict[str, Any]:
    """Give all that the chain covers of a message: of its body the digest, so that the body may go."""
    return {
        "message_id": str(row.message_id),
        "partner": row.partner,
        "direction": row.direction,
        "kind": row.kind,
        "about": str(row.about),
        "url": row.url,
        "status": row.status,
        "headers": row.headers,
        "body_digest": row.body_digest,
        "logged_at": write_moment(row.logged_at),
    }


def _find_since(session: Session, partner: str, window: timedelta, now: datetime) -> datetime | None:
    last = find_last_linked_at(session, partner)
    return None if last is None else min(last, now) - window


def _link_partner(database: Database, partner: str, since: datetime | None, now: datetime) -> int:
    linked, place = 0, _find_beginning(since)
    while place is not None:
        with database.reading() as session:  # most times there is nothing, and nobody needs to wait for that
            found = list_unlinked(session, partner, place, rows=READ_AT_ONCE)
            place = find_end_of_portion(session, partner, place, rows=READ_AT_ONCE)
        for start in range(0, len(found), PORTION):
            try:
                with database.transaction() as session:
                    messages = list_still_unlinked(session, found[start : start + PORTION])
                    _add_links(session, partner, messages, now)
            except IntegrityError:  # another process has linked meanwhile, and goes on
                return linked
            linked += len(messages)
    return linked


def _find_beginning(since: datetime | None) -> Place | None:
    return Place(_LONG_AGO if since is None else since, UUID(int=0))


def _add_links(session: Session, partner: str, messages: Sequence[MessageRow], now: datetime) -> None:
    last = find_last_link(session, partner)
    last_no, previous = (0, BEGINNING) if last is None else last
    for number, message in enumerate(messages, start=last_no + 1):
        digest = chain(previous, describe_message(message))
        session.add(
            MessageLinkRow(
                partner=partner,
                log_no=number,
                message_id=message.message_id,
                previous=previous,
                digest=digest,
                linked_at=now,
            )
        )
        previous = digest
    session.flush()
