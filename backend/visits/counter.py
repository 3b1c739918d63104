"""A visitor at the counter: a merchant asks by the number of the id, and what counts is the word of the home city.

The consent is the one given at home. A merchant is told of a benefit, or `not_granted`: the same for whoever is unknown
at home, stands low there, has not consented, or gets nothing here. Every such no has asked the home city, whatever was
known before. Where that has told us nothing, the merchant hears so and makes the ordinary offer.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason, Verification, find_reuse, show_verification
from backend.benefits.judging import Bar, Judgement, Offer, Order, Tools, find_offer, judge
from backend.benefits.probing import Miss, count_as_miss, find_slowing, forgive_ask
from backend.benefits.scans import Outcome, digest_question, make_row, make_scan_look
from backend.benefits.verification import KeyTakenError
from backend.benefits.verification_tables import VISITOR, VerificationRow, add_verification, find_verification
from backend.benefits.visitor_tables import list_entitlements
from backend.gateways.pseudonyms import Pseudonyms
from backend.grants.grant import Grant, Shortage, Via
from backend.partners.open_cities import find_open_city
from backend.people.subjects import find_subject_id
from backend.principals import Principal
from backend.visits.calling import AskFault
from backend.visits.counter_asking import Told, ask_for_merchant
from backend.visits.home_cities import HomeCities
from backend.visits.questions import HomeAsk
from backend.visits.tables import NOBODY
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Role, Scope, TreatyPurpose

_TRIES = 2
_Done = TypeVar("_Done")
_UNREACHABLE = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.HOME_CITY_UNREACHABLE)
_NOT_AGREED = Outcome(answer=Answer.NOT_GRANTED, reason=Reason.NOT_AVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorOrder:
    """What a merchant asks about a visitor: `id_number` as `read_resident_id` gave it, amounts in fen.

    There are several `digests` of one question while keys are exchanged; the first is kept.
    """

    merchant: Principal
    order_no: str
    scenario: str
    home_city: str
    id_number: str = field(repr=False)
    amount_fen: int | None
    digests: tuple[bytes, ...] = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What tells this question from any other."""
        return self.digests[0]

    @property
    def via(self) -> str:
        """How it was asked: of a visitor's home city."""
        return VISITOR


class _Visitor(NamedTuple):
    """Whom it is about, if known, since when that counts as a miss, and whether a yes of the home city still stands."""

    subject_id: UUID | None
    asked_at: datetime
    is_entitled: bool


class _NotYetError(Exception):
    """What is known does not lead to a benefit: what was begun is rolled back, and the home city is asked."""


def make_visitor_order(
    *,
    merchant: Principal,
    order_no: str,
    scenario: str,
    home_city: str,
    id_number: str,
    amount_fen: int | None,
    pseudonyms: Pseudonyms,
) -> VisitorOrder:
    """Make a question about a visitor; `id_number` is as `read_resident_id` gave it."""
    whom = [index.digest + home_city.encode() for index in pseudonyms.all_indexes(id_number)]
    return VisitorOrder(
        merchant=merchant,
        order_no=order_no,
        scenario=scenario,
        home_city=home_city,
        id_number=id_number,
        amount_fen=amount_fen,
        digests=tuple(digest_question(VISITOR, scenario, amount_fen, each) for each in whom),
    )


def verify_visitor(home: HomeCities, order: VisitorOrder, *, tools: Tools) -> Verification | Refusal:
    """Answer a merchant about a visitor within two seconds: `granted`, `not_granted` or `cannot_say`.

    The same order gets the same answer for ever. Refusals: `order_no_reused`, `amount_refused`, `too_many_misses`.
    Raises StorageUnavailableError. No transaction may be open.
    """
    begun = _try(home, lambda session, now: _begin(session, home, order, tools, now))
    if not isinstance(begun, _Visitor):
        return begun
    if begun.is_entitled:
        with suppress(_NotYetError):
            return _answer(home, order, begun, Told(begun.subject_id), tools, is_new=False)
    wanted = HomeAsk(
        home_city=order.home_city,
        subject_id=begun.subject_id,
        id_number=order.id_number,
        scope=Scope.ENTITLEMENT,
        scenarios=(order.scenario,),
        purpose=TreatyPurpose.BENEFIT,
        role=Role.MERCHANT,
        acting=order.merchant.id,
        case_no=_name_case(order),
    )
    return _answer(home, order, begun, ask_for_merchant(home, wanted), tools, is_new=True)


def _name_case(order: VisitorOrder) -> str:
    """Name an order to the home city: whoever knows it can find the name again, and no number shows in it."""
    return str(UUID(bytes=sha256(f"{order.merchant.id}/{order.order_no}".encode()).digest()[:16]))


