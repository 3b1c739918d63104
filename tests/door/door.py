"""The whole application before its attackers: two sides of each sort, and calls made from what operations declare.

    with running_door(url) as door:
        call = door.prepare(operation, scene)
        answer = door.send(call)

Nothing here names an operation. What an operation needs beyond its declaration (an object behind a path variable, a
value that must be new in each body) stands in `examples.py`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from urllib.parse import quote, urlencode
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from flask import Flask
from werkzeug.test import TestResponse

from backend.app import ROOMS, create_app
from backend.context import Context
from backend.gateways.message_signatures import SignableRequest
from backend.gateways.mini_program import MiniProgram
from backend.gateways.real_name import RealNameCheck
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.web.authentication import CLERK_HEADER
from backend.web.declaration import Operation, Repeats
from backend.web.idempotency import KEY_HEADER
from backend.web.operations import Blueprint, list_operations
from tests.backend.city import City, Person, make_person, running_city
from tests.backend.gateways.stand_ins import APP_ID, APP_SECRET, SERVICE_KEY, Platform, Register, standing_in
from tests.backend.merchants.shops import open_shop
from tests.backend.records.handing import HEALTH, TRAFFIC, open_offices
from tests.backend.web.probe import PUBLIC_URL
from tests.door.partner_cities import Cities, Signer, make_cities, sign_headers

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CLERK = "clerk-7"
LIFETIME = timedelta(minutes=5)
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A citizen and an organisation of each sort; two sides have nothing in common."""

    person: Person
    subject_id: UUID
    department: str
    name: str

    def name_caller(self, kind: PrincipalKind) -> str:
        """The id under which this side calls as `kind`."""
        if kind is PrincipalKind.CITIZEN:
            return str(self.subject_id)
        return self.department if kind is PrincipalKind.DEPARTMENT else f"{kind.value}-{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who meets in a call: `own` owns the objects, `other` is somebody else of the same kinds."""

    own: Side
    other: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, whole; `replace` makes the attack of it.

    A call that has a `signer` is signed as it leaves, for what its operation is signed for unless `tag` says otherwise.
    """

    operation: Operation
    variables: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    signer: Signer | None = None
    tag: str | None = None

    @property
    def path(self) -> str:
        """The path as it is called, its variables filled in."""
        parts = []
        for part in self.operation.path.split("/"):
            name = part.rpartition(":")[2].rstrip(">") if part.startswith("<") else None
            parts.append(part if name is None else quote(self.variables[name], safe=""))
        return "/".join(parts)

    def having(self, **headers: str | None) -> "Call":
        """The same call with other headers (`Idempotency_Key`); None takes one out."""
        changed = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return replace(self, headers={name: value for name, value in changed.items() if value is not None})

    def saying(self, value: object) -> "Call":
        """The same call with another body, written as the operation wants bodies written."""
        return replace(self, body=write_body(self.operation, value))


@dataclass(frozen=True)
class Door:
    """The application, its city, and the key that signs its access tokens."""

    city: City
    token_key: EllipticCurvePrivateKey = field(repr=False)
    platform: Platform = field(repr=False)
    register: Register = field(repr=False)
    cities: Cities = field(repr=False)

    @property
    def database(self) -> Database:
        return self.city.database

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation that is served, by name."""
        return list_operations(self.city.app)

    @cached_property
    def prefixes(self) -> Mapping[str, str]:
        """What stands before the path of each operation, by its name."""
        rules = {rule.endpoint.rpartition(".")[2]: rule.rule for rule in self.city.app.url_map.iter_rules()}
        return {each.name: rules[each.name].removesuffix(each.path) for each in self.operations}

    def make_side(self, department: str, *, person: Person | None = None) -> Side:
        """Somebody new with an open account, and the organisations of that side."""
        somebody = person or make_person()
        return Side(
            person=somebody,
            subject_id=self.city.enrol(somebody),
            department=department,
            name="own" if department == HEALTH else "other",
        )

    def make_scene(self) -> Scene:
        """Two new sides."""
        return Scene(own=self.make_side(HEALTH), other=self.make_side(TRAFFIC))

    def authorise(self, principal: Principal, *, lifetime: timedelta = LIFETIME) -> dict[str, str]:
        """The headers with which `principal` calls, with the clerk for a department."""
        clerk = {CLERK_HEADER: CLERK} if principal.kind is PrincipalKind.DEPARTMENT else {}
        return self.city.authorise(principal, lifetime) | clerk

    def make_principal(self, operation: Operation, side: Side, kind: PrincipalKind | None = None) -> Principal:
        """Whoever may call `operation` for `side`, with the one scope it needs, having just proven who he is."""
        chosen = kind or min(operation.kinds)
        return Principal(
            kind=chosen,
            id=side.name_caller(chosen),
            scopes=frozenset() if operation.scope is None else frozenset({operation.scope}),
            proven_at=self.city.now(),
        )

    def send(self, call: Call, *, address: str | None = None) -> TestResponse:
        """Make a call; from an address of its own unless told otherwise, so that no limit of others bites."""
        sent = call if call.signer is None else self.sign(call)
        return self.city.client().open(
            self.locate(sent),
            method=sent.operation.method,
            data=sent.body,
            headers=dict(sent.headers),
            environ_base={"REMOTE_ADDR": address or make_address()},
        )

    def locate(self, call: Call) -> str:
        """The path and query of a call."""
        query = f"?{urlencode(call.query)}" if call.query else ""
        return f"{self.prefixes[call.operation.name]}{call.path}{query}"

    def sign(self, call: Call, *, url: str | None = None, now: datetime | None = None) -> Call:
        """The call under the signature of its signer, which stays whatever is made of it; of `now`, and for `url`."""
        assert call.signer is not None
        message = SignableRequest(
            method=call.operation.method,
            url=url or f"{PUBLIC_URL}{self.locate(call)}",
            headers=call.headers,
            body=call.body,
        )
        tag = call.tag or call.operation.signed_as or ""
        return replace(
            call, headers=sign_headers(message, call.signer, tag=tag, now=now or self.city.now()), signer=None
        )

    def standing_on(self, context: Context) -> "Door":
        """The same city with another context."""
        return replace(self, city=replace(self.city, app=_make_app(context, self.cities), context=context))

    def find_operation(self, name: str) -> Operation | None:
        """The operation of this name, if it is served."""
        return next((each for each in self.operations if each.name == name), None)


