"""Suspending: for a merchant, or for a scenario with every merchant, nothing new is given from this moment on.

What was given before goes on: a deposit that was waived yesterday is settled as it was agreed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from backend.merchants.events import EventKind, leave_event
from backend.merchants.tables import (
    MERCHANT,
    SCENARIO,
    SuspensionRow,
    add_suspension,
    find_merchant_row,
    lift_suspension_row,
    list_live_suspensions,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Why and since when nothing new is given, and who decided so."""

    because: str
    suspended_at: datetime
    suspended_by: str


def suspend_merchant(session: Session, code: str, *, because: str, by: str, now: datetime) -> Suspension | Refusal:
    """Suspend a merchant and tell its endpoints; one that is suspended stays so for its first reason.

    Refusal: `merchant_not_found`.
    """
    if find_merchant_row(session, code) is None:
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    return _suspend(session, MERCHANT, code, because=because, by=by, now=now)


def suspend_scenario(
    session: Session, code: str, *, scenarios: Collection[str], because: str, by: str, now: datetime
) -> Suspension | Refusal:
    """Suspend one of the city's `scenarios` for everybody; one that is suspended stays so for its first reason.

    Refusal: `scenario_not_found`.
    """
    if code not in scenarios:
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    return _suspend(session, SCENARIO, code, because=because, by=by, now=now)


def lift_merchant_suspension(session: Session, code: str, *, by: str, now: datetime) -> Refusal | None:
    """Lift the suspension of a merchant. Refusal: `not_suspended` without one."""
    lifted = lift_suspension_row(session, MERCHANT, code, by=by, now=now)
    return None if lifted else Refusal(ProblemCode.NOT_SUSPENDED)


def lift_scenario_suspension(session: Session, code: str, *, by: str, now: datetime) -> Refusal | None:
    """Lift the suspension of a scenario. Refusal: `not_suspended` without one."""
    lifted = lift_suspension_row(session, SCENARIO, code, by=by, now=now)
    return None if lifted else Refusal(ProblemCode.NOT_SUSPENDED)


def find_suspended_merchants(session: Session, codes: Collection[str]) -> Mapping[str, Suspension]:
    """Find which of some merchants are suspended."""
    return {row.code: _describe(row) for row in list_live_suspensions(session, MERCHANT, codes)}


def find_suspended_scenarios(session: Session, codes: Collection[str]) -> Mapping[str, Suspension]:
    """Find which of some scenarios are suspended for everybody."""
    return {row.code: _describe(row) for row in list_live_suspensions(session, SCENARIO, codes)}


def _suspend(session: Session, what: str, code: str, *, because: str, by: str, now: datetime) -> Suspension:
    suspension_id = new_id(now)
    values = {"suspension_id": suspension_id, "what": what, "code": code, "because": because}
    if add_suspension(session, values | {"suspended_at": now, "suspended_by": by}):
        if what == MERCHANT:
            event, payload = EventKind.MERCHANT_SUSPENDED, {"merchant": code}
            leave_event(session, merchant=code, event=event, about=suspension_id, payload=payload, now=now)
        return Suspension(because=because, suspended_at=now, suspended_by=by)
    (row,) = list_live_suspensions(session, what, [code])
    return _describe(row)


def _describe(row: SuspensionRow) -> Suspension:
    return Suspension(because=row.because, suspended_at=row.suspended_at, suspended_by=row.suspended_by)
