"""What an operation of the API says about itself; nothing is served that says less."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType

from marshmallow import Schema

from backend.principals import PrincipalKind
from backend.web.problems import ProblemCode

BODY_LIMIT = 64 * 1024
SAFE_METHODS = frozenset({"GET"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
GIVEN = frozenset({"principal", "session", "now", "body", "query", "upload", "signed"})

_SCOPE = re.compile(r"[a-z][a-z-]*:[a-z][a-z-]*")
_PATH = re.compile(r"(/([a-z0-9-]+|<(uuid|code|day|string\(length=[0-9]+\)):[a-z][a-z0-9_]*>))+")
_VARIABLE = re.compile(r"<[^:>]+:([a-z][a-z0-9_]*)>")

View = Callable[..., object]

_ALWAYS = frozenset({ProblemCode.INTERNAL_FAULT, ProblemCode.MALFORMED_REQUEST})
_PROVEN = frozenset(
    {
        ProblemCode.TOKEN_MISSING,
        ProblemCode.TOKEN_INVALID,
        ProblemCode.TOKEN_EXPIRED,
        ProblemCode.TOKEN_REVOKED,
        ProblemCode.PRINCIPAL_REFUSED,
        ProblemCode.SCOPE_MISSING,
    }
)
_SIGNED = frozenset(
    {
        ProblemCode.SIGNATURE_MISSING,
        ProblemCode.SIGNATURE_INCOMPLETE,
        ProblemCode.SIGNATURE_STALE,
        ProblemCode.SIGNATURE_KEY_UNKNOWN,
        ProblemCode.SIGNATURE_REFUSED,
        ProblemCode.BODY_TOO_LARGE,
    }
)
_CLERKS = frozenset({ProblemCode.CLERK_MALFORMED, ProblemCode.CLERK_REFUSED})
_KEYED = frozenset(
    {
        ProblemCode.IDEMPOTENCY_KEY_MISSING,
        ProblemCode.IDEMPOTENCY_KEY_MALFORMED,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
        ProblemCode.REQUEST_RUNNING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadForm:
    """A file as the body of a request: the media types it may have, and how many bytes at most."""

    media_types: frozenset[str]
    limit: int


class DeclarationError(Exception):
    """An operation is declared wrongly or not at all; the application does not start."""


class Repeats(Enum):
    """Why a change may be sent twice without harm."""

    BY_KEY = "the caller sends an Idempotency-Key, and a repeat gets the first answer"
    HARMLESS = "a repeat leaves the same state behind: the operation is idempotent, or changes nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path: whom it serves, what it takes and gives, what can go wrong.

    `view` is asked for by keyword only, and gets what its parameters name: the path's variables, and any of
    `principal`, `session`, `now`, `body`, `query`, `upload`, `signed`. A `form` body comes as browsers and OAuth
    clients send it. A `fresh` operation asks that the caller has proven a short while ago who he is. `streams` are the
    media types of an answer that is a file. `signed_as` is the tag of the signature by which another city proves
    itself, instead of a token with a scope.
    """

    method: str
    path: str
    view: View = field(repr=False)
    kinds: frozenset[PrincipalKind]
    scope: str | None
    summary: str
    status: HTTPStatus = HTTPStatus.OK
    response: type[Schema] | None = None
    example: object = None
    media_type: str = "application/json"
    body: type[Schema] | None = None
    body_example: object = None
    query: type[Schema] | None = None
    problems: frozenset[ProblemCode] = frozenset()
    repeats: Repeats | None = None
    writes: bool = True
    limit: str | None = None
    limited: bool = True
    body_limit: int = BODY_LIMIT
    form: bool = False
    upload: UploadForm | None = None
    fresh: bool = False
    streams: frozenset[str] = frozenset()
    signed_as: str | None = None

    def __post_init__(self) -> None:
        faults = [sentence for sentence, holds in self._list_rules().items() if not holds]
        if faults:
            raise DeclarationError(f"{self.method} {self.path} ({self.name}): {'; '.join(faults)}")

    @property
    def name(self) -> str:
        """The operation id in OpenAPI, logs and metrics: the name of the view."""
        return self.view.__name__

    @property
    def parameters(self) -> frozenset[str]:
        """The names of what the view asks for."""
        return frozenset(inspect.signature(self.view).parameters)

    @property
    def variables(self) -> frozenset[str]:
        """The names of the path's variables."""
        return frozenset(_VARIABLE.findall(self.path))

    @property
    def is_open(self) -> bool:
        """Whether the operation serves everybody, without a token."""
        return self.kinds == {PrincipalKind.ANYONE}

    @property
    def needs_token(self) -> bool:
        """Whether a call proves itself by a token: all do but open ones, and those that are signed as a whole."""
        return not self.is_open and self.signed_as is None

    @property
    def names_clerk(self) -> bool:
        """Whether a call must say which clerk acts: every call of a department must."""
        return PrincipalKind.DEPARTMENT in self.kinds

    @property
    def takes_clerk(self) -> bool:
        """Whether a call may say which clerk acts: those of merchants may, too."""
        return self.names_clerk or PrincipalKind.MERCHANT in self.kinds

    def list_problems(self) -> frozenset[ProblemCode]:
        """The codes declared, and those that follow from the rest of the declaration."""
        takes_file, takes_body = self.upload is not None, self.body is not None
        reads = "session" in self.parameters or self.repeats is Repeats.BY_KEY or not self.is_open
        following: tuple[tuple[bool, frozenset[ProblemCode]], ...] = (
            (True, _ALWAYS),
            (self.needs_token, _PROVEN),
            (self.signed_as is not None, _SIGNED),
            (self.names_clerk, frozenset({ProblemCode.CLERK_MISSING})),
            (self.takes_clerk, _CLERKS),
            (self.fresh, frozenset({ProblemCode.STEP_UP_NEEDED})),
            (takes_body or takes_file, frozenset({ProblemCode.UNSUPPORTED_MEDIA_TYPE, ProblemCode.BODY_TOO_LARGE})),
            (takes_body and not self.form, frozenset({ProblemCode.MALFORMED_JSON})),
            (takes_body or self.query is not None, frozenset({ProblemCode.INVALID_REQUEST})),
            (self.repeats is Repeats.BY_KEY, _KEYED),
            (bool(self.variables), frozenset({ProblemCode.NOT_FOUND})),
            (self.limited, frozenset({ProblemCode.TOO_MANY_REQUESTS})),
            (reads, frozenset({ProblemCode.UNAVAILABLE})),
        )
        return self.problems.union(*(codes for holds, codes in following if holds))

    def _list_rules(self) -> Mapping[str, bool]:
        asked = inspect.signature(self.view).parameters.values()
        by_keyword = all(parameter.kind is parameter.KEYWORD_ONLY for parameter in asked)
        changes = self.method not in SAFE_METHODS
        return MappingProxyType(
            {
                f"the method must be one of {', '.join(sorted(METHODS))}": self.method in METHODS,
                "a path has lower-case words and variables <uuid:...>, <code:...>, <day:...>, <string(length=n):...>": (
                    _PATH.fullmatch(self.path) is not None
                ),
                "it must name the kinds of principals it serves": bool(self.kinds),
                "'anyone' stands alone": self.is_open or PrincipalKind.ANYONE not in self.kinds,
                "it must name a scope such as 'score:read', unless it serves anyone or is signed": (
                    bool(_SCOPE.fullmatch(self.scope or "")) if self.needs_token else self.scope is None
                ),
                "other cities sign their calls, and nobody else does": (
                    (self.signed_as is not None) == (self.kinds == {PrincipalKind.PARTNER_CITY})
                ),
                "it must have a summary": bool(self.summary.strip()),
                "its view takes keywords only": by_keyword,
                "its view asks for something it is never given": self.parameters <= GIVEN | self.variables,
                "its view must ask for every variable of its path": self.variables <= self.parameters,
                "a view asks for 'body' if and only if a body is declared": (
                    ("body" in self.parameters) == (self.body is not None)
                ),
                "a view asks for 'query' if and only if a query is declared": (
                    ("query" in self.parameters) == (self.query is not None)
                ),
                "a view asks for 'upload' if and only if an upload is declared": (
                    ("upload" in self.parameters) == (self.upload is not None)
                ),
                "a view asks for 'signed' only where calls are signed": (
                    "signed" not in self.parameters or self.signed_as is not None
                ),
                "a safe method takes no body": changes or (self.body is None and self.upload is None),
                "a body is JSON, a form or an upload": (
                    not (self.upload is not None and self.body is not None) and (self.body is not None or not self.form)
                ),
                "only a GET answers with a file, and with nothing else": (
                    not self.streams or (not changes and self.response is None)
                ),
                "what changes something must say why it may be repeated": (not changes or self.repeats is not None),
                "a key needs a principal to belong to, and a transaction that writes": (
                    self.repeats is not Repeats.BY_KEY or (changes and self.writes and not self.is_open)
                ),
            }
        )
