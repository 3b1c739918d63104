"""Tokens for clients, our public keys, and the registrar's work: clients and their keys."""

from collections.abc import Callable, Container
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy.orm import Session

from backend.clients.registration import (
    Client,
    Key,
    end_client,
    end_key,
    give_key,
    register_department,
    register_merchant_client,
    show_clients,
)
from backend.clients.schemas import (
    ClientPageQuerySchema,
    ClientPageSchema,
    ClientSchema,
    EndingQuerySchema,
    GrantedSchema,
    KeyEndingQuerySchema,
    KeySchema,
    NewClientSchema,
    NewKeySchema,
    PublishedKeysSchema,
    RegistrableKind,
    TokenRequestSchema,
)
from backend.clients.tokens import Granted, Proof, grant_token, prove_client
from backend.clock import today
from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.web.attempts import count_failed_attempt, find_attempt_refusal
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal

blueprint = Blueprint("clients", __name__, description="How departments, merchants and officers prove themselves")
log = structlog.get_logger("shangding.clients")

MERCHANTS = "shangding.merchants"  # the extension of the application that knows them; their room lies above this one
TOKEN_PATH = "/token"  # noqa: S105 - a path
TOKEN_BODY_LIMIT = 8 * 1024
SMALL_BODY_LIMIT = 4 * 1024
_ID = "019a0000-0000-7000-8000-000000000000"
_THUMBPRINT = "6H9FGN91T_bP3YPxeNL7RjkrDgx4sgNZ6WHsJ6QWi8Y"
_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "DYYPyB4ymTu46Ax2ZieGVcYfYg48NGHxyIJexUjU_6o",
    "y": "AuK7DGQWdovg0NiZKZKTsVZpNnNf43wv-yzQQqF-2vE",
}
KEY_EXAMPLE = {
    "key_id": _THUMBPRINT,
    "added_at": "2026-11-22T04:00:00Z",
    "added_by": "wang",
    "ends_at": None,
    "ended_by": None,
}
CLIENT_EXAMPLE = {
    "client_id": _ID,
    "kind": "department",
    "principal_id": "civil_affairs",
    "scopes": ["records:read", "records:write"],
    "roles": [],
    "registered_at": "2026-11-22T04:00:00Z",
    "registered_by": "wang",
    "ended_at": None,
    "ended_because": None,
    "ended_by": None,
    "keys": [KEY_EXAMPLE],
}


@blueprint.operation(
    "POST",
    TOKEN_PATH,
    kinds={PrincipalKind.ANYONE},
    summary="Get an access token as a client, by a signed assertion (private_key_jwt)",
    form=True,
    body=TokenRequestSchema,
    body_example={
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "e30.e30.c2lnbmF0dXJl",
    },
    body_limit=TOKEN_BODY_LIMIT,
    response=GrantedSchema,
    example={
        "access_token": "e30.e30.c2lnbmF0dXJl",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "records:read records:write",
    },
    repeats=Repeats.HARMLESS,
    limit="120/minute",
    problems={
        ProblemCode.ASSERTION_REFUSED,
        ProblemCode.SCOPE_REFUSED,
        ProblemCode.TOO_MANY_ATTEMPTS,
        ProblemCode.UNAVAILABLE,
    },
)
def get_token(*, body: dict[str, Any], now: datetime) -> Granted | Refusal:
    """Prove the client first, which takes no lock, and only then open the transaction.

    Failures count for the address, and for a client only where its own key had signed: otherwise anybody could lock
    a department out by signing badly in its name.
    """
    early = find_attempt_refusal("client")
    if early is not None:
        return early
    context = current_context()
    public_url = context.settings.public_url
    audiences = frozenset({public_url, f"{public_url}/v1{TOKEN_PATH}"})
    # An assertion is as old as the clock of its maker says, and that one nobody moves.
    proof = prove_client(
        context.database, body["client_assertion"], audiences=audiences, now=context.clock.machine_now()
    )
    if not isinstance(proof, Proof):
        return _refuse(str(proof))
    client = f"client:{proof.client_id}"
    waiting = find_attempt_refusal("client", client)
    if waiting is not None:
        return waiting
    if body["client_id"] not in {None, proof.client_id}:
        return _refuse("other_client", client)
    scope = body["scope"]
    with context.database.transaction() as session:
        outcome = grant_token(
            session,
            proof,
            scopes=None if scope is None else frozenset(scope.split()),
            departments=context.rules.catalogue_on(today(now)).senders,
            tokens=context.tokens,
            now=now,
        )
    return _refuse("used_or_ended", client) if outcome == Refusal(ProblemCode.ASSERTION_REFUSED) else outcome


