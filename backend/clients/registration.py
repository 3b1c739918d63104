"""Registering clients and their keys, and ending them.

Officers are registered, and given keys, on the machine alone: a registrar who could do so over the API would have
every role for the price of one more name. Ending is open to him, because a lost key must not wait for anybody.
"""

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clients.likeness import find_skeleton
from backend.clients.roles import DEPARTMENT_SCOPES, MERCHANT_SCOPES, Role, find_clash
from backend.clients.tables import (
    ClientKeyRow,
    ClientRow,
    NewClient,
    add_client,
    add_key,
    count_live_keys,
    end_client_row,
    end_key_row,
    find_last_use,
    list_clients,
    list_keys,
    list_officer_names,
    lock_client,
    take_turn_of_officers,
)
from backend.gateways.public_keys import PublicKey
from backend.principals import PrincipalKind
from backend.storage.identifiers import new_id
from backend.storage.revocations import revoke
from backend.web.problems import ProblemCode, Refusal

TOKEN_LIFETIME = timedelta(minutes=10)
FORGOTTEN_AFTER = timedelta(minutes=1)
MOST_KEYS = 5


class Ending(StrEnum):
    """Why a client has ended."""

    LEFT = "left"
    REPLACED = "replaced"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key of a client, by its thumbprint; good from one moment until another, which is excluded."""

    key_id: str
    added_at: datetime
    added_by: str
    ends_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client: of which department, merchant or officer, what it may do, and its keys, the oldest first."""

    client_id: UUID
    kind: str
    principal_id: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    registered_at: datetime
    registered_by: str
    ended_at: datetime | None
    ended_because: str | None
    ended_by: str | None
    keys: tuple[Key, ...]


def register_department(
    session: Session, code: str, *, scopes: Collection[str], departments: Container[str], by: str, now: datetime
) -> Client | Refusal:
    """Register a machine of a department of the catalogue (`departments`); one may have several.

    Refusals: `client_refused` for a department that is none, and for scopes that departments do not have.
    """
    if code not in departments or not scopes or not DEPARTMENT_SCOPES.issuperset(scopes):
        return Refusal(ProblemCode.CLIENT_REFUSED)
    return _register(session, PrincipalKind.DEPARTMENT, code, words=("", " ".join(sorted(scopes))), by=by, now=now)


def register_merchant_client(
    session: Session, code: str, *, scopes: Collection[str], merchants: Container[str], by: str, now: datetime
) -> Client | Refusal:
    """Register a machine of a merchant that is registered (`merchants`); one may have several.

    Its tokens do not ask for the merchant again: a merchant is never deleted, and a suspended one still ends what it
    has begun. Refusals: `client_refused` for a merchant that is none, and for scopes that merchants do not have.
    """
    if code not in merchants or not scopes or not MERCHANT_SCOPES.issuperset(scopes):
        return Refusal(ProblemCode.CLIENT_REFUSED)
    return _register(session, PrincipalKind.MERCHANT, code, words=("", " ".join(sorted(scopes))), by=by, now=now)


def register_officer(
    session: Session, name: str, *, roles: Collection[Role], by: str, now: datetime
) -> Client | Refusal:
    """Register an officer of the credit centre under his name among us.

    Refusal: `client_refused` for no roles, for roles that are kept apart, for a name that says nothing, and when he has
    a client that has not ended; with the value `like`, for a name that looks like this other one, of an officer who may
    have ended: whoever had both would be two persons where two are needed.
    """
    if not roles or find_clash(roles) is not None or not find_skeleton(name):
        return Refusal(ProblemCode.CLIENT_REFUSED)
    take_turn_of_officers(session)
    for other in list_officer_names(session):
        if other != name and find_skeleton(other) == find_skeleton(name):
            return Refusal(ProblemCode.CLIENT_REFUSED, {"like": other})
    return _register(session, PrincipalKind.OPERATOR, name, words=(" ".join(sorted(roles)), ""), by=by, now=now)


