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
from backend.benefits.judging import Judgement, Offer, Order, Tools, find_offer, judge
from backend.benefits.probing import Miss, count_as_miss, find_slowing, forgive_ask
from backend.benefits.scans import Outcome, digest_question, make_row, make_scan_look
from backend.benefits.verification import KeyTakenError
from backend.benefits.verification_tables import VISITOR, VerificationRow, add_verification, find_verification
from backend.benefits.visitor_tables import list_entitlements
from backend.gateways.pseudonyms import Pseudonyms
from backend.grants.grant import Grant, Shortage, Via
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import find_or_add_subject
from backend.principals import Principal
from backend.visits.asking import COUNTER_SECONDS, ask_home
from backend.visits.calling import AskFault
from backend.visits.home_cities import HomeCities
from backend.visits.questions import HomeAsk, find_agreed
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
    """Whom it is about, since when that counts as a miss, and whether a yes of the home city still stands."""

    subject_id: UUID
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
            return _answer(home, order, begun, None, tools)
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
    return _answer(home, order, begun, ask_home(home, wanted, deadline_seconds=COUNTER_SECONDS), tools)


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
    agreed = find_agreed(session, asked.home_city, now=now)
    if agreed is None or home.keys is None:
        return _keep(session, asked, _UNREACHABLE, offer, tools, now)
    count_as_miss(session, asked.merchant.id, Miss.UNCONFIRMED_ASK, now=now)
    if asked.scenario not in agreed.treaty.list_scenarios(home=agreed.partner.code, host=home.city):
        return _keep(session, asked, _NOT_AGREED, offer, tools, now)  # of nobody: the treaty says so to everybody
    subject = find_or_add_subject(
        session,
        kind=SubjectKind.NATURAL_PERSON,
        identity_number=asked.id_number,
        name=None,
        verified=False,
        pseudonyms=home.pseudonyms,
        sealer=home.sealer,
        now=now,
    )
    standing = list_entitlements(session, subject.subject_id, now)
    is_entitled = any(each.scenario == asked.scenario and each.city == agreed.partner.code for each in standing)
    return _Visitor(subject.subject_id, now, is_entitled)


def _answer(
    home: HomeCities, asked: VisitorOrder, visitor: _Visitor, told: UUID | AskFault | None, tools: Tools
) -> Verification | Refusal:
    """Answer by what the home city has `told` (None: by what it said before, and then with a benefit or not at all)."""
    return _try(home, lambda session, now: _conclude(session, asked, visitor, told, tools, now))


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
    session: Session, asked: VisitorOrder, visitor: _Visitor, told: UUID | AskFault | None, tools: Tools, now: datetime
) -> Verification | Refusal:
    earlier = _repeat(session, asked, tools, now)
    if earlier is not None:
        return earlier
    offer = _find_offer(session, asked, tools, now)
    outcome = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.HOME_CITY_UNREACHABLE, subject_id=visitor.subject_id)
    if offer is None or offer.exceeds(asked.amount_fen):  # it ended while the home city was asked
        outcome = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.NOT_OFFERED, subject_id=visitor.subject_id)
    elif not isinstance(told, AskFault):
        order = Order(
            order_no=asked.order_no, amount_fen=asked.amount_fen, via=Via.VISITOR, clerk=asked.merchant.acting
        )
        judgement = judge(session, visitor.subject_id, offer, order, consents=False, tools=tools, now=now)
        outcome = _weigh(visitor.subject_id, judgement)
        if told is None and outcome.answer is not Answer.GRANTED:
            raise _NotYetError
    if outcome.answer is not Answer.NOT_GRANTED:
        forgive_ask(session, asked.merchant.id, asked_at=visitor.asked_at)
    return _keep(session, asked, outcome, offer, tools, now)


def _weigh(subject_id: UUID, judgement: Judgement) -> Outcome:
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
