"""What a merchant or the person does with a grant after it was given, each wrong turn refused by a code of its own.

The same turn with the same amount again changes nothing and gets the same answer. Terminal states never change, with
one exception: what was broken is settled when the person pays after all.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.grants.changes import Change, apply_change, end
from backend.grants.due import see_grants, settle_grants
from backend.grants.grant import OPEN, Actor, Grant, GrantState, Turn, list_shared_places
from backend.grants.places import hold_account, hold_places
from backend.grants.queries import (
    find_grant,
    find_held_grant,
    hold_account_of_grant,
    list_moments,
    list_open_grants,
)
from backend.web.problems import ProblemCode, Refusal

# What is wrong about a grant in a state, for a turn that it does not allow.
_STATE_REFUSALS: Mapping[str, ProblemCode] = MappingProxyType(
    {
        GrantState.RESERVED: ProblemCode.GRANT_NOT_STARTED,
        GrantState.IN_USE: ProblemCode.GRANT_ALREADY_STARTED,
        GrantState.OVERDUE: ProblemCode.GRANT_OVERDUE,
        GrantState.COMPLETED: ProblemCode.GRANT_ALREADY_COMPLETED,
        GrantState.CANCELLED: ProblemCode.GRANT_ALREADY_CANCELLED,
        GrantState.EXPIRED: ProblemCode.GRANT_ALREADY_EXPIRED,
        GrantState.SETTLED: ProblemCode.GRANT_ALREADY_SETTLED,
        GrantState.BROKEN: ProblemCode.GRANT_ALREADY_BROKEN,
    }
)


class Mover(NamedTuple):
    """Who moves a grant: a merchant one of its own, a citizen one of his own, an officer any."""

    by: Actor
    merchant: str | None = None
    subject_id: UUID | None = None
    clerk: str | None = None


_Move = Callable[[Grant, datetime], Grant | Refusal]


def start(session: Session, grant_id: UUID, mover: Mover, *, now: datetime) -> Grant | Refusal:
    """Begin to use what is reserved: it lasts for as long as the scenario says, then it is overdue.

    Where its merchant lets it be, time ends that too, so that nobody is barred for ever by a merchant's silence.
    """

    def move(grant: Grant, at: datetime) -> Grant | Refusal:
        if grant.state == GrantState.IN_USE:
            return grant
        if grant.state != GrantState.RESERVED:
            return _refuse(grant)
        ends_at = at + timedelta(days=grant.lasting_days)
        closes_at = ends_at + timedelta(days=grant.overdue_days)
        return replace(
            grant, state=GrantState.IN_USE, started_at=at, ends_at=ends_at, due_at=ends_at, closes_at=closes_at
        )

    return _turn(session, grant_id, mover, Turn.START, move, now=now)


def lower(session: Session, grant_id: UUID, mover: Mover, held_fen: int, *, now: datetime) -> Grant | Refusal:
    """Hold no more than `held_fen` from now on; `amount_not_lower` for more than is held."""

    def move(grant: Grant, _at: datetime) -> Grant | Refusal:
        if grant.state not in OPEN:
            return _refuse(grant)
        if held_fen > grant.held_fen:
            return _refuse(grant, ProblemCode.AMOUNT_NOT_LOWER)
        return replace(grant, held_fen=held_fen)

    return _turn(session, grant_id, mover, Turn.LOWER, move, amount_fen=held_fen, now=now)


def complete(session: Session, grant_id: UUID, mover: Mover, final_fen: int, *, now: datetime) -> Grant | Refusal:
    """End what is in use: the person paid `final_fen` to the merchant (0: all well), and everything is released."""

    def move(grant: Grant, at: datetime) -> Grant | Refusal:
        if grant.state == GrantState.COMPLETED and grant.final_fen == final_fen:
            return grant
        if grant.state != GrantState.IN_USE:
            return _refuse(grant)
        return _end_with(grant, GrantState.COMPLETED, final_fen, grant.held_fen, at)

    return _turn(session, grant_id, mover, Turn.COMPLETE, move, amount_fen=final_fen, now=now)


def cancel(session: Session, grant_id: UUID, mover: Mover, *, now: datetime) -> Grant | Refusal:
    """Let go of what is reserved, or (merchants) in use, as if it had never been: its places are free again."""

    def move(grant: Grant, at: datetime) -> Grant | Refusal:
        if grant.state == GrantState.CANCELLED:
            return grant
        if grant.state == GrantState.RESERVED or (grant.state == GrantState.IN_USE and mover.by is not Actor.CITIZEN):
            return end(grant, GrantState.CANCELLED, final_fen=None, now=at)
        return _refuse(grant)

    return _turn(session, grant_id, mover, Turn.CANCEL, move, now=now)


def settle(session: Session, grant_id: UUID, mover: Mover, final_fen: int, *, now: datetime) -> Grant | Refusal:
    """End what is overdue, or was broken, now that the person has returned it or paid `final_fen`."""

    def move(grant: Grant, at: datetime) -> Grant | Refusal:
        if grant.state == GrantState.SETTLED and grant.final_fen == final_fen:
            return grant
        if grant.state not in {GrantState.OVERDUE, GrantState.BROKEN}:
            return _refuse_early(grant)
        return _end_with(grant, GrantState.SETTLED, final_fen, grant.held_fen + grant.broken_fen, at)

    return _turn(session, grant_id, mover, Turn.SETTLE, move, amount_fen=final_fen, now=now)


def break_(session: Session, grant_id: UUID, mover: Mover, final_fen: int, *, now: datetime) -> Grant | Refusal:
    """End what is overdue as a promise not kept, with `final_fen` owed; that counts against the limit until settled."""

    def move(grant: Grant, at: datetime) -> Grant | Refusal:
        if grant.state == GrantState.BROKEN and grant.final_fen == final_fen:
            return grant
        if grant.state != GrantState.OVERDUE:
            return _refuse_early(grant)
        return _end_with(grant, GrantState.BROKEN, final_fen, grant.held_fen, at)

    return _turn(session, grant_id, mover, Turn.BREAK, move, amount_fen=final_fen, now=now)


def look_at(session: Session, grant_id: UUID, mover: Mover, *, now: datetime) -> Grant | Refusal:
    """Give a grant as it stands at `now`, to whoever may move it; nothing is written."""
    grant = find_grant(session, grant_id, merchant=mover.merchant, subject_id=mover.subject_id)
    if grant is None:
        return Refusal(ProblemCode.GRANT_NOT_FOUND)
    return see_grants(session, [grant], now=now)[0]


def cancel_reserved(
    session: Session, subject_id: UUID, *, merchant: str | None = None, scenario: str | None = None, now: datetime
) -> list[Grant]:
    """Cancel for a person what is only reserved, at a merchant and of a scenario or (None) any; gives what was.

    For whoever withdraws a consent or leaves. What is in use lives on: the merchant has given something away for it.
    """
    hold_account(session, subject_id)
    chosen = [
        grant
        for grant in list_open_grants(session, subject_id)
        if merchant in {None, grant.merchant} and scenario in {None, grant.scenario}
    ]
    places = [key for grant in chosen for key in list_shared_places(grant)]
    standing = settle_grants(session, chosen, now=now, others=places)
    reserved = [grant for grant in standing if grant.state == GrantState.RESERVED]
    hold_places(session, [key for grant in reserved for key in list_shared_places(grant)])
    moments = list_moments(session, reserved, now=now) if reserved else {}
    cancelled = []
    for grant in reserved:
        at = moments[grant.grant_id]
        after = end(grant, GrantState.CANCELLED, final_fen=None, now=at)
        change = Change(turn=Turn.CANCEL, after=after, by=Actor.CITIZEN, at=at)
        cancelled.append(apply_change(session, grant, change, now=now))
    return cancelled


def _turn(
    session: Session,
    grant_id: UUID,
    mover: Mover,
    turn: Turn,
    move: _Move,
    *,
    amount_fen: int | None = None,
    now: datetime,
) -> Grant | Refusal:
    subject_id = hold_account_of_grant(session, grant_id, merchant=mover.merchant, subject_id=mover.subject_id)
    found = None if subject_id is None else find_held_grant(session, grant_id, now=now)
    if found is None:
        return Refusal(ProblemCode.GRANT_NOT_FOUND)
    before, at = found
    (before,) = settle_grants(session, [before], now=at)
    after = move(before, at)
    if isinstance(after, Refusal) or after == before:
        return after
    change = Change(turn=turn, after=after, by=mover.by, at=at, clerk=mover.clerk, amount_fen=amount_fen)
    return apply_change(session, before, change, now=now)


def _end_with(grant: Grant, state: GrantState, final_fen: int, most_fen: int, now: datetime) -> Grant | Refusal:
    if final_fen > most_fen:
        return Refusal(ProblemCode.AMOUNT_ABOVE_HOLD, {"held_fen": most_fen})
    return end(grant, state, final_fen=final_fen, now=now)


def _refuse(grant: Grant, code: ProblemCode | None = None) -> Refusal:
    """Refuse a turn by what is wrong about the state, with what its sentence may tell."""
    values = {"held_fen": grant.held_fen, "final_fen": grant.final_fen}
    return Refusal(code or _STATE_REFUSALS[grant.state], values)


def _refuse_early(grant: Grant) -> Refusal:
    return _refuse(grant, ProblemCode.GRANT_NOT_OVERDUE if grant.state == GrantState.IN_USE else None)
