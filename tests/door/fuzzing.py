"""Schemathesis over the generated OpenAPI document: every phase, every check, as every kind of caller, to the end.

It goes on after a failure, calls the application in this process, and gives one sentence for each kind of failure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport
from typing_extensions import override

from backend.principals import Principal, PrincipalKind
from backend.web.openapi import openapi_document
from tests.backend.records.handing import HEALTH
from tests.door.door import CLERK, Door, Side, make_address

MARK = "Bearer somebody"  # what the fuzzer sends; the gate puts a token of the moment in its place
CALLS_BY_ONE = 40
NETWORK_ONLY = ("max_redirects", "verify", "cert", "proxies")
# What a form refuses although its JSON schema allows it, because JSON Schema has no word for it: 8.0 is an integer
# there; that a point lies on the curve of a key (`key_...`) it cannot say either.
BEYOND_SCHEMA = frozenset(
    {
        "blank_at_the_edge", "forbidden_character", "holds_identity_number", "json_digits", "json_nul",
        "json_out_of_range", "json_surrogate", "json_too_deep", "not_a_cursor", "not_a_whole_number", "not_nfc",
        "not_plain", "out_of_range", "says_nothing", "too_long", "wrong_form",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """The application behind a gate that lets each call come from another address, and as a caller who may call.

    Calls may close accounts and end sessions, so there is another citizen every 40 calls, and each call has a token of
    its own moment.
    """

    door: Door
    kind: PrincipalKind
    scopes: frozenset[str]
    numbers: Iterator[int] = field(default_factory=count)
    sides: list[Side] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one call (WSGI)."""
        environ["REMOTE_ADDR"] = make_address()
        if environ.get("HTTP_AUTHORIZATION") == MARK:
            self.door.city.clock.move(timedelta(milliseconds=1))  # later than what an earlier call revoked
            environ["HTTP_AUTHORIZATION"] = self._authorise()
        return self.door.city.app(environ, start_response)

    def _authorise(self) -> str:
        if next(self.numbers) % CALLS_BY_ONE == 0:
            self.sides[:] = [self.door.make_side(HEALTH)]
        principal = Principal(
            kind=self.kind,
            id=self.sides[0].name_caller(self.kind),
            scopes=self.scopes,
            proven_at=self.door.city.now(),
        )
        return self.door.authorise(principal)["Authorization"]


class InProcess(WSGITransport):
    """Calls without a network, also where a check repeats one without its token and forgets that there is none."""

    @override
    def send(self, case: Any, *, session: Any = None, **kwargs: Any) -> Any:
        known = {name: value for name, value in kwargs.items() if name not in NETWORK_ONLY}
        return super().send(case, session=session, **known)


def find_fuzz_failures(
    door: Door, kind: PrincipalKind, *, seed: int, examples: int, names: Collection[str]
) -> Iterator[str]:
    """What fails when the operations `names` that serve `kind` are fuzzed with `examples` each; one sentence a kind."""
    seen = set()
    for event in from_schema(_load(door, kind, seed=seed, examples=examples, names=names)).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            yield f"{kind}, seed {seed}: the fuzzer stumbles: {getattr(event, 'label', '')} {event!r:.300}"
        if not isinstance(event, events.ScenarioFinished):
            continue
        for case_id, checks in event.recorder.checks.items():
            for check in checks:
                if check.failure_info is None:
                    continue
                failure = check.failure_info.failure
                answer = event.recorder.interactions[case_id].response
                status = None if answer is None else answer.status_code
                key = (failure.operation, check.name, status)
                if key not in seen:
                    seen.add(key)
                    said = "" if answer is None else answer.content.decode(errors="replace")[:300]
                    yield (
                        f"{failure.operation} as {kind}, {check.name}: {failure.title}; {failure.message[:200]}\n"
                        f"    {event.phase.value}, seed {seed}: {check.failure_info.code_sample[:400]}\n"
                        f"    {status} {said}"
                    )


def _load(door: Door, kind: PrincipalKind, *, seed: int, examples: int, names: Collection[str]) -> Any:  # noqa: ANN401 - untyped here
    document = openapi_document(door.city.app)
    document["servers"] = [{"url": "http://localhost"}]
    scopes = frozenset(each.scope for each in door.operations if each.scope is not None and kind in each.kinds)
    headers = {} if kind is PrincipalKind.ANYONE else {"Authorization": MARK, "Acting-Clerk": CLERK}
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "headers": headers,
            "base-url": "http://localhost",
            "workers": 1,
            "warnings": False,
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config).include(
        func=lambda context: (
            kind.value in context.operation.definition.raw.get("x-principals", ())
            and context.operation.definition.raw["operationId"] in names
        )
    )
    schema.hooks.register_hook_with_name(_filter_failure, "filter_failure")
    schema.app = Gate(door, kind, scopes)
    return schema


def _filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:  # noqa: ANN401 - untyped here
    """Keep a failure unless valid data was refused for a rule that JSON Schema cannot tell.

    That is a declared code of its own, or a flaw of a text or number beyond type, length and pattern.
    """
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code not in {400, 413, 422}:
        return True
    document = response.json()
    if document["code"] not in {"invalid_request", "malformed_json", "malformed_request"}:
        return False
    flaws = {fault["code"] for fault in document.get("errors", ())}
    return not flaws or any(flaw not in BEYOND_SCHEMA and not flaw.startswith(("key_", "identity_")) for flaw in flaws)