@blueprint.operation(
    "GET",
    "/keys",
    kinds={PrincipalKind.ANYONE},
    summary="Read the public keys by which our tokens are verified (JWK set)",
    response=PublishedKeysSchema,
    example={"keys": [{"kid": "20261122-0a1b2c3d", **_JWK, "use": "sig", "alg": "ES256"}]},
)
def list_public_keys(*, now: datetime) -> dict[str, object]:
    """Give every key that a token in use may have been signed with, and the next one before it signs."""
    return {"keys": current_context().tokens.list_public_keys(now)}


@blueprint.operation(
    "POST",
    "/clients",
    kinds={PrincipalKind.OPERATOR},
    scope="clients:write",
    summary="Register a machine of a department or of a merchant",
    body=NewClientSchema,
    body_example={
        "kind": "department",
        "principal_id": "civil_affairs",
        "scopes": ["records:read", "records:write"],
    },
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=ClientSchema,
    example={**CLIENT_EXAMPLE, "keys": []},
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.CLIENT_REFUSED},
)
def create_client(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Client | Refusal:
    """Register a client without keys; officers are registered on the machine alone."""
    code, scopes = body["principal_id"], body["scopes"]
    if body["kind"] is RegistrableKind.MERCHANT:
        find_merchants: Callable[[Session], Container[str]] = current_app.extensions[MERCHANTS]
        merchants = find_merchants(session)
        return register_merchant_client(session, code, scopes=scopes, merchants=merchants, by=principal.id, now=now)
    departments = current_context().rules.catalogue_on(today(now)).senders
    return register_department(session, code, scopes=scopes, departments=departments, by=principal.id, now=now)


@blueprint.operation(
    "GET",
    "/clients",
    kinds={PrincipalKind.OPERATOR},
    scope="clients:read",
    summary="List clients with their keys, in order of registration, ended ones too",
    query=ClientPageQuerySchema,
    response=ClientPageSchema,
    example={"items": [CLIENT_EXAMPLE], "next_cursor": None},
)
def list_all_clients(*, query: dict[str, Any], session: Session) -> Page[Client]:
    """Give a page of clients."""
    limit = query["limit"]
    clients = show_clients(session, after=query["cursor"], limit=limit + 1)
    return cut_page(clients, limit, lambda client: (str(client.client_id),))


@blueprint.operation(
    "DELETE",
    "/clients/<uuid:client_id>",
    kinds={PrincipalKind.OPERATOR},
    scope="clients:write",
    summary="End a client for good, and its tokens with it",
    query=EndingQuerySchema,
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CLIENT_NOT_FOUND},
)
def delete_client(
    *, client_id: UUID, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """End a client of any kind, also that of an officer: what is lost must not wait."""
    return end_client(session, client_id, because=query["because"], by=principal.id, now=now)


@blueprint.operation(
    "POST",
    "/clients/<uuid:client_id>/keys",
    kinds={PrincipalKind.OPERATOR},
    scope="clients:write",
    summary="Add a public key to a client of a department or merchant; older ones go on beside it",
    body=NewKeySchema,
    body_example={"jwk": _JWK, "ends_at": None},
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=KeySchema,
    example=KEY_EXAMPLE,
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.CLIENT_NOT_FOUND, ProblemCode.KEY_REFUSED, ProblemCode.TOO_MANY_KEYS},
)
def add_client_key(
    *, client_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Key | Refusal:
    """Add a key; those of officers are added on the machine alone."""
    return give_key(
        session,
        client_id,
        body["jwk"],
        kinds=frozenset(RegistrableKind),
        by=principal.id,
        ends_at=body["ends_at"],
        now=now,
    )


@blueprint.operation(
    "DELETE",
    "/clients/<uuid:client_id>/keys/<string(length=43):key_id>",
    kinds={PrincipalKind.OPERATOR},
    scope="clients:write",
    summary="End a key of a client, now or at a later moment",
    query=KeyEndingQuerySchema,
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.KEY_NOT_FOUND},
)
def delete_client_key(
    *, client_id: UUID, key_id: str, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """End a key; ended now, the client's tokens end with it."""
    return end_key(session, client_id, key_id, by=principal.id, ends_at=query["ends_at"], now=now)


def _refuse(reason: str, *keys: str) -> Refusal:
    log.warning("assertion_refused", reason=reason, client=keys[0] if keys else None)
    count_failed_attempt("client", *keys)
    return Refusal(ProblemCode.ASSERTION_REFUSED)