def give_key(
    session: Session,
    client_id: UUID,
    key: PublicKey,
    *,
    kinds: Container[str],
    by: str,
    ends_at: datetime | None = None,
    now: datetime,
) -> Key | Refusal:
    """Add a key to a client of one of the `kinds`; it works at once, beside the older ones.

    Refusals: `client_not_found` when there is none that goes on, `key_refused` when the key was anybody's before or
    would end before it began, `too_many_keys` beyond five live ones.
    """
    row = lock_client(session, client_id)
    if row is None or row.ended_at is not None or row.kind not in kinds:
        return Refusal(ProblemCode.CLIENT_NOT_FOUND)
    if ends_at is not None and ends_at <= now:
        return Refusal(ProblemCode.KEY_REFUSED)
    if count_live_keys(session, client_id, now) >= MOST_KEYS:
        return Refusal(ProblemCode.TOO_MANY_KEYS, {"maximum": MOST_KEYS})
    if not add_key(session, client_id, key_id=key.key_id, jwk=dict(key.jwk), by=by, ends_at=ends_at, now=now):
        return Refusal(ProblemCode.KEY_REFUSED)
    return Key(key_id=key.key_id, added_at=now, added_by=by, ends_at=ends_at, ended_by=None)


def end_key(
    session: Session, client_id: UUID, key_id: str, *, by: str, ends_at: datetime | None = None, now: datetime
) -> Refusal | None:
    """End a key now, or at a later moment; ending it now revokes the client's tokens, which another key replaces.

    No token outlives the key that it was asked for with, so a later end needs no revocation. Refusal: `key_not_found`
    when the client has no such live key.
    """
    if lock_client(session, client_id) is None:
        return Refusal(ProblemCode.KEY_NOT_FOUND)
    moment = max(now, ends_at or now)
    if end_key_row(session, client_id, key_id, ends_at=moment, by=by, now=now) is None:
        return Refusal(ProblemCode.KEY_NOT_FOUND)
    if moment == now:
        _revoke_tokens(session, client_id, now)
    return None


def end_client(session: Session, client_id: UUID, *, because: Ending, by: str, now: datetime) -> Refusal | None:
    """End a client for good, and its tokens with it. Refusal: `client_not_found` when there is none that goes on."""
    row = lock_client(session, client_id)
    if row is None or row.ended_at is not None:
        return Refusal(ProblemCode.CLIENT_NOT_FOUND)
    end_client_row(row, because=because, by=by, now=now)
    _revoke_tokens(session, client_id, now)
    session.flush()
    return None


def show_clients(session: Session, *, after: UUID | None = None, limit: int) -> Sequence[Client]:
    """Show at most `limit` clients in order of registration, with their keys, ended ones too."""
    rows = list_clients(session, after=after, limit=limit)
    keys = list_keys(session, [row.client_id for row in rows])
    return [_describe(row, [key for key in keys if key.client_id == row.client_id]) for row in rows]


def _register(
    session: Session, kind: PrincipalKind, principal_id: str, *, words: tuple[str, str], by: str, now: datetime
) -> Client | Refusal:
    roles, scopes = words
    client = NewClient(
        client_id=new_id(now), kind=kind, principal_id=principal_id, scopes=scopes, roles=roles, registered_by=by
    )
    if not add_client(session, client, now=now):
        return Refusal(ProblemCode.CLIENT_REFUSED)
    return Client(
        client_id=client.client_id,
        kind=kind,
        principal_id=principal_id,
        scopes=tuple(scopes.split()),
        roles=tuple(roles.split()),
        registered_at=now,
        registered_by=by,
        ended_at=None,
        ended_because=None,
        ended_by=None,
        keys=(),
    )


def _revoke_tokens(session: Session, client_id: UUID, now: datetime) -> None:
    # A call that began after this one may have got its token first, while the client was held by it.
    moment = max(now, find_last_use(session, client_id) or now)
    revoke(session, f"client:{client_id}", now=moment, until=moment + TOKEN_LIFETIME + FORGOTTEN_AFTER)


def _describe(row: ClientRow, keys: Sequence[ClientKeyRow]) -> Client:
    return Client(
        client_id=row.client_id,
        kind=row.kind,
        principal_id=row.principal_id,
        scopes=tuple(row.scopes.split()),
        roles=tuple(row.roles.split()),
        registered_at=row.registered_at,
        registered_by=row.registered_by,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
        ended_by=row.ended_by,
        keys=tuple(
            Key(
                key_id=key.key_id,
                added_at=key.added_at,
                added_by=key.added_by,
                ends_at=key.ends_at,
                ended_by=key.ended_by,
            )
            for key in keys
        ),
    )
