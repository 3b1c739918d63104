"""Giving a grant: everything that bounds it is taken in one statement, or nothing of it is."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import today
from backend.grants.due import settle_person
from backend.grants.grant import (
    Grant,
    GrantState,
    Quota,
    Shortage,
    Wanted,
    list_places,
    list_shared_places,
)
from backend.grants.places import (
    CONSTANTS,
    Account,
    LedgerError,
    chain_of,
    give_back_place,
    hold_account,
    move_account,
    open_account,
)
from backend.grants.queries import has_open_grant
from backend.storage.identifiers import new_id

_FIELDS = tuple(each.name for each in fields(Grant))
_BOUNDLESS = 2**62  # for what a grant that is not open does not count against
_SHORT = MappingProxyType(
    {
        Quota.CITIZEN_TOTAL: Shortage.CITIZEN_QUOTA,
        Quota.CITIZEN_DAY: Shortage.CITIZEN_QUOTA,
        Quota.SCENARIO_TOTAL: Shortage.SCENARIO_QUOTA,
        Quota.SCENARIO_DAY: Shortage.SCENARIO_QUOTA,
        Quota.MERCHANT_DAY: Shortage.MERCHANT_QUOTA,
    }
)


class Plan(NamedTuple):
    """A grant that nobody has yet: the quotas of which it takes a place, in order, and the values of its chain."""

    grant: Grant
    quotas: tuple[Quota, ...]
    values: dict[str, object]


def plan_grant(wanted: Wanted, *, now: datetime) -> Plan | Shortage:
    """Plan a grant: reserved where the benefit is held, completed at once where it is enjoyed at once.

    A Shortage for what nobody could have, whatever is in use. A held benefit for which neither amount nor limit is
    given, or an amount above its limit, is a ValueError.
    """
    limits = _list_limits(wanted)
    grant = _plan(wanted, tuple(limits), now)
    short = _find_hopeless(wanted, grant, limits)
    return short or Plan(grant, tuple(limits), _list_values(wanted, grant, limits, now))


def give_grant(session: Session, wanted: Wanted, *, now: datetime) -> Grant | Shortage:
    """Give a grant as it is planned; ValueErrors are those of `plan_grant`.

    A Shortage leaves nothing behind, although the transaction goes on. What of this person's grants is due by now
    changes first.
    """
    plan = plan_grant(wanted, now=now)
    if isinstance(plan, Shortage):
        return plan
    grant, quotas, values = plan
    short = _find_excluding(session, wanted, grant, now) if wanted.scenario.excludes else None
    if short is not None:
        return short
    chain = chain_of(quotas, is_held=grant.held_fen > 0)
    done = chain.run(session, values)
    if done == 0:
        short = _make_room(session, wanted, grant, now)
        if short is not None:
            return short
        done = chain.run(session, values)
        if done == 0:
            raise LedgerError("a benefit account within its bounds refuses a grant; run `shangding proof`")
    if done == chain.length:
        return grant
    taken = quotas[: done - 1]
    _take_back(session, grant, taken)
    return Shortage.ORDER_TAKEN if len(taken) == len(quotas) else _SHORT[quotas[len(taken)]]


def _plan(wanted: Wanted, quotas: Sequence[Quota], now: datetime) -> Grant:
    benefit = wanted.scenario.benefit
    held_fen = _choose_amount(wanted) if benefit.is_held else 0
    due_at = now + timedelta(minutes=benefit.reserved_minutes) if benefit.is_held else None
    return Grant(
        subject_id=wanted.subject_id,
        grant_id=new_id(now),
        merchant=wanted.merchant,
        order_no=wanted.order_no,
        scenario=wanted.scenario.code,
        catalogue_version=wanted.catalogue_version,
        via=wanted.via,
        state=GrantState.RESERVED if benefit.is_held else GrantState.COMPLETED,
        agreed_fen=held_fen,
        held_fen=held_fen,
        final_fen=None if benefit.is_held else 0,
        lasting_days=benefit.lasting_days,
        overdue_days=benefit.overdue_days,
        places=" ".join(quotas),
        granted_on=today(now),
        granted_at=now,
        clerk=wanted.clerk,
        due_at=due_at,
        started_at=None if benefit.is_held else now,
        ends_at=None,
        closes_at=None,
        ended_at=None if benefit.is_held else now,
    )


def _choose_amount(wanted: Wanted) -> int:
    given = [amount for amount in (wanted.amount_fen, wanted.limit_fen) if amount is not None]
    if not given or given[0] < 0 or given[0] > given[-1]:
        raise ValueError(
            f"{wanted.scenario.code} holds {wanted.amount_fen} fen of at most {wanted.limit_fen};"
            " give an amount of nothing or more, a limit that is not below it, or both"
        )
    return given[0]


def _list_limits(wanted: Wanted) -> dict[Quota, int]:
    """List how many places there are of each quota that the scenario has, in the order in which they are taken."""
    limits = {quota: getattr(wanted.scenario.quotas, quota.value) for quota in Quota}
    return {quota: limit for quota, limit in limits.items() if limit is not None}


def _find_hopeless(wanted: Wanted, grant: Grant, limits: Mapping[Quota, int]) -> Shortage | None:
    """Find what nobody could have, whatever is in use: the guards only look at what is there already."""
    if grant.ended_at is None and wanted.bounds.open_grants < 1:
        return Shortage.OPEN_GRANTS
    if grant.held_fen > wanted.bounds.held_fen:
        return Shortage.HELD_LIMIT
    return next((_SHORT[quota] for quota, limit in limits.items() if limit < 1), None)


def _find_excluding(session: Session, wanted: Wanted, grant: Grant, now: datetime) -> Shortage | None:
    """Find whether a grant that may not stand beside this one is open; nobody adds one while the account is held."""
    open_account(session, wanted.subject_id)
    settle_person(session, wanted.subject_id, now=now, others=list_shared_places(grant))
    excluded = has_open_grant(session, wanted.subject_id, wanted.scenario.excludes)
    return Shortage.EXCLUDED if excluded else None


def _make_room(session: Session, wanted: Wanted, grant: Grant, now: datetime) -> Shortage | None:
    """Let time pass for this person's grants, and find what is lacking then."""
    hold_account(session, wanted.subject_id)
    settle_person(session, wanted.subject_id, now=now, others=list_shared_places(grant))
    account = hold_account(session, wanted.subject_id)
    if account is None:
        raise LedgerError("a benefit account refused a grant and is not there")
    return _find_shortage(account, wanted, grant)


