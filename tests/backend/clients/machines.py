"""Machines and officers for tests: registered, with a key of their own, proving themselves as they should or not."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from werkzeug.test import TestResponse

from backend.clients.registration import (
    Client,
    Key,
    give_key,
    register_department,
    register_merchant_client,
    register_officer,
)
from backend.clients.roles import MERCHANT_SCOPES, Role
from backend.gateways.public_keys import name_key
from backend.principals import PrincipalKind
from tests.backend.city import City
from tests.backend.web.probe import PUBLIC_URL

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEPARTMENT = "civil_affairs"
SCOPES = frozenset({"records:read", "records:write"})


def make_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@dataclass(frozen=True)
class Machine:
    """A client as its owner has it: its id, its private key, and under which id that key is registered."""

    city: City
    client_id: UUID
    key: EllipticCurvePrivateKey = field(repr=False)

    @property
    def key_id(self) -> str:
        return name_key(self.key.public_key()).key_id

    def assert_itself(self, *, header: dict[str, Any] | None = None, **claims: object) -> str:
        """An assertion of this machine, with claims and header changed; a claim of None is left out."""
        now = int(self.city.now().timestamp())
        given: dict[str, object] = {
            "iss": str(self.client_id),
            "sub": str(self.client_id),
            "aud": PUBLIC_URL,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
            **claims,
        }
        present = {name: value for name, value in given.items() if value is not None}
        headers = {"kid": self.key_id, "typ": "JWT", **(header or {})}
        return jwt.encode(present, self.key, "ES256", headers=headers)

    def ask(self, assertion: str | None = None, **fields: str) -> TestResponse:
        """Ask for a token."""
        return ask(self.city, assertion or self.assert_itself(), **fields)

    def get_headers(self) -> dict[str, str]:
        """The headers of a call with a fresh token."""
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.get_json()['access_token']}", "Acting-Clerk": "clerk-7"}


def ask(city: City, assertion: str, **fields: str) -> TestResponse:
    """Ask for a token with an assertion and whatever else."""
    given = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return city.client().post("/v1/token", data=given | fields)


def add_key(city: City, client_id: UUID, *, ends_at: datetime | None = None) -> Machine:
    """Give a client one more key."""
    machine = Machine(city, client_id, make_key())
    with city.database.transaction() as session:
        given = give_key(
            session,
            client_id,
            name_key(machine.key.public_key()),
            kinds=frozenset(PrincipalKind),
            by="wang",
            ends_at=ends_at,
            now=city.now(),
        )
    assert isinstance(given, Key), given
    return machine


def make_department(city: City, code: str = DEPARTMENT, *, scopes: frozenset[str] = SCOPES) -> Machine:
    """Register a machine of a department, with a key; the code need not be in the catalogue."""
    with city.database.transaction() as session:
        client = register_department(session, code, scopes=scopes, departments={code}, by="wang", now=city.now())
    assert isinstance(client, Client), client
    return add_key(city, client.client_id)


def make_merchant_machine(city: City, code: str, *, scopes: frozenset[str] = MERCHANT_SCOPES) -> Machine:
    """Register a machine of a merchant, with a key; the code need not be registered."""
    with city.database.transaction() as session:
        client = register_merchant_client(session, code, scopes=scopes, merchants={code}, by="wang", now=city.now())
    assert isinstance(client, Client), client
    return add_key(city, client.client_id)


def make_officer(city: City, name: str, *roles: Role) -> Machine:
    """Register an officer, with a key."""
    with city.database.transaction() as session:
        client = register_officer(session, name, roles=roles, by="command line", now=city.now())
    assert isinstance(client, Client), client
    return add_key(city, client.client_id)
