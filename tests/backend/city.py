"""A whole city for tests: the application over a fresh database, a clock that stands, keys of its own, invented people.

    with running_city(database_url) as city:
        ada = make_person()
        subject_id = city.enrol(ada)
        answer = city.client().get("/v1/account", headers=city.citizen(subject_id))

`running_city(url, rooms=(blueprint,))` serves other rooms than those of the application.
"""

import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from flask import Flask
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.app import ROOMS, create_app
from backend.clients.roles import MERCHANT_SCOPES
from backend.clock import FixedClock
from backend.context import Context
from backend.gateways.edition_watch import PublishedEditions
from backend.gateways.identity_provider import TICKET_TYPE, TicketReader
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.account import Account, open_account
from backend.people.agreement import agreement_on
from backend.people.identity_numbers import find_check_character
from backend.people.sign_in import CITIZEN_SCOPES
from backend.people.subjects import find_or_add_subject
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.storage.migrations import head_revision
from backend.storage.revocations import Revocations
from backend.web.operations import Blueprint
from tests.backend.web.probe import HOUR, PUBLIC_URL, SHIPPED, make_test_context
from tests.databases import migrated_database

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # noon in the city
IDENTITY_ISSUER = "https://identity.example"
ADULT_BORN_ON = date(1990, 3, 7)
_sequence = count(1)
_find_head = cache(head_revision)


@dataclass(frozen=True)
class Person:
    """Somebody invented, as the identity provider knows him."""

    name: str
    id_number: str


def make_resident_id(born_on: date = ADULT_BORN_ON, *, sequence: int | None = None, region: str = "410102") -> str:
    """A valid resident id that nobody has; another one at each call, unless `sequence` (0 to 999) is given."""
    number = next(_sequence) % 1000 if sequence is None else sequence
    first = f"{region}{born_on:%Y%m%d}{number:03}"
    return first + find_check_character(first)


def make_person(name: str = "林一舟", *, born_on: date = ADULT_BORN_ON) -> Person:
    """An adult who is not known yet, unless told otherwise."""
    return Person(name, make_resident_id(born_on))


@dataclass(frozen=True)
class City:
    """The application under test, its context, and the keys of its identity provider."""

    app: Flask
    context: Context
    key_set_path: Path
    provider_key: EllipticCurvePrivateKey = field(repr=False)

    @property
    def clock(self) -> FixedClock:
        """The clock of the context, to be moved."""
        clock = self.context.clock
        assert isinstance(clock, FixedClock)
        return clock

    @property
    def database(self) -> Database:
        """The database of the context."""
        return self.context.database

    def now(self) -> datetime:
        """The moment at which the clock stands."""
        return self.context.clock.now()

    def client(self) -> FlaskClient:
        """A client of the application; each thread takes its own."""
        return self.app.test_client()

    def issue_ticket(self, person: Person, **claims: object) -> str:
        """A genuine ticket for `person`, its claims changed by `claims` (None takes one out)."""
        issued_at = int(self.now().timestamp())
        given: Mapping[str, object] = {
            "iss": IDENTITY_ISSUER,
            "aud": PUBLIC_URL,
            "sub": "i-city-1",
            "jti": secrets.token_hex(8),
            "iat": issued_at,
            "exp": issued_at + 120,
            "assurance": "real_name",
            "name": person.name,
            "id_number": person.id_number,
            **claims,
        }
        payload = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(payload, self.provider_key, "ES256", headers={"typ": TICKET_TYPE, "kid": "i1"})

    def authorise(self, principal: Principal, lifetime: timedelta = timedelta(minutes=5)) -> dict[str, str]:
        """The headers of a call by `principal`."""
        return {"Authorization": f"Bearer {self.context.tokens.issue(principal, lifetime, self.now())}"}

    def citizen(self, subject_id: UUID, *scopes: str) -> dict[str, str]:
        """The headers of a call by a citizen who signed in just now, with all scopes unless told otherwise."""
        granted = frozenset(scopes) or CITIZEN_SCOPES
        principal = Principal(
            kind=PrincipalKind.CITIZEN, id=str(subject_id), scopes=granted, proven_at=self.now(), session=uuid4()
        )
        return self.authorise(principal)

    def department(
        self, code: str, *scopes: str, acting: str | None = None, clerk: str | None = "clerk-7"
    ) -> dict[str, str]:
        """The headers of a call by a department: `clerk` acts in it, `acting` is whom the token names."""
        headers = self.authorise(
            Principal(kind=PrincipalKind.DEPARTMENT, id=code, scopes=frozenset(scopes), acting=acting)
        )
        return headers if clerk is None else {**headers, "Acting-Clerk": clerk}

    def merchant(self, code: str, *scopes: str, clerk: str | None = None) -> dict[str, str]:
        """The headers of a call by a merchant, with all scopes unless told otherwise; `clerk` acts in it, if anyone."""
        granted = frozenset(scopes) or MERCHANT_SCOPES
        headers = self.authorise(Principal(kind=PrincipalKind.MERCHANT, id=code, scopes=granted))
        return headers if clerk is None else {**headers, "Acting-Clerk": clerk}

    def operator(self, name: str, *scopes: str) -> dict[str, str]:
        """The headers of a call by an operator."""
        return self.authorise(Principal(kind=PrincipalKind.OPERATOR, id=name, scopes=frozenset(scopes)))

    def know(self, person: Person, *, verified: bool = True, session: Session | None = None) -> UUID:
        """Make `person` a subject, as signing in does, and give the id; opens a transaction unless given one."""
        if session is None:
            with self.database.transaction() as own:
                return self.know(person, verified=verified, session=own)
        return find_or_add_subject(
            session,
            kind="natural_person",
            identity_number=person.id_number,
            name=person.name,
            verified=verified,
            pseudonyms=self.context.pseudonyms,
            sealer=self.context.sealer,
            now=self.now(),
        ).subject_id

    def enrol(self, person: Person) -> UUID:
        """Make `person` a subject with an open account, and give the id."""
        with self.database.transaction() as session:
            subject_id = self.know(person, session=session)
            opened = open_account(
                session,
                subject_id,
                agreement_version=agreement_on(self.now().date()).version,
                consents_to_score=True,
                sealer=self.context.sealer,
                now=self.now(),
            )
            assert isinstance(opened, Account), opened
        return subject_id