def _find_shortage(account: Account, wanted: Wanted, grant: Grant) -> Shortage | None:
    bounds = wanted.bounds
    if account.overdue_grants >= bounds.overdue_grants:
        return Shortage.OVERDUE_GRANTS
    if grant.ended_at is not None:
        return None
    if account.open_grants >= bounds.open_grants:
        return Shortage.OPEN_GRANTS
    if account.broken_fen > 0:
        return Shortage.BROKEN_PROMISE
    if account.held_fen + grant.held_fen > bounds.held_fen:
        return Shortage.HELD_LIMIT
    return None


def _list_values(wanted: Wanted, grant: Grant, limits: Mapping[Quota, int], now: datetime) -> dict[str, object]:
    opens = 1 if grant.ended_at is None else 0
    values: dict[str, object] = {
        **CONSTANTS,
        **{name: getattr(grant, name) for name in _FIELDS},
        "now": now,
        "opens": opens,
        "overdue_limit": wanted.bounds.overdue_grants,
        "open_limit": wanted.bounds.open_grants if opens else _BOUNDLESS,
        "most_held": wanted.bounds.held_fen if opens else _BOUNDLESS,
    }
    for quota, place in list_places(grant).items():
        values |= {f"limit_{quota}": limits[quota], f"owner_{quota}": place.owner, f"period_{quota}": place.period}
    return values


def _take_back(session: Session, grant: Grant, taken: Sequence[Quota]) -> None:
    """Take back what the links before the one that failed have written."""
    move_account(session, grant.subject_id, opens=-1 if grant.ended_at is None else 0, held_fen=-grant.held_fen)
    for quota, place in list_places(grant).items():
        if quota in taken:
            give_back_place(session, grant, quota, place)
