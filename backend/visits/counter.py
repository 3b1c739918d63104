"""A visitor at the counter: a merchant asks by the number of the id, and what counts is the word of the home city.

The consent is the one given at home. A merchant is told of a benefit, or `not_granted`: the same for whoever is unknown
at home, stands low there, has not consented, or gets nothing here. Every such no has asked the home city, whatever was
known before, and has cost the same statements: who is not known, or is not entitled, is stood in for by nobody. Where
that city has told us nothing, the merchant hears so and makes the ordinary offer.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason, Verification, find_reuse, show_verification
from backend.benefits.judging import Bar, Judgement, Offer, Order, Tools, find_offer, judge
from backend.benefits.nobody import NOBODY, find_or_add_nobody
from backend.benefits.probing import Miss, count_as_miss, find_slowing, forgive_ask
from backend.benefits.scans import Outcome, make_row, make_scan_look
from backend.benefits.verification import KeyTakenError
from backend.benefits.verification_tables import VerificationRow, add_verification, find_verification
from backend.benefits.visitor_tables import is_entitled
from backend.grants.grant import Grant, Shortage, Via
from backend.merchants.tables import find_merchant_names
from backend.partners.open_cities import find_open_city
from backend.partners.shown_texts import show_name
from backend.storage.database import StorageUnavailableError
from backend.visits.ask_tables import JustAsked, begin_ask, find_ask, find_outcome, leave_ask
from backend.visits.calling import AskFault
from backend.visits.counter_asking import COUNTER_SECONDS, Told, ask_for_merchant
from backend.visits.home_cities import HomeCities
from backend.visits.repeated_asks import repeat_outcome, still_holds, wait_for_answer
from backend.visits.visitor_orders import VisitorOrder, make_question
from backend.web.problems import ProblemCode, Refusal

_TRIES = 2
_Done = TypeVar("_Done")
_UNREACHABLE = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.HOME_CITY_UNREACHABLE)
_NOT_OFFERED = Outcome(answer=Answer.CANNOT_SAY, reason=Reason.NOT_OFFERED)
_NOT_AGREED = Outcome(answer=Answer.NOT_GRANTED, reason=Reason.NOT_AVAILABLE)


class _Visitor(NamedTuple):
    """Whom it is about, `NOBODY` for whoever is not known, since when it is a miss, and what the merchant is called."""

    subject_id: UUID
    asked_at: datetime
    merchant_name: str


class _Earlier(NamedTuple):
    """The order under which the merchant asks the same in another call, which is not answered yet."""

    order_no: str


def verify_visitor(home: HomeCities, order: VisitorOrder, *, tools: Tools) -> Verification | Refusal:
    """Answer a merchant about a visitor within two seconds: `granted`, `not_granted` or `cannot_say`.

    The same order gets the same answer for ever, and so does the same asked under another order within moments, as
    long as that still holds.
    Refusals: `order_no_reused`, `amount_refused`, `too_many_misses`. Raises StorageUnavailableError. No transaction may
    be open.
    """
    begun, rest_s = _begin_in_turn(home, order, tools)
    if not isinstance(begun, _Visitor):
        return begun
    answered = None
    try:
        question = make_question(order, begun.subject_id, acting_name=begun.merchant_name)
        told = ask_for_merchant(home, question, deadline_seconds=min(rest_s, COUNTER_SECONDS))
        answered = _try(home, lambda session, now: _conclude(session, order, begun, told, tools, now))
        return answered
    finally:
        # Nor does it stand that nobody could say: the home city may be back in a moment.
        if not isinstance(answered, Verification) or answered.answer is Answer.CANNOT_SAY:
            _give_up(home, order)


def _begin_in_turn(
    home: HomeCities, order: VisitorOrder, tools: Tools
) -> tuple[_Visitor | Verification | Refusal, float]:
    """Begin when nobody else asks the same; what is not answered in time is as if the home city had told nothing.

    Gives also how many seconds there are to ask it.
    """
    begun = _try(home, lambda session, now: _begin(session, home, order, tools, now))
    if not isinstance(begun, _Earlier):
        return begun, COUNTER_SECONDS
    rest_s, first = wait_for_answer(home, order.merchant.id, begun.order_no), begun.order_no
    if rest_s is not None:
        begun = _try(home, lambda session, now: _begin(session, home, order, tools, now, after=first))
    if not isinstance(begun, _Earlier):
        return begun, rest_s or COUNTER_SECONDS
    return _try(home, lambda session, now: _keep_unanswered(session, home, order, tools, now)), 0


def _give_up(home: HomeCities, order: VisitorOrder) -> None:
    """Let the same be asked again at once, as far as the database lets us: otherwise it may be in a moment."""
    with suppress(StorageUnavailableError), home.database.transaction() as session:
        leave_ask(session, order.merchant.id, order.digests, order.order_no)


def _begin(
    session: Session, home: HomeCities, asked: VisitorOrder, tools: Tools, now: datetime, *, after: str | None = None
) -> _Visitor | _Earlier | Verification | Refusal:
    """Answer what needs no home city; otherwise count the question as a miss, which a benefit takes back.

    `after` is the order that was waited for, which has the same to say also when nobody else may ask so any more.
    """
    earlier = _repeat(session, asked, tools, now) or _repeat_earlier(session, asked, tools, now, after=after)
    earlier = earlier or find_slowing(session, asked.merchant.id, {Miss.UNCONFIRMED_ASK}, now=now)
    if earlier is not None:
        return earlier
    offer = _find_offer(session, asked, tools, now)
    if offer is None:
        return _keep(session, asked, _NOT_OFFERED, None, tools, now)
    if offer.exceeds(asked.amount_fen):
        return Refusal(ProblemCode.AMOUNT_REFUSED, {"limit_fen": offer.limit_fen})
    return _look_here(session, home, asked, offer, tools, now)


def _look_here(
    session: Session, home: HomeCities, asked: VisitorOrder, offer: Offer, tools: Tools, now: datetime
) -> _Visitor | Verification:
    """Answer of what an earlier yes of the home city still gives; what comes to nothing so has to be asked there."""
    agreed = find_open_city(session, asked.home_city, now=now)
    if agreed is None or home.keys is None:
        return _keep(session, asked, _UNREACHABLE, offer, tools, now)
    if asked.scenario not in agreed.treaty.list_scenarios(home=agreed.partner.code, host=home.city):
        answer = _keep(session, asked, _NOT_AGREED, offer, tools, now)  # of nobody: the treaty says so to everybody
        count_as_miss(session, asked.merchant.id, Miss.UNCONFIRMED_ASK, now=now)
        return answer
    if not begin_ask(session, asked.merchant.id, asked.digest, asked.order_no, now=now):
        raise KeyTakenError  # by a call at the same time, which is found now
    name = find_merchant_names(session, [asked.merchant.id]).get(asked.merchant.id)
    visitor = _Visitor(_find_visitor(session, home, asked, now), now, show_name(name, asked.merchant.id))
    stands = is_entitled(session, visitor.subject_id, asked.scenario, city=agreed.partner.code, now=now)
    outcome = _weigh(session, asked, visitor, visitor.subject_id if stands else None, offer, tools, now)
    if outcome.answer is Answer.GRANTED:
        return _keep(session, asked, outcome, offer, tools, now)
    # Last of all, as everywhere: all calls of a merchant meet there, and some come from what others of them wait for.
    count_as_miss(session, asked.merchant.id, Miss.UNCONFIRMED_ASK, now=now)
    return visitor


def _repeat_earlier(
    session: Session, asked: VisitorOrder, tools: Tools, now: datetime, *, after: str | None
) -> _Earlier | Verification | None:
    """Answer as the call that asked the same a moment ago was answered; None where there is none, or it holds no more.

    Gives that call where it is not answered yet.
    """
    merchant = asked.merchant.id
    found = find_ask(session, merchant, asked.digests, now=now)
    if found is None and after is not None:
        found = JustAsked(after, is_undone=False)
    if found is None:
        return None
    first = find_outcome(session, merchant, found.order_no)
    if first is None:
        return _Earlier(found.order_no)
    offer = _find_offer(session, asked, tools, now)
    # Under the same order something else may have been asked meanwhile: what came of that is told to nobody here.
    is_another = first["digest"] not in asked.digests
    if found.is_undone or is_another or not still_holds(session, asked, first, offer, tools=tools, now=now):
        leave_ask(session, merchant, asked.digests, found.order_no)
        return None
    row, outcome = repeat_outcome(first, asked, now)
    return _add(session, row, make_scan_look(asked, outcome, offer, row, now), tools, now)


def _keep_unanswered(
    session: Session, home: HomeCities, asked: VisitorOrder, tools: Tools, now: datetime
) -> Verification | Refusal:
    same = _repeat(session, asked, tools, now)
    if same is not None:
        return same
    outcome = replace(_UNREACHABLE, subject_id=_find_visitor(session, home, asked, now))
    return _keep(session, asked, outcome, _find_offer(session, asked, tools, now), tools, now)


def _find_visitor(session: Session, home: HomeCities, asked: VisitorOrder, now: datetime) -> UUID:
    digests = [index.digest for index in home.pseudonyms.all_indexes(asked.id_number)]
    return find_or_add_nobody(session, digests, pseudonyms=home.pseudonyms, sealer=home.sealer, now=now)


def _try(home: HomeCities, act: Callable[[Session, datetime], _Done]) -> _Done | Refusal:
    """Do something in a transaction, and once more where another call took the merchant's key meanwhile."""
    for _ in range(_TRIES):
        try:
            with home.database.transaction() as session:
                return act(session, home.clock.now())
        except KeyTakenError:
            continue
    return Refusal(ProblemCode.ORDER_NO_REUSED)  # by a grant that no verification gave, or others each time anew


