"""A grant: a benefit that somebody has been given, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from scenarios.catalogue import Bounds, Scenario

# The merchant's own key of what it gave: one grant, and one answer, for each.
ORDER_NO = r"[A-Za-z0-9][A-Za-z0-9._-]*"
LONGEST_ORDER_NO = 64


class GrantState(StrEnum):
    """Where a grant stands: the first three are open, the others its end; only a broken one may still be settled."""

    RESERVED = "reserved"
    IN_USE = "in_use"
    OVERDUE = "overdue"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SETTLED = "settled"
    BROKEN = "broken"


class Via(StrEnum):
    """How it came about: by a code that was shown, a question confirmed in the app, an application, or a card.

    `visitor`: by the word of the visitor's home city, which was asked at the counter.
    """

    CODE = "code"
    ASK = "ask"
    APPLICATION = "application"
    CARD = "card"
    VISITOR = "visitor"


class Actor(StrEnum):
    """Who changed a grant; `time` is nobody: it lapsed, became overdue, or was overdue for too long."""

    MERCHANT = "merchant"
    CITIZEN = "citizen"
    OPERATOR = "operator"
    TIME = "time"


class Turn(StrEnum):
    """What can happen to a grant after it was given; the names stand in its history."""

    START = "started"
    LOWER = "lowered"
    COMPLETE = "completed"
    CANCEL = "cancelled"
    SETTLE = "settled"
    BREAK = "broken"
    EXPIRE = "expired"
    FALL_DUE = "overdue"


class Quota(StrEnum):
    """The kinds of places a grant may take, in the one order in which everybody takes them."""

    CITIZEN_TOTAL = "citizen_total"
    CITIZEN_DAY = "citizen_day"
    SCENARIO_TOTAL = "scenario_total"
    SCENARIO_DAY = "scenario_day"
    MERCHANT_DAY = "merchant_day"


class Shortage(StrEnum):
    """What is lacking for one more grant. `order_taken`: the merchant's order has a grant already."""

    OPEN_GRANTS = "open_grants"
    OVERDUE_GRANTS = "overdue_grants"
    HELD_LIMIT = "held_limit"
    BROKEN_PROMISE = "broken_promise"
    CITIZEN_QUOTA = "citizen_quota"
    MERCHANT_QUOTA = "merchant_quota"
    SCENARIO_QUOTA = "scenario_quota"
    EXCLUDED = "excluded"
    ORDER_TAKEN = "order_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A grant to be given. `amount_fen` is what is asked for, `limit_fen` the most that may be held.

    One of the two is needed where the benefit is held; an amount above the limit is the caller's to refuse.
    """

    subject_id: UUID
    merchant: str
    order_no: str
    scenario: Scenario
    bounds: Bounds
    catalogue_version: str
    amount_fen: int | None
    limit_fen: int | None
    via: Via
    clerk: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant as it stands. `held_fen` is what it holds now, `agreed_fen` what it began with, `final_fen` its outcome.

    `due_at` is when it changes by itself, `closes_at` when it ends at the latest, once it has begun. `places` are the
    quotas of which it took a place, on `granted_on`.
    """

    subject_id: UUID
    grant_id: UUID
    merchant: str
    order_no: str
    scenario: str
    catalogue_version: str
    via: str
    state: str
    agreed_fen: int
    held_fen: int
    final_fen: int | None
    lasting_days: int
    overdue_days: int
    places: str
    granted_on: date
    granted_at: datetime
    clerk: str | None
    due_at: datetime | None
    started_at: datetime | None
    ends_at: datetime | None
    closes_at: datetime | None
    ended_at: datetime | None

    @property
    def broken_fen(self) -> int:
        """What is owed of it: the outcome of a broken one, and nothing otherwise."""
        return self.final_fen or 0 if self.state == GrantState.BROKEN else 0

    def is_due(self, now: datetime) -> bool:
        """Tell whether it changes by itself by now."""
        return self.due_at is not None and self.due_at <= now


class PlaceKey(NamedTuple):
    """One counter of places: of a scenario, over all (`owner` '') or at one merchant; on a day or ever (`period` '').

    Keys sort in the one order in which everybody takes them. A person's own counters have no owner either: they are
    his by the table in which they stand.
    """

    scenario: str
    owner: str
    period: str


OPEN = frozenset({GrantState.RESERVED, GrantState.IN_USE, GrantState.OVERDUE})
# Nobody had anything of these: they give their places back.
UNUSED = frozenset({GrantState.CANCELLED, GrantState.EXPIRED})
OWN = frozenset({Quota.CITIZEN_TOTAL, Quota.CITIZEN_DAY})
_ON_DAY = frozenset({Quota.CITIZEN_DAY, Quota.SCENARIO_DAY, Quota.MERCHANT_DAY})


def list_places(grant: Grant) -> dict[Quota, PlaceKey]:
    """List the counters in which a grant took a place, in the order in which everybody takes them."""
    taken = grant.places.split()
    return {quota: _name_place(grant, quota) for quota in Quota if quota.value in taken}


def list_shared_places(grant: Grant) -> list[PlaceKey]:
    """List the counters of scenario and merchant in which a grant took a place."""
    return [key for quota, key in list_places(grant).items() if quota not in OWN]


def _name_place(grant: Grant, quota: Quota) -> PlaceKey:
    owner = f"merchant:{grant.merchant}" if quota is Quota.MERCHANT_DAY else ""
    return PlaceKey(grant.scenario, owner, grant.granted_on.isoformat() if quota in _ON_DAY else "")