def make_address() -> str:
    """An address that nobody called from before."""
    number = next(_numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def make_key() -> str:
    """An Idempotency-Key that nobody used before."""
    return f"door-{next(_numbers):08}"


def key_headers(operation: Operation) -> dict[str, str]:
    """The headers that the operation needs beside those of its caller."""
    return {KEY_HEADER: make_key()} if operation.repeats is Repeats.BY_KEY else {}


def renew_key(call: Call) -> Call:
    """The same call under a key that nobody used before, where it has one."""
    return call.having(**{KEY_HEADER: make_key()}) if KEY_HEADER in call.headers else call


def write_body(operation: Operation, value: object) -> bytes:
    """A body as the operation wants it written: JSON or a form."""
    if operation.form:
        assert isinstance(value, Mapping)
        return urlencode({name: str(member) for name, member in value.items()}).encode()
    return json.dumps(value, ensure_ascii=False).encode()


def media_type_of(operation: Operation) -> str | None:
    """The content type of the operation's body; None where it takes none."""
    if operation.upload is not None:
        return "text/csv" if "text/csv" in operation.upload.media_types else min(operation.upload.media_types)
    if operation.body is None:
        return None
    return FORM if operation.form else JSON


def _make_app(context: Context, cities: Cities, rooms: tuple[Blueprint, ...] = ROOMS) -> Flask:
    app = create_app(context, rooms)
    cities.stand_before(app, context)
    return app


@contextmanager
def running_door(database_url: str, *, rooms: tuple[Blueprint, ...] = ROOMS) -> Iterator[Door]:
    """The application over an empty database, with departments, merchants and other cities registered, nobody signed
    in, and stand-ins for what is elsewhere.
    """
    token_key = generate_private_key(SECP256R1())
    platform, register, cities = Platform(), Register(), make_cities()
    with (
        standing_in(platform.answer) as there,
        standing_in(register.answer) as checked,
        running_city(database_url, rooms=rooms) as city,
    ):
        open_offices(city)
        cities.meet(city.database)
        for name in ("own", "other"):
            open_shop(city, f"{PrincipalKind.MERCHANT}-{name}", "library_card")
        context = replace(
            city.context,
            tokens=TokenIssuer({"t1": token_key}, issuer=PUBLIC_URL),
            mini_program=MiniProgram(url=there.url, app_id=APP_ID, secret=APP_SECRET),
            real_name=RealNameCheck(url=checked.url, key=SERVICE_KEY),
            exchange_keys=cities.pair.us.keys,
        )
        served = replace(city, app=_make_app(context, cities, rooms), context=context)
        yield Door(served, token_key, platform, register, cities)
