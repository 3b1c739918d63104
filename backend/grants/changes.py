"""The one way in which a grant changes after it was given: grant, event, holds, account and places move together."""

from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.grants.grant import OPEN, UNUSED, Actor, Grant, GrantState, Turn, list_places
from backend.grants.places import LedgerError, give_back_place, move_account
from backend.grants.queries import add_event, add_transfer, put_grant
from backend.merchants.events import EventKind, leave_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to a grant `at` a moment, and how it stands then; `amount_fen` is the amount told along."""

    turn: Turn
    after: Grant
    by: Actor
    at: datetime
    clerk: str | None = None
    amount_fen: int | None = None


class _Transfer(NamedTuple):
    """Between two accounts of a person's limit."""

    debit: str
    credit: str
    amount_fen: int


def apply_change(session: Session, before: Grant, change: Change, *, now: datetime) -> Grant:
    """Change a grant whose person's account this transaction holds, and everything that depends on it.

    The moment of the change is not before the last one of the grant: whoever makes a change finds it while the account
    is held (`queries.find_held_grant`, `list_moments`, `list_departures`).

    Raises LedgerError when amounts do not add up, which rolls everything back.
    """
    after = change.after
    transfers = _list_transfers(before, after)
    if not put_grant(session, before, after):
        raise LedgerError(f"grant {before.grant_id} changed while its person's account was held")
    add_event(session, after, change.turn, by=change.by, clerk=change.clerk, amount_fen=change.amount_fen, at=change.at)
    for transfer in transfers:
        add_transfer(session, after, *transfer, at=change.at)
    _move_balances(session, before, after)
    if after.state in UNUSED:
        for quota, key in list_places(after).items():
            give_back_place(session, after, quota, key)
    _tell_merchant(session, change, now)
    return after


def _move_balances(session: Session, before: Grant, after: Grant) -> None:
    """Move the balances of the person's account as far as a change has to do with them."""
    differences = {
        "opens": (after.state in OPEN) - (before.state in OPEN),
        "overdue": (after.state == GrantState.OVERDUE) - (before.state == GrantState.OVERDUE),
        "held_fen": after.held_fen - before.held_fen,
        "broken_fen": after.broken_fen - before.broken_fen,
    }
    if not any(differences.values()):
        return
    account = move_account(session, after.subject_id, **differences)
    if account.held_fen < after.held_fen or account.broken_fen < after.broken_fen:
        raise LedgerError(f"the account of {after.subject_id} holds less than its grant {after.grant_id} alone")


def end(before: Grant, state: GrantState, *, final_fen: int | None, now: datetime) -> Grant:
    """Give a grant as it stands when it has come to an end now: it holds nothing and waits for nothing."""
    return replace(before, state=state, held_fen=0, final_fen=final_fen, due_at=None, ended_at=now)


def _list_transfers(before: Grant, after: Grant) -> list[_Transfer]:
    """List what moves: what is broken comes out of what was held, and all that is held no longer is available again."""
    breaks = after.broken_fen - before.broken_fen
    released = before.held_fen - after.held_fen - max(breaks, 0)
    if released < 0 or after.held_fen < 0:
        raise LedgerError(f"grant {before.grant_id} would let go of more than it holds")
    moves = (
        _Transfer("held", "broken", breaks),
        _Transfer("broken", "available", -breaks),
        _Transfer("held", "available", released),
    )
    return [move for move in moves if move.amount_fen > 0]


# What merchants are told of where it was not they who did it.
_TOLD = MappingProxyType(
    {
        Turn.EXPIRE: EventKind.GRANT_EXPIRED,
        Turn.FALL_DUE: EventKind.GRANT_OVERDUE,
        Turn.CANCEL: EventKind.GRANT_CANCELLED,
        Turn.SETTLE: EventKind.GRANT_SETTLED,
    }
)


def _tell_merchant(session: Session, change: Change, now: datetime) -> None:
    """Tell a merchant what he did not do himself."""
    kind = _TOLD.get(change.turn)
    if kind is None or change.by is Actor.MERCHANT:
        return
    grant = change.after
    payload: dict[str, str | int | None] = {
        "grant_id": str(grant.grant_id),
        "order_no": grant.order_no,
        "scenario": grant.scenario,
        "state": grant.state,
        "held_fen": grant.held_fen,
    }
    leave_event(session, merchant=grant.merchant, event=kind, about=grant.grant_id, payload=payload, now=now)
