"""From an assertion to an access token: who proves himself with a live key of his gets what he is registered for.

Outside, every way of failing is one and the same answer, because a stranger must not learn which clients there are.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.clients.registration import TOKEN_LIFETIME
from backend.clients.roles import Role, find_scopes
from backend.clients.tables import ClientRow, find_live_key, lock_client, use_assertion
from backend.gateways.assertions import Assertion, prove, read_claimed
from backend.gateways.public_keys import load_public_key
from backend.gateways.signed_claims import TokenError, TokenFault
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal

SHORTEST_LIFETIME = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A client that has proven itself: the assertion, and the key that signed it."""

    assertion: Assertion
    key_id: str

    @property
    def client_id(self) -> UUID:
        """The client that signed."""
        return self.assertion.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An access token as OAuth names its parts (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


def prove_client(database: Database, text: str, *, audiences: frozenset[str], now: datetime) -> Proof | TokenFault:
    """Find which client an assertion proves to be there, or the code of what is wrong with it, for our log alone.

    Takes no lock: a stranger's assertions cost a look and a verification.
    """
    try:
        claimed = read_claimed(text)
        with database.reading() as session:
            # Also who names no client is looked for: it must take as long.
            row = find_live_key(session, claimed.client_id or uuid4(), claimed.key_id, now)
        key = None if row is None else load_public_key(row.jwk)
        return Proof(assertion=prove(text, claimed, key, audiences=audiences, now=now), key_id=claimed.key_id)
    except TokenError as error:
        return error.code


def grant_token(
    session: Session,
    proof: Proof,
    *,
    scopes: frozenset[str] | None,
    departments: Container[str],
    tokens: TokenIssuer,
    now: datetime,
) -> Granted | Refusal:
    """Use an assertion and give its client a token, of all its scopes or of those asked for.

    The token ends with the key that signed, and after ten minutes at most. Refusals: `assertion_refused` when the
    assertion was used before, when client or key has ended meanwhile, and for a department that the catalogue does
    not name any more; `scope_refused` for scopes that the client does not have.
    """
    client = lock_client(session, proof.client_id)  # its end and its tokens are settled one after the other
    key = find_live_key(session, proof.client_id, proof.key_id, now)
    if client is None or key is None or not _is_served(client, departments):
        return Refusal(ProblemCode.ASSERTION_REFUSED)
    assertion = proof.assertion
    if not use_assertion(
        session, proof.client_id, jti_digest=assertion.jti_digest, expires_at=assertion.usable_until, now=now
    ):
        return Refusal(ProblemCode.ASSERTION_REFUSED)
    held = list_scopes(client)
    if scopes is not None and not scopes <= held:
        return Refusal(ProblemCode.SCOPE_REFUSED)
    principal = Principal(
        kind=PrincipalKind(client.kind),
        id=client.principal_id,
        scopes=held if scopes is None else scopes,
        client=str(client.client_id),
        proven_at=now,
    )
    lifetime = TOKEN_LIFETIME if key.ends_at is None else min(TOKEN_LIFETIME, key.ends_at - now)
    lifetime = max(lifetime, SHORTEST_LIFETIME)
    return Granted(
        access_token=tokens.issue(principal, lifetime, now),
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=int(lifetime.total_seconds()),
        scope=" ".join(sorted(principal.scopes)),
    )


def list_scopes(client: ClientRow) -> frozenset[str]:
    """List what a client may do, by its scopes and by its roles."""
    return frozenset(client.scopes.split()) | find_scopes([Role(role) for role in client.roles.split()])


def _is_served(client: ClientRow, departments: Container[str]) -> bool:
    return client.kind != PrincipalKind.DEPARTMENT or client.principal_id in departments
