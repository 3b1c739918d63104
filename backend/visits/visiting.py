"""A visitor who is signed in here: what the home city says about him, asked for by himself or brought as a card.

Nobody needs an account for that. What stands is used again without asking; what is over, or was forgotten, is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import Entitlement, list_entitlements, list_live_sources
from backend.merchants.tables import find_merchant_names
from backend.partners.open_cities import find_open_city, hold_treaty
from backend.partners.partners import list_partners
from backend.partners.protocol import MOST_SCENARIOS
from backend.people.subjects import identify_subject
from backend.people.tables import lock_subject
from backend.visits.answer_reading import Asked
from backend.visits.asking import VISITOR_SECONDS, ask_home, keep_said, make_question_row
from backend.visits.calling import AskFault
from backend.visits.endings import Ended, end_answer
from backend.visits.home_cities import HomeCities
from backend.visits.questions import ACTING_VISITOR, HomeAsk
from backend.visits.score_cards import ScoreCard, ScoreCardError, read_score_card
from backend.visits.tables import (
    ANSWERED,
    ASKED,
    HomeQuestionRow,
    add_question,
    find_kept_answer,
    find_question_of,
    hold_open,
    list_questions,
)
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Role, Scope, TreatyPurpose

RETRY_AFTER_S = 10


class VisitState(StrEnum):
    """How an answer stands: `nothing` was said, `failed` is a question without an answer that counts."""

    STANDING = "standing"
    SUSPENDED = "suspended"
    NOTHING = "nothing"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a home city was asked about a person and said; `entitlements` are those that hold now.

    `acting_name` is what the merchant who asked is called.
    """

    question_id: UUID
    home_city: str
    home_city_title: str
    via: str
    scope: Scope
    purpose: TreatyPurpose
    role: Role
    acting: str | None
    acting_name: str | None
    asked_at: datetime
    state: VisitState
    until: datetime | None
    ended_at: datetime | None
    ended_because: Ended | None
    entitlements: tuple[Entitlement, ...] = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)


def begin_visit(home: HomeCities, subject_id: UUID, *, home_city: str, scope: Scope) -> Visit | Refusal:
    """Ask the home city of a person who is signed in, unless what it said before still stands.

    Entitlements are asked for to be used, all that the treaty has; everything else is for the person to see. Refusals:
    `exchange_off`, `city_not_found`, `not_in_treaty`, `home_city_unreachable`. No transaction may be open.
    """
    now = home.clock.now()
    with home.database.reading() as session:
        agreed = find_open_city(session, home_city, now=now)
        if agreed is None:
            return Refusal(ProblemCode.CITY_NOT_FOUND)
        kept = find_kept_answer(
            session, subject_id, partner=home_city, treaty_version=agreed.treaty.version, scope=scope.value, now=now
        )
        if kept is not None:
            return _show_all(session, subject_id, [kept], now)[0]
        number = identify_subject(session, subject_id, sealer=home.sealer).number
    purpose = TreatyPurpose.BENEFIT if scope is Scope.ENTITLEMENT else TreatyPurpose.OWN_VIEW
    agreed_on = agreed.treaty.list_scenarios(home=home_city, host=home.city)
    scenarios = agreed_on[:MOST_SCENARIOS] if scope is Scope.ENTITLEMENT else ()
    if scope not in agreed.treaty.scopes or purpose not in agreed.treaty.purposes:
        return Refusal(ProblemCode.NOT_IN_TREATY)
    wanted = HomeAsk(
        home_city=home_city,
        subject_id=subject_id,
        id_number=number,
        scope=scope,
        scenarios=scenarios,
        purpose=purpose,
        role=Role.CITIZEN,
        acting=ACTING_VISITOR,
        case_no=f"visit-{now:%Y%m%d}",
    )
    told = ask_home(home, wanted, deadline_seconds=VISITOR_SECONDS)
    if isinstance(told, AskFault):
        return _refuse(told)
    with home.database.reading() as session:
        return read_visit(session, subject_id, told, now=home.clock.now())


def present_score_card(home: HomeCities, session: Session, subject_id: UUID, text: str) -> Visit | Refusal:
    """Take a score card that a person brings; presented again it gets the same.

    Refusals: `exchange_off`, `score_card_refused`.
    """
    if home.keys is None:
        return Refusal(ProblemCode.EXCHANGE_OFF)
    now = home.clock.now()
    number = identify_subject(session, subject_id, sealer=home.sealer).number
    try:
        card = read_score_card(
            session,
            text,
            city=home.city,
            id_number=number,
            keys=home.keys,
            now=now,
            machine_now=home.clock.machine_now(),
        )
    except ScoreCardError:
        return Refusal(ProblemCode.SCORE_CARD_REFUSED)
    # First the place, then the person: so does whoever withdraws it, and he waits until it is there to be ended.
    if not hold_open(session, card.home_city, card.card_id, now=now):
        return Refusal(ProblemCode.SCORE_CARD_REFUSED)
    lock_subject(session, subject_id)
    if not hold_treaty(session, card.home_city, card.treaty, now=now):
        return Refusal(ProblemCode.SCORE_CARD_REFUSED)
    if add_question(session, _make_card_row(card, subject_id, host=home.city, id_number=number, now=now)):
        row = find_question_of(session, subject_id, card.card_id)
        if row is None:
            raise LookupError(f"card {card.card_id} was added and is not there")
        keep_said(session, row, card.said, card.treaty, said_at=card.made_at, now=now)
    row = find_question_of(session, subject_id, card.card_id)
    if row is None or (row.via, row.partner) != ("card", card.home_city):
        return Refusal(ProblemCode.SCORE_CARD_REFUSED)  # its id is that of a question, or of somebody else's card
    return _show_all(session, subject_id, [row], now)[0]