def _begin(
    session: Session, home: HomeCities, asked: VisitorOrder, tools: Tools, now: datetime
) -> _Visitor | Verification | Refusal:
    """Answer what needs no home city; otherwise count the question as a miss, which a benefit takes back."""
    earlier = _repeat(session, asked, tools, now)
    slowing = earlier or find_slowing(session, asked.merchant.id, {Miss.UNCONFIRMED_ASK}, now=now)
    if slowing is not None:
        return slowing
    offer = _find_offer(session, asked, tools, now)
    if offer is None:
        not_offered = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.NOT_OFFERED)
        return _keep(session, asked, not_offered, None, tools, now)
    if offer.exceeds(asked.amount_fen):
        return Refusal(ProblemCode.AMOUNT_REFUSED, {"limit_fen": offer.limit_fen})
    agreed = find_open_city(session, asked.home_city, now=now)
    if agreed is None or home.keys is None:
        return _keep(session, asked, _UNREACHABLE, offer, tools, now)
    count_as_miss(session, asked.merchant.id, Miss.UNCONFIRMED_ASK, now=now)
    if asked.scenario not in agreed.treaty.list_scenarios(home=agreed.partner.code, host=home.city):
        return _keep(session, asked, _NOT_AGREED, offer, tools, now)  # of nobody: the treaty says so to everybody
    subject_id = find_subject_id(session, asked.id_number, pseudonyms=home.pseudonyms)
    standing = list_entitlements(session, subject_id or NOBODY, now)
    is_entitled = any(each.scenario == asked.scenario and each.city == agreed.partner.code for each in standing)
    return _Visitor(subject_id, now, is_entitled)


def _answer(
    home: HomeCities, asked: VisitorOrder, visitor: _Visitor, told: Told | AskFault, tools: Tools, *, is_new: bool
) -> Verification | Refusal:
    """Answer by what the home city has `told`; unless that `is_new`, with a benefit or not at all (_NotYetError)."""

    def act(session: Session, now: datetime) -> Verification | Refusal:
        return _conclude(session, asked, visitor, told, tools, now, is_new=is_new)

    return _try(home, act)


def _try(home: HomeCities, act: Callable[[Session, datetime], _Done]) -> _Done | Refusal:
    """Do something in a transaction, and once more where another call took the merchant's key meanwhile."""
    for _ in range(_TRIES):
        try:
            with home.database.transaction() as session:
                return act(session, home.clock.now())
        except KeyTakenError:
            continue
    return Refusal(ProblemCode.ORDER_NO_REUSED)  # by a grant that no verification gave


def _conclude(
    session: Session,
    asked: VisitorOrder,
    visitor: _Visitor,
    told: Told | AskFault,
    tools: Tools,
    now: datetime,
    *,
    is_new: bool,
) -> Verification | Refusal:
    earlier = _repeat(session, asked, tools, now)
    if earlier is not None:
        return earlier
    offer = _find_offer(session, asked, tools, now)
    outcome = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.HOME_CITY_UNREACHABLE, subject_id=visitor.subject_id)
    if offer is None or offer.exceeds(asked.amount_fen):  # it ended while the home city was asked
        outcome = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.NOT_OFFERED, subject_id=visitor.subject_id)
    elif isinstance(told, Told):
        outcome = _weigh(session, asked, told.entitled or visitor.subject_id, told, offer, tools, now)
        if not is_new and outcome.answer is not Answer.GRANTED:
            raise _NotYetError
    if outcome.answer is not Answer.NOT_GRANTED:
        forgive_ask(session, asked.merchant.id, asked_at=visitor.asked_at)
    return _keep(session, asked, outcome, offer, tools, now)


def _weigh(
    session: Session,
    asked: VisitorOrder,
    subject_id: UUID | None,
    told: Told,
    offer: Offer,
    tools: Tools,
    now: datetime,
) -> Outcome:
    """Judge whom the home city has said yes to; after a no nobody is looked at any more, known here or not."""
    judgement = Judgement(Bar.NOT_ENTITLED, None)
    if told.entitled is not None:
        order = Order(
            order_no=asked.order_no, amount_fen=asked.amount_fen, via=Via.VISITOR, clerk=asked.merchant.acting
        )
        judgement = judge(session, told.entitled, offer, order, consents=False, tools=tools, now=now)
    if isinstance(judgement.outcome, Grant):
        return Outcome(answer=Answer.GRANTED, subject_id=subject_id, judgement=judgement)
    if judgement.outcome is Shortage.ORDER_TAKEN:
        raise KeyTakenError
    return Outcome(answer=Answer.NOT_GRANTED, reason=Reason.NOT_AVAILABLE, subject_id=subject_id, judgement=judgement)


def _find_offer(session: Session, asked: VisitorOrder, tools: Tools, now: datetime) -> Offer | None:
    return find_offer(session, asked.merchant.id, asked.scenario, catalogue=tools.find_catalogue(now), now=now)


def _repeat(session: Session, asked: VisitorOrder, tools: Tools, now: datetime) -> Verification | Refusal | None:
    row = find_verification(session, asked.merchant.id, asked.order_no)
    if row is None:
        return None
    return find_reuse(row, asked.digests) or show_verification(row, tools.benefits.editions, now=now)


def _keep(
    session: Session, asked: VisitorOrder, outcome: Outcome, offer: Offer | None, tools: Tools, now: datetime
) -> Verification:
    """Keep the answer and note the look; the answer may leave when both are committed."""
    catalogue = tools.find_catalogue(now)
    row = make_row(asked, outcome, offer, None if catalogue is None else catalogue.version, now)
    if not add_verification(session, row, make_scan_look(asked, outcome, offer, row, now)):
        raise KeyTakenError
    return show_verification(VerificationRow(**row), tools.benefits.editions, now=now)