def _conclude(
    session: Session,
    asked: VisitorOrder,
    visitor: _Visitor,
    told: Told | AskFault,
    tools: Tools,
    now: datetime,
) -> Verification | Refusal:
    """Answer by what the home city has `told`."""
    earlier = _repeat(session, asked, tools, now)
    if earlier is not None:
        return earlier
    offer = _find_offer(session, asked, tools, now)
    outcome = replace(_UNREACHABLE, subject_id=visitor.subject_id)
    if offer is None or offer.exceeds(asked.amount_fen):  # it ended while the home city was asked
        outcome = replace(_NOT_OFFERED, subject_id=visitor.subject_id)
    elif isinstance(told, Told):
        outcome = _weigh(session, asked, visitor, told.entitled, offer, tools, now)
    answer = _keep(session, asked, outcome, offer, tools, now)
    if outcome.answer is not Answer.NOT_GRANTED:
        forgive_ask(session, asked.merchant.id, asked_at=visitor.asked_at)
    return answer


def _weigh(
    session: Session,
    asked: VisitorOrder,
    visitor: _Visitor,
    entitled: UUID | None,
    offer: Offer,
    tools: Tools,
    now: datetime,
) -> Outcome:
    """Judge whom the home city has said yes to; without a yes nobody is judged in the visitor's place, with a no."""
    subject_id = entitled or visitor.subject_id
    order = Order(order_no=asked.order_no, amount_fen=asked.amount_fen, via=Via.VISITOR, clerk=asked.merchant.acting)
    judgement = judge(session, entitled or NOBODY, offer, order, consents=False, tools=tools, now=now)
    if entitled is None:
        judgement = Judgement(Bar.NOT_ENTITLED, None)
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
    """Keep the answer and note the look, for whoever is not known at nobody."""
    catalogue = tools.find_catalogue(now)
    row = make_row(asked, outcome, offer, None if catalogue is None else catalogue.version, now)
    row["subject_id"] = None if row["subject_id"] == NOBODY else row["subject_id"]
    return _add(session, row, make_scan_look(asked, outcome, offer, row, now), tools, now)


def _add(
    session: Session, row: dict[str, Any], look: dict[str, Any] | None, tools: Tools, now: datetime
) -> Verification:
    """Add an answer and a look; the answer may leave when both are committed."""
    if not add_verification(session, row, look):
        raise KeyTakenError
    return show_verification(VerificationRow(**row), tools.benefits.editions, now=now)