def list_visits(
    session: Session, subject_id: UUID, *, before: UUID | None = None, limit: int, now: datetime
) -> list[Visit]:
    """List at most `limit` questions about a person to home cities, and what stands of them, the newest first.

    With `before` those behind that question.
    """
    return _show_all(session, subject_id, list_questions(session, subject_id, before=before, limit=limit), now)


def read_visit(session: Session, subject_id: UUID, question_id: UUID, *, now: datetime) -> Visit | Refusal:
    """Read one; a Refusal `visit_not_found`."""
    row = find_question_of(session, subject_id, question_id)
    return Refusal(ProblemCode.VISIT_NOT_FOUND) if row is None else _show_all(session, subject_id, [row], now)[0]


def forget_visit(session: Session, subject_id: UUID, question_id: UUID, *, now: datetime) -> Visit | Refusal:
    """Forget here what a home city said, and end what it entitled to; `visit_not_found`.

    What is in use goes on, what ended stays as it is. The home city is not told: nothing there changes by it.
    """
    lock_subject(session, subject_id)
    row = find_question_of(session, subject_id, question_id)
    if row is None:
        return Refusal(ProblemCode.VISIT_NOT_FOUND)
    end_answer(session, row, Ended.FORGOTTEN, now=now)
    return _show_all(session, subject_id, [row], now)[0]


def _refuse(fault: AskFault) -> Refusal:
    codes = {
        AskFault.OFF: ProblemCode.EXCHANGE_OFF,
        AskFault.TREATY_NOT_IN_FORCE: ProblemCode.CITY_NOT_FOUND,
        AskFault.REFUSED: ProblemCode.HOME_CITY_REFUSED,
    }
    code = codes.get(fault)
    if code is None:
        return Refusal(ProblemCode.HOME_CITY_UNREACHABLE, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Refusal(code)


def _make_card_row(card: ScoreCard, subject_id: UUID, *, host: str, id_number: str, now: datetime) -> dict[str, Any]:
    wanted = HomeAsk(
        home_city=card.home_city,
        subject_id=subject_id,
        id_number=id_number,
        scope=card.scope,
        purpose=card.purpose,
        role=Role.CITIZEN,
        acting=ACTING_VISITOR,
        case_no=str(card.card_id),
    )
    asked = Asked(
        question_id=card.card_id, home=card.home_city, host=host, treaty=card.treaty, scope=card.scope, scenarios=()
    )
    return {**make_question_row(wanted, asked), "via": "card", "state": ASKED, "asked_at": now}


def _show_all(session: Session, subject_id: UUID, rows: Sequence[HomeQuestionRow], now: datetime) -> list[Visit]:
    titles = {partner.code: partner.title for partner in list_partners(session)}
    merchants = find_merchant_names(session, {row.acting for row in rows if row.acting and row.role == Role.MERCHANT})
    sources, entitlements = list_live_sources(session, now), list_entitlements(session, subject_id, now)
    return [
        _show(
            row,
            titles.get(row.partner, row.partner),
            [each for each in entitlements if each.question_id == row.question_id],
            merchant=merchants.get(row.acting or ""),
            is_live=(row.treaty_id, row.treaty_version) in sources,
            now=now,
        )
        for row in rows
    ]


def _show(
    row: HomeQuestionRow,
    title: str,
    entitlements: Sequence[Entitlement],
    *,
    merchant: str | None,
    is_live: bool,
    now: datetime,
) -> Visit:
    state = _find_state(row, is_live=is_live, now=now)
    is_outlived = state is VisitState.ENDED and row.ended_at is None
    return Visit(
        question_id=row.question_id,
        home_city=row.partner,
        home_city_title=title,
        via=row.via,
        scope=Scope(row.scope),
        purpose=TreatyPurpose(row.purpose),
        role=Role(row.role),
        acting=row.acting,
        acting_name=merchant,
        asked_at=row.asked_at,
        state=state,
        until=row.until,
        ended_at=row.until if is_outlived else row.ended_at,
        ended_because=Ended.OUTLIVED if is_outlived else _read_end(row),
        entitlements=tuple(entitlements),
        content=row.content or {} if state is VisitState.STANDING else {},
    )


def _read_end(row: HomeQuestionRow) -> Ended | None:
    return None if row.ended_because is None else Ended(row.ended_because)


def _find_state(row: HomeQuestionRow, *, is_live: bool, now: datetime) -> VisitState:
    if row.ended_at is not None or (row.until is not None and row.until <= now):
        return VisitState.ENDED
    if row.state != ANSWERED:
        return VisitState.FAILED
    if row.content is None:
        return VisitState.NOTHING
    return VisitState.STANDING if is_live else VisitState.SUSPENDED