@contextmanager
def running_city(
    database_url: str,
    *,
    rooms: tuple[Blueprint, ...] = ROOMS,
    now: datetime = NOON,
    **parts: Any,  # noqa: ANN401 - each has its own type
) -> Iterator[City]:
    """The application over the empty database at `database_url`, with the schema of the head and nobody in it.

    `parts` of the context take the place of those that are made here; `rules` and `benefits` are those that ship.
    """
    provider_key = generate_private_key(SECP256R1())
    with tempfile.TemporaryDirectory(prefix="city-") as folder, migrated_database(database_url) as database:
        key_set_path = Path(folder) / "jwks.json"
        key_set_path.write_text(write_key_set({"i1": provider_key}), encoding="utf-8")
        keys = MappingProxyType({"k1": secrets.token_bytes(32)})
        made = make_test_context(database_url, revision=_find_head())
        made.database.dispose()
        context = replace(
            made,
            clock=FixedClock(now),
            database=database,
            pseudonyms=Pseudonyms(keys, "k1"),
            sealer=Sealer(keys, "k1"),
            revocations=Revocations(database, fresh_for=timedelta(0)),
            tickets=TicketReader(issuer=IDENTITY_ISSUER, audience=PUBLIC_URL, jwks_url=key_set_path.as_uri()),
        )
        shipped = SHIPPED
        if "rules" in parts or "benefits" in parts:
            given = {name: parts.pop(name) for name in ("rules", "benefits") if name in parts}
            shipped = replace(SHIPPED, **given, documents={})
        context = replace(context, editions=PublishedEditions(database, shipped, fresh_for=HOUR), **parts)
        yield City(create_app(context, rooms), context, key_set_path, provider_key)


def read_json(answer: TestResponse) -> dict[str, Any]:
    """The JSON object that `answer` carries."""
    document = answer.get_json()
    assert isinstance(document, dict), answer.text
    return document


def write_key_set(keys: Mapping[str, EllipticCurvePrivateKey]) -> str:
    """The JWK set of the public halves of `keys`, by key id."""
    entries = [
        {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig", "alg": "ES256"}
        for key_id, key in keys.items()
    ]
    return json.dumps({"keys": entries})
