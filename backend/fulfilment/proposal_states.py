"""The life of a proposed record, as one table: which turn leads from which state to which, and nothing else does.

proposed -> answered -> (objected -> answered) -> counted | dismissed | withdrawn
any open state -> paid, the moment the merchant settles the grant; -> lapsed, when nobody counted it in time
A further document opens an answered one anew, one under an objection once that is decided: what nobody could speak to
is spoken to. An objection that was made before payment or lapse is decided on all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from backend.clock import today
from scoring.days import end_of

ANSWER_DAYS = 15
# What is left to pay in, at the least, for somebody whose objection was not right.
PAYING_DAYS = 5
# Nobody lives under a threat for ever: who has no confirmation by then has none.
LASTING = timedelta(days=365)
SETTLED = "settled"


class State(StrEnum):
    """Where a proposal stands. `paid` and `lapsed` are told by the grant and the clock, and stand in no row."""

    PROPOSED = "proposed"
    ANSWERED = "answered"
    OBJECTED = "objected"
    PAID = "paid"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    DISMISSED = "dismissed"
    COUNTED = "counted"


class Turn(StrEnum):
    """What can be done with one: by the person, the merchant, or the steward."""

    ANSWER = "answer"
    OBJECT = "object"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    VERIFY = "verify"
    KEEP = "keep"
    DISMISS = "dismiss"
    COUNT = "count"


class ReportState(StrEnum):
    """Where a report stands, as its merchant is told: how it ended is a matter between person and credit centre."""

    PROPOSED = "proposed"
    ANSWERED = "answered"
    OBJECTED = "objected"
    PAID = "paid"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a proposal ended; `withdrawn_under_objection` and `objection_upheld` are false reports."""

    COUNTED = "counted"
    WITHDRAWN = "withdrawn"
    WITHDRAWN_UNDER_OBJECTION = "withdrawn_under_objection"
    OBJECTION_UPHELD = "objection_upheld"
    NOT_ADMITTED = "not_admitted"
    NOT_PURSUED = "not_pursued"


OPEN = frozenset({State.PROPOSED, State.ANSWERED, State.OBJECTED})
TURNS: Mapping[tuple[State, Turn], State] = MappingProxyType(
    {
        (State.PROPOSED, Turn.ANSWER): State.ANSWERED,
        (State.PROPOSED, Turn.OBJECT): State.OBJECTED,
        (State.ANSWERED, Turn.OBJECT): State.OBJECTED,
        (State.PROPOSED, Turn.CONFIRM): State.PROPOSED,
        (State.ANSWERED, Turn.CONFIRM): State.PROPOSED,
        (State.OBJECTED, Turn.CONFIRM): State.OBJECTED,
        (State.PROPOSED, Turn.VERIFY): State.PROPOSED,
        (State.ANSWERED, Turn.VERIFY): State.ANSWERED,
        (State.OBJECTED, Turn.VERIFY): State.OBJECTED,
        (State.OBJECTED, Turn.KEEP): State.ANSWERED,
        (State.PROPOSED, Turn.WITHDRAW): State.WITHDRAWN,
        (State.ANSWERED, Turn.WITHDRAW): State.WITHDRAWN,
        (State.OBJECTED, Turn.WITHDRAW): State.WITHDRAWN,
        (State.PROPOSED, Turn.DISMISS): State.DISMISSED,
        (State.ANSWERED, Turn.DISMISS): State.DISMISSED,
        (State.OBJECTED, Turn.DISMISS): State.DISMISSED,
        (State.PROPOSED, Turn.COUNT): State.COUNTED,
        (State.ANSWERED, Turn.COUNT): State.COUNTED,
    }
)


def find_state(kept: str, *, grant_state: str, lapses_at: datetime, now: datetime) -> State:
    """Find where a proposal stands now: an open one is paid when its grant was settled, and lapses by itself."""
    state = State(kept)
    if state not in OPEN:
        return state
    if grant_state == SETTLED:
        return State.PAID
    return State.LAPSED if now >= lapses_at else state


def take_turn(state: State, turn: Turn, *, kept: str) -> State | None:
    """Give the state that a turn leads to; None where the turn cannot be taken.

    `kept` is the state in the row: no merchant gets rid of an objection by calling it paid, or by waiting.
    """
    if kept == State.OBJECTED and turn in {Turn.KEEP, Turn.DISMISS}:
        state = State.OBJECTED
    return TURNS.get((state, turn))


def hide_end(state: State) -> ReportState:
    """Give a state as the merchant is told it."""
    told = {each.value for each in ReportState}
    return ReportState(state.value) if state.value in told else ReportState.CLOSED


def find_deadline(now: datetime, days: int) -> datetime:
    """Find the last moment of the day of the city that lies a number of whole days after today."""
    return end_of(today(now) + timedelta(days=days))
