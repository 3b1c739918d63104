"""How consents towards another city are named, and until when what it is told may be used there."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from backend.partners.treaties import treaty_ends_at
from scenarios.treaty import Scope, Treaty, TreatyPurpose

# The purposes of consents: one that stands, and one that comes with a card and is good for nothing else.
PURPOSE: Mapping[TreatyPurpose, str] = MappingProxyType({each: f"exchange.{each}" for each in TreatyPurpose})
CARD_PURPOSE = "exchange_card.own_view"
RECIPIENT = "city:"


def name_recipient(city: str) -> str:
    """Name a city as the recipient of a consent."""
    return f"{RECIPIENT}{city}"


def name_scope(scope: Scope, part: str | None) -> str:
    """Name the scope of a consent: a part of `entitlement` is a scenario, None all of them."""
    if scope is Scope.ENTITLEMENT and part is not None:
        return f"{scope}:{part}"
    return scope.value


def read_scope(name: str) -> tuple[Scope, str | None]:
    """Read back the scope of a consent, and the scenario it is limited to."""
    scope, _, scenario = name.partition(":")
    return Scope(scope), scenario or None


def find_limit(treaty: Treaty, expires_at: datetime | None, now: datetime) -> datetime:
    """Find until when something that is told now may be used: to the second, and as long as the consent at most."""
    ends = [now.replace(microsecond=0) + treaty.data_life, treaty_ends_at(treaty)]
    return min([*ends, *([] if expires_at is None else [expires_at])])
