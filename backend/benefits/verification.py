"""Verification by a one-time code: one scan, one answer at once, under the merchant's own key.

The code is used, the grant given, the answer kept and the look noted in one transaction. The same question gets the
same answer for ever, also when it is asked twice at once; of several scans of one code one finds it unused.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import (
    Answer,
    Reason,
    Verification,
    find_reuse,
    show_verification,
)
from backend.benefits.codes import digest_code
from backend.benefits.consent_tables import find_consent_of_code
from backend.benefits.desk_tables import find_desk
from backend.benefits.judging import Judgement, Offer, Order, Tools, judge, make_offer
from backend.benefits.probing import Miss, count_as_miss, find_slowing, find_window
from backend.benefits.quick_scans import NotQuickError, grant_quickly
from backend.benefits.scans import Outcome, Scan, make_row, make_scan_look
from backend.benefits.verification_tables import (
    VerificationRow,
    add_verification,
    find_code_owner,
    find_verification,
    find_verification_by_id,
    use_code,
)
from backend.clock import today
from backend.grants.grant import Grant, Shortage, Via
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal

_MISSES = {Reason.NOT_AVAILABLE: Miss.NOT_GRANTED, Reason.CODE_UNUSABLE: Miss.CODE_UNUSABLE}
_KINDS = frozenset(_MISSES.values())
_TRIES = 2


class KeyTakenError(Exception):
    """Another call took the key meanwhile: what was begun is rolled back, and its answer is the answer."""


def verify_code(database: Database, scan: Scan, *, tools: Tools, now: datetime) -> Verification | Refusal:
    """Answer a scan: `granted`, `not_granted`, or `cannot_say` where code or offer cannot be used.

    Refusals: `order_no_reused`, `amount_refused`, `too_many_misses`. Raises StorageUnavailableError.
    """
    try:
        with database.short_transaction() as transaction:
            return grant_quickly(transaction, scan, tools=tools, now=now)
    except NotQuickError:
        pass  # and nothing was written
    for _ in range(_TRIES):
        try:
            with database.transaction() as session:
                return _answer(session, scan, tools=tools, now=now)
        except KeyTakenError:
            continue
    return Refusal(ProblemCode.ORDER_NO_REUSED)  # by a grant that no verification gave


def read_verification(
    session: Session, merchant: str, *, verification_id: UUID | None, order_no: str | None, tools: Tools, now: datetime
) -> Verification | Refusal:
    """Read a verification of a merchant again, by its id or by the merchant's key; `verification_not_found`."""
    if verification_id is not None:
        row = find_verification_by_id(session, merchant, verification_id)
    else:
        row = find_verification(session, merchant, order_no or "")
    if row is None:
        return Refusal(ProblemCode.VERIFICATION_NOT_FOUND)
    return show_verification(row, tools.benefits.editions, now=now)


def _answer(session: Session, scan: Scan, *, tools: Tools, now: datetime) -> Verification | Refusal:
    merchant = scan.merchant.id
    desk = find_desk(session, merchant, scan.order_no, scan.scenario, day=today(now), starts_at=find_window(now))
    earlier = _repeat(session, scan, tools, now) if desk.has_order else None
    if earlier is not None:
        return earlier
    slowing = find_slowing(session, merchant, _KINDS, now=now, misses=desk.misses)
    if slowing is not None:
        return slowing
    offer = None
    if desk.contract is not None:
        offer = make_offer(desk.contract, catalogue=tools.find_catalogue(now), now=now)
    if offer is None:
        return _keep(session, scan, Outcome(answer=Answer.CANNOT_SAY, reason=Reason.NOT_OFFERED), None, tools, now)
    if offer.exceeds(scan.amount_fen):
        return Refusal(ProblemCode.AMOUNT_REFUSED, {"limit_fen": offer.limit_fen})
    used = use_code(session, digest_code(scan.code), merchant=merchant, scenario=scan.scenario, now=now)
    if used is None:
        # A call with this very question may have used it a moment ago, and this one has waited for that.
        outcome = Outcome(
            answer=Answer.CANNOT_SAY,
            reason=Reason.CODE_UNUSABLE,
            subject_id=find_code_owner(session, digest_code(scan.code)),
        )
        return _repeat(session, scan, tools, now) or _keep(session, scan, outcome, offer, tools, now)
    subject_id, named = used
    order = Order(order_no=scan.order_no, amount_fen=scan.amount_fen, via=Via.CODE, clerk=scan.merchant.acting)
    judgement = judge(session, subject_id, offer, order, consents=named is not None, tools=tools, now=now)
    in_code = find_consent_of_code(session, digest_code(scan.code))
    judgement = judgement._replace(consent_id=in_code or judgement.consent_id)
    return _keep(session, scan, _conclude(subject_id, judgement), offer, tools, now)


def _repeat(session: Session, scan: Scan, tools: Tools, now: datetime) -> Verification | Refusal | None:
    row = find_verification(session, scan.merchant.id, scan.order_no)
    if row is None:
        return None
    return find_reuse(row, [scan.digest]) or show_verification(row, tools.benefits.editions, now=now)


def _conclude(subject_id: UUID, judgement: Judgement) -> Outcome:
    outcome = judgement.outcome
    if isinstance(outcome, Grant):
        return Outcome(answer=Answer.GRANTED, subject_id=subject_id, judgement=judgement)
    if outcome is Shortage.ORDER_TAKEN:
        raise KeyTakenError
    return Outcome(answer=Answer.NOT_GRANTED, reason=Reason.NOT_AVAILABLE, subject_id=subject_id, judgement=judgement)


def _keep(
    session: Session, scan: Scan, outcome: Outcome, offer: Offer | None, tools: Tools, now: datetime
) -> Verification:
    """Keep the answer and note the look; the answer may leave when both are committed."""
    catalogue = tools.find_catalogue(now)
    row = make_row(scan, outcome, offer, None if catalogue is None else catalogue.version, now)
    look = make_scan_look(scan, outcome, offer, row, now)
    if not add_verification(session, row, look):
        raise KeyTakenError
    miss = None if outcome.reason is None else _MISSES.get(outcome.reason)
    if miss is not None and outcome.subject_id is not None:  # a code that we never made counts for nothing
        count_as_miss(session, scan.merchant.id, miss, now=now)
    return show_verification(VerificationRow(**row), tools.benefits.editions, now=now)
