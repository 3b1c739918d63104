"""Asking by identity number: the merchant is always told to wait, and the person says in the app whether it may know.

To the merchant an ask that was declined, one that was confirmed and came to nothing, and one about somebody who is not
known are the same until its time is over, and the same `not_granted` then: neither content nor time tells which. Nobody
is looked up while the merchant waits: the ask is filed under the keyed hash of the number, where its owner finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason, Verification, find_reuse, show_verification, write_given
from backend.benefits.ask_tables import add_asked_about, count_asks_about, list_asks_about, lock_ask
from backend.benefits.consents import put_consent
from backend.benefits.judging import Cause, Offer, Order, Tools, find_offer, judge, read_cause
from backend.benefits.looks import Told, note_look
from backend.benefits.probing import Miss, count_as_miss, find_slowing, forgive_ask
from backend.benefits.scans import digest_question
from backend.benefits.verification import KeyTakenError
from backend.benefits.verification_tables import (
    ASK,
    PENDING,
    VerificationRow,
    add_verification,
    find_verification,
)
from backend.gateways.pseudonyms import Pseudonyms
from backend.grants.grant import Grant, Via
from backend.merchants.events import EventKind, leave_event
from backend.merchants.tables import find_merchant_names
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import Scenario

OPEN_FOR = timedelta(minutes=5)
# More asks than this about one person reach nobody, and no merchant can tell.
ASKS_ABOUT_ONE, ASKED_WITHIN = 5, timedelta(hours=1)
_TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a merchant asks: about the owner of an identity number (as `read_resident_id` gave it), for a scenario."""

    merchant: Principal
    order_no: str
    scenario: str
    identity_number: str = field(repr=False)
    amount_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOfMe:
    """A question as the person it is about sees it: `because` is why a confirmation came to nothing."""

    verification_id: UUID
    merchant: str
    merchant_name: str | None
    scenario_code: str
    scenario: Scenario | None = field(repr=False)
    amount_fen: int | None
    asked_at: datetime
    expires_at: datetime | None
    is_open: bool
    answer: Answer
    because: Cause | None
    confirmed_at: datetime | None
    declined_at: datetime | None
    grant_id: UUID | None


def ask(
    database: Database, question: Question, *, pseudonyms: Pseudonyms, tools: Tools, now: datetime
) -> Verification | Refusal:
    """Put a question to somebody, known or not; `pending`, or `cannot_say` where the merchant may not offer this.

    Refusals: `order_no_reused`, `amount_refused`, `too_many_misses`. Raises StorageUnavailableError.
    """
    for _ in range(_TRIES):
        try:
            with database.transaction() as session:
                return _ask(session, question, pseudonyms=pseudonyms, tools=tools, now=now)
        except KeyTakenError:
            continue
    return Refusal(ProblemCode.ORDER_NO_REUSED)


def _ask(
    session: Session, question: Question, *, pseudonyms: Pseudonyms, tools: Tools, now: datetime
) -> Verification | Refusal:
    merchant = question.merchant.id
    indexes = pseudonyms.all_indexes(question.identity_number)
    digests = [digest_question(ASK, question.scenario, question.amount_fen, index.digest) for index in indexes]
    earlier = find_verification(session, merchant, question.order_no)
    if earlier is not None:
        return find_reuse(earlier, digests) or show_verification(earlier, tools.benefits.editions, now=now)
    slowing = find_slowing(session, merchant, {Miss.UNCONFIRMED_ASK}, now=now)
    if slowing is not None:
        return slowing
    catalogue = tools.find_catalogue(now)
    offer = find_offer(session, merchant, question.scenario, catalogue=catalogue, now=now)
    if offer is not None and offer.exceeds(question.amount_fen):
        return Refusal(ProblemCode.AMOUNT_REFUSED, {"limit_fen": offer.limit_fen})
    row = _make_row(question, digests[0], offer, now)
    row["catalogue_version"] = None if catalogue is None else catalogue.version  # also where it is not offered
    if not add_verification(session, row):
        raise KeyTakenError
    if offer is not None:
        reaches = count_asks_about(session, indexes, now - ASKED_WITHIN) < ASKS_ABOUT_ONE
        add_asked_about(session, row["verification_id"], indexes, reaches=reaches, now=now)
        count_as_miss(session, merchant, Miss.UNCONFIRMED_ASK, now=now)
    return show_verification(VerificationRow(**row), tools.benefits.editions, now=now)


def _make_row(question: Question, digest: bytes, offer: Offer | None, now: datetime) -> dict[str, Any]:
    may_ask = offer is not None
    return {
        "merchant": question.merchant.id,
        "order_no": question.order_no,
        "verification_id": new_id(now),
        "digest": digest,
        "via": ASK,
        "scenario": question.scenario,
        "amount_fen": question.amount_fen,
        "clerk": question.merchant.acting,
        "asked_at": now,
        "expires_at": now + OPEN_FOR if may_ask else None,
        "answer": PENDING if may_ask else Answer.CANNOT_SAY.value,
        "reason": None if may_ask else Reason.NOT_OFFERED.value,
        "answered_at": None if may_ask else now,
    }


