"""Who is calling: the value that tokens carry, routes check and access entries name."""

from dataclasses import dataclass
from enum import StrEnum


class PrincipalKind(StrEnum):
    """The kinds of callers; an operation declares which of them it serves."""

    ANYONE = "anyone"
    CITIZEN = "citizen"
    DEPARTMENT = "department"
    OPERATOR = "operator"
    MERCHANT = "merchant"
    PARTNER_CITY = "partner_city"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller.

    `id` is a subject id for a citizen and a registered code for the others. `acting` is the person who acts
    for an organisation (the clerk of a department), as that organisation names them; None for a citizen.
    """

    kind: PrincipalKind
    id: str
    scopes: frozenset[str] = frozenset()
    acting: str | None = None
