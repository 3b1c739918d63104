"""What a client may be registered for: scopes of departments and merchants, roles of operators and their scopes.

Roles are kept apart where one hand would otherwise check itself: whoever registers clients could give himself any
second identity, whoever decides about people's doubts or lets merchants in is looked after by the auditor, whoever
writes rules does not approve them, and none of them may be another. Reading the machine's figures goes with everything.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType


class Role(StrEnum):
    """What an officer of the credit centre is there for."""

    REGISTRAR = "registrar"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    MECHANIC = "mechanic"
    STEWARD = "steward"
    RULE_AUTHOR = "rule_author"
    RULE_APPROVER = "rule_approver"


ROLE_SCOPES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.REGISTRAR: frozenset({"clients:read", "clients:write"}),
        Role.REVIEWER: frozenset({"quarantine:read", "quarantine:write"}),
        Role.AUDITOR: frozenset(
            {
                *("clients:read", "metrics:read", "quality:read", "samples:read", "samples:write"),
                *("complaints:read", "exchange:read", "merchants:read", "proposals:read", "rules:read", "reports:read"),
            }
        ),
        Role.MECHANIC: frozenset({"metrics:read"}),
        Role.STEWARD: frozenset(
            {
                *("complaints:read", "complaints:write", "exchange:read", "exchange:write"),
                *("merchants:read", "merchants:write", "proposals:read", "proposals:write", "reports:read"),
            }
        ),
        Role.RULE_AUTHOR: frozenset({"rules:read", "rules:write"}),
        Role.RULE_APPROVER: frozenset({"rules:approve", "rules:read"}),
    }
)
DEPARTMENT_SCOPES = frozenset({"quality:read", "records:read", "records:write"})
MERCHANT_SCOPES = frozenset(
    {
        *("benefits:verify", "grants:read", "grants:write", "reports:write", "statements:read"),
        *("webhooks:read", "webhooks:write"),
    }
)
_APART = frozenset({Role.REGISTRAR, Role.REVIEWER, Role.AUDITOR, Role.STEWARD, Role.RULE_AUTHOR, Role.RULE_APPROVER})


def find_scopes(roles: Collection[Role]) -> frozenset[str]:
    """Give the scopes of all roles together."""
    return frozenset().union(*(ROLE_SCOPES[role] for role in roles))


def find_clash(roles: Collection[Role]) -> tuple[Role, Role] | None:
    """Find two of the roles that one officer may not hold together; None when there are no such two."""
    return next(iter(combinations(sorted(_APART & set(roles)), 2)), None)
