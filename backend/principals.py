"""Who is calling: the value that tokens carry, routes check and access entries name."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


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
    `client` is the registered machine that proved itself for an organisation or an officer, `session` the sign-in
    that a citizen's token belongs to, `proven_at` the moment at which the caller last proved who he is.
    """

    kind: PrincipalKind
    id: str
    scopes: frozenset[str] = frozenset()
    acting: str | None = None
    client: str | None = None
    session: UUID | None = None
    proven_at: datetime | None = None
    issued_at: datetime | None = field(default=None, compare=False)

    def list_revocable(self) -> tuple[str, ...]:
        """List the keys under which tokens of this caller may be revoked before they expire."""
        keys = [f"{self.kind}:{self.id}"]
        keys += [] if self.session is None else [f"session:{self.session}"]
        keys += [] if self.client is None else [f"client:{self.client}"]
        return tuple(keys)
