"""Wire forms of clients, their keys, and of asking for a token (RFC 6749, RFC 7523)."""

from enum import StrEnum
from typing import Any, Unpack
from uuid import UUID

from typing_extensions import override

from backend.clients.registration import MOST_KEYS, Ending
from backend.clients.roles import DEPARTMENT_SCOPES, MERCHANT_SCOPES
from backend.gateways.public_keys import KeyRefusedError, PublicKey, read_jwk
from backend.gateways.signed_claims import LONGEST_TOKEN
from backend.web.fields import Choice, Identifier, JsonObject, Moment, Options, Part, Several, StrictSchema, Text, Whole
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema

_ASSERTION = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
_SCOPES = r"[a-z:-]+( [a-z:-]+)*"
_CODE = r"[A-Za-z0-9._-]+"
_THUMBPRINT = r"[A-Za-z0-9_-]{43}"
MOST_KEYS_SHOWN = 1000


class GrantType(StrEnum):
    """The one way to a token here."""

    CLIENT_CREDENTIALS = "client_credentials"


class AssertionType(StrEnum):
    """The one way in which a client proves itself."""

    JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class RegistrableKind(StrEnum):
    """The kinds of clients that a registrar registers; officers are registered on the machine."""

    DEPARTMENT = "department"
    MERCHANT = "merchant"


class Scope(StrEnum):
    """What a client of a department, or one of a merchant, may be registered for."""

    BENEFITS_VERIFY = "benefits:verify"
    GRANTS_READ = "grants:read"
    GRANTS_WRITE = "grants:write"
    QUALITY_READ = "quality:read"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    REPORTS_WRITE = "reports:write"
    STATEMENTS_READ = "statements:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


class PublicJwk(JsonObject):
    """A public ES256 key as a JWK; loads the key."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is an object, the value a key
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> PublicKey:
        entry: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)
        try:
            return read_jwk(entry)
        except KeyRefusedError as error:
            raise refuse_value(error.flaw) from None


class ClientCursor(Cursor):
    """A cursor that an earlier page of clients gave; loads the id of the last client shown."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(parts=1, **options)

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> UUID:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return UUID(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class TokenRequestSchema(StrictSchema):
    """A request for a token; `scope` for fewer scopes than the client has, `client_id` only to be compared."""

    grant_type = Choice(GrantType, required=True)
    client_assertion_type = Choice(AssertionType, required=True)
    client_assertion = Text(maximum=LONGEST_TOKEN, pattern=_ASSERTION, required=True)
    # A form has no null.
    scope = Text(maximum=400, pattern=_SCOPES, load_default=None, allow_none=False)
    client_id = Identifier(load_default=None, allow_none=False)


class GrantedSchema(StrictSchema):
    """An access token (RFC 6749, section 5.1)."""

    access_token = Text(maximum=LONGEST_TOKEN, required=True)
    token_type = Text(maximum=10, required=True)
    expires_in = Whole(minimum=1, maximum=600, required=True)
    scope = Text(maximum=400, required=True)


class NewClientSchema(StrictSchema):
    """A client to register: of which kind, for whom, and for what."""

    kind = Choice(RegistrableKind, required=True)
    principal_id = Text(maximum=64, pattern=_CODE, required=True)
    scopes = Several(Choice(Scope), minimum=1, maximum=len(DEPARTMENT_SCOPES | MERCHANT_SCOPES), required=True)


class NewKeySchema(StrictSchema):
    """A public key, and the moment from which it is not good any more, if it is to have one."""

    jwk = PublicJwk(maximum=10, required=True)
    ends_at = Moment(load_default=None)


class KeySchema(StrictSchema):
    """A key of a client by its thumbprint, which is the `kid` of assertions."""

    key_id = Text(minimum=43, maximum=43, pattern=_THUMBPRINT, required=True)
    added_at = Moment(required=True)
    added_by = Text(maximum=128, required=True)
    ends_at = Moment(required=True, allow_none=True)
    ended_by = Text(maximum=128, required=True, allow_none=True)


class ClientSchema(StrictSchema):
    """A client and its keys."""

    client_id = Identifier(required=True)
    kind = Text(maximum=20, required=True)
    principal_id = Text(maximum=64, required=True)
    scopes = Several(Text(maximum=40), maximum=20, required=True)
    roles = Several(Text(maximum=40), maximum=20, required=True)
    registered_at = Moment(required=True)
    registered_by = Text(maximum=128, required=True)
    ended_at = Moment(required=True, allow_none=True)
    ended_because = Choice(Ending, required=True, allow_none=True)
    ended_by = Text(maximum=128, required=True, allow_none=True)
    keys = Several(Part(KeySchema), maximum=MOST_KEYS_SHOWN, required=True)


class ClientPageQuerySchema(PageQuerySchema):
    """Which page of the clients is wanted."""

    cursor = ClientCursor(load_default=None)


class ClientPageSchema(StrictSchema):
    """A page of clients in order of registration, ended ones too."""

    items = Several(Part(ClientSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class EndingQuerySchema(StrictSchema):
    """Why a client ends."""

    because = Choice(Ending, required=True)


class KeyEndingQuerySchema(StrictSchema):
    """When a key ends: now, unless a later moment is given."""

    ends_at = Moment(load_default=None)


class PublishedKeySchema(StrictSchema):
    """A public key of ours as a JWK (RFC 7517)."""

    kid = Text(maximum=64, required=True)
    kty = Text(maximum=10, required=True)
    crv = Text(maximum=10, required=True)
    x = Text(maximum=50, required=True)
    y = Text(maximum=50, required=True)
    use = Text(maximum=10, required=True)
    alg = Text(maximum=10, required=True)


class PublishedKeysSchema(StrictSchema):
    """The keys by which tokens of ours are verified (a JWK set)."""

    keys = Several(Part(PublishedKeySchema), maximum=MOST_KEYS * 10, required=True)