def confirm_ask(
    session: Session, subject_id: UUID, verification_id: UUID, *, tools: Tools, now: datetime
) -> AskedOfMe | Refusal:
    """Let a merchant know: the person consents to this one answer, and gets the benefit or reads why not.

    The merchant is told only of a benefit. Refusals: `ask_not_found`, `ask_closed`. A confirmation that is repeated
    gets what the first one got.
    """
    row = lock_ask(session, subject_id, verification_id)
    if row is None:
        return Refusal(ProblemCode.ASK_NOT_FOUND)
    if row.answered_at is not None:
        return _show_all(session, [row], tools, now)[0]
    if row.declined_at is not None or not is_open(row, now):
        return Refusal(ProblemCode.ASK_CLOSED)
    offer = find_offer(session, row.merchant, row.scenario, catalogue=tools.find_catalogue(now), now=now)
    if offer is None or offer.exceeds(row.amount_fen):
        return Refusal(ProblemCode.ASK_CLOSED)
    consent = put_consent(
        session,
        subject_id,
        merchant=row.merchant,
        scenario=row.scenario,
        expires_at=row.expires_at,
        now=now,
        once=True,
    )
    order = Order(order_no=row.order_no, amount_fen=row.amount_fen, via=Via.ASK, clerk=row.clerk)
    outcome = judge(session, subject_id, offer, order, consents=True, tools=tools, now=now).outcome
    row.subject_id, row.answered_at = subject_id, now
    if isinstance(outcome, Grant):
        row.answer, row.grant_id, row.told = Answer.GRANTED.value, outcome.grant_id, write_given(outcome, offer)
        row.catalogue_version = offer.catalogue.version
        tell_answer(session, row, now=now)
        # Only then: an allowance that grows without a benefit would tell that somebody confirmed and got none.
        forgive_ask(session, row.merchant, asked_at=row.asked_at)
    else:
        row.because = outcome.value
    session.flush()
    note_ask(session, row, consent_id=consent.consent_id, name=offer.contract.merchant_name, now=now)
    return _show_all(session, [row], tools, now)[0]


def decline_ask(
    session: Session, subject_id: UUID, verification_id: UUID, *, tools: Tools, now: datetime
) -> AskedOfMe | Refusal:
    """Let a merchant not know; nothing else comes of it. Refusals: `ask_not_found`, `ask_closed`."""
    row = lock_ask(session, subject_id, verification_id)
    if row is None:
        return Refusal(ProblemCode.ASK_NOT_FOUND)
    if row.declined_at is None:
        if row.answered_at is not None or not is_open(row, now):
            return Refusal(ProblemCode.ASK_CLOSED)
        row.subject_id, row.declined_at = subject_id, now
        session.flush()
    return _show_all(session, [row], tools, now)[0]


def list_my_asks(session: Session, subject_id: UUID, *, tools: Tools, limit: int, now: datetime) -> list[AskedOfMe]:
    """List at most `limit` questions about a person, the newest first."""
    return _show_all(session, list_asks_about(session, subject_id, limit=limit), tools, now)


def is_open(row: VerificationRow, now: datetime) -> bool:
    """Tell whether a person can still say something to an ask."""
    return row.answer == PENDING and row.expires_at is not None and now < row.expires_at


def tell_answer(session: Session, row: VerificationRow, *, now: datetime) -> None:
    """Leave the event that tells a merchant of the answer to an ask."""
    payload = {
        "verification_id": str(row.verification_id),
        "order_no": row.order_no,
        "answer": row.answer,
        "reason": row.reason,
        "grant_id": None if row.grant_id is None else str(row.grant_id),
    }
    leave_event(
        session,
        merchant=row.merchant,
        event=EventKind.VERIFICATION_ANSWERED,
        about=row.verification_id,
        payload=payload,
        now=now,
    )


def note_ask(
    session: Session, row: VerificationRow, *, consent_id: UUID | None, name: str | None, now: datetime
) -> None:
    """Note for the person, if anybody is known, what a merchant was answered to an ask."""
    if row.subject_id is None:
        return
    told = Told(
        via=ASK,
        scenario=row.scenario,
        about=row.verification_id,
        answer=row.answer if row.because is None else Answer.NOT_GRANTED,
        because=row.because or row.reason,
        consent_id=consent_id,
    )
    asker = Principal(kind=PrincipalKind.MERCHANT, id=row.merchant, acting=row.clerk)
    note_look(session, row.subject_id, told, principal=asker, name=name, now=now)


def _show_all(session: Session, rows: Sequence[VerificationRow], tools: Tools, now: datetime) -> list[AskedOfMe]:
    names = find_merchant_names(session, {row.merchant for row in rows})
    return [_show(row, names.get(row.merchant), tools, now) for row in rows]


def _show(row: VerificationRow, merchant_name: str | None, tools: Tools, now: datetime) -> AskedOfMe:
    shown = show_verification(row, tools.benefits.editions, now=now)
    return AskedOfMe(
        verification_id=row.verification_id,
        merchant=row.merchant,
        merchant_name=merchant_name,
        scenario_code=row.scenario,
        scenario=shown.scenario,
        amount_fen=row.amount_fen,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        is_open=row.answered_at is None and row.declined_at is None and is_open(row, now),
        # To the merchant it is pending until its time is over; whoever has said something knows what came of it.
        answer=shown.answer if row.because is None and row.declined_at is None else Answer.NOT_GRANTED,
        because=None if row.because is None else read_cause(row.because),
        confirmed_at=row.answered_at,
        declined_at=row.declined_at,
        grant_id=row.grant_id,
    )
