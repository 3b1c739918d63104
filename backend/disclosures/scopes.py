"""Who may ask in which scope for what, how consents to that are named, and until when an answer may be used."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from backend.partners.treaties import treaty_ends_at
from scenarios.treaty import Role, Scope, Treaty, TreatyPurpose

# The purposes of consents: one that stands, and one that comes with a card and is good for nothing else.
PURPOSE: Mapping[TreatyPurpose, str] = MappingProxyType({each: f"exchange.{each}" for each in TreatyPurpose})
CARD_PURPOSE: Mapping[TreatyPurpose, str] = MappingProxyType({each: f"exchange_card.{each}" for each in TreatyPurpose})
# To give a benefit it is enough to know that somebody may have it; what is more is for his own eyes alone.
_ROLES: Mapping[tuple[Scope, TreatyPurpose], frozenset[Role]] = MappingProxyType(
    {
        (Scope.ENTITLEMENT, TreatyPurpose.BENEFIT): frozenset({Role.MERCHANT, Role.CITIZEN}),
        (Scope.LEVEL, TreatyPurpose.OWN_VIEW): frozenset({Role.CITIZEN}),
        (Scope.SCORE, TreatyPurpose.OWN_VIEW): frozenset({Role.CITIZEN}),
        (Scope.RECORD_FLAGS, TreatyPurpose.OWN_VIEW): frozenset({Role.CITIZEN}),
    }
)
RECIPIENT = "city:"


def list_roles(scope: Scope, purpose: TreatyPurpose) -> frozenset[Role]:
    """List in which roles a scope may be asked for a purpose; none where the two do not go together."""
    return _ROLES.get((scope, purpose), frozenset())


def name_terms(treaty: Treaty) -> str:
    """Name the terms under which a consent is given: a version of a treaty."""
    return f"{treaty.id}:{treaty.version}"


def read_terms(name: str) -> tuple[str, str]:
    """Read back the treaty and version of such terms."""
    treaty_id, _, version = name.partition(":")
    return treaty_id, version


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
