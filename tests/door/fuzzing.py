"""Schemathesis over the generated OpenAPI document: every phase, every check, as every kind of caller, to the end.

It goes on after a failure, calls the application in this process, and gives one sentence for each kind of failure.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from itertools import count
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport
from typing_extensions import override
from werkzeug.wrappers import Request

from backend.gateways.city_calls import CITY_HEADER
from backend.gateways.message_signatures import SignableRequest
from backend.principals import Principal, PrincipalKind
from backend.web.openapi import openapi_document
from tests.backend.partners.cities import OURS, THEIRS
from tests.backend.records.handing import HEALTH
from tests.backend.web.probe import PUBLIC_URL
from tests.door.door import CLERK, Door, Side, make_address
from tests.door.partner_cities import sign_headers

MARK = "Bearer somebody"  # what the fuzzer sends; the gate puts a token of the moment, or a signature, in its place
CALLS_BY_ONE = 40
_CITY = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)
NETWORK_ONLY = ("max_redirects", "verify", "cert", "proxies")
# What a form refuses although its JSON schema allows it, because JSON Schema has no word for it: 8.0 is an integer
# there; that a point lies on the curve of a key (`key_...`) it cannot say either.
BEYOND_SCHEMA = frozenset(
    {
        "blank_at_the_edge", "forbidden_character", "holds_identity_number", "json_digits", "json_nul",
        "json_out_of_range", "json_surrogate", "json_too_deep", "line_holds_identity_number", "not_a_cursor",
        "not_a_whole_number", "not_nfc", "not_plain", "out_of_range", "says_nothing", "too_long", "wrong_form",
    }
)  # fmt: skip
OF_A_KIND = "/content/"  # of a notice: its schema says that it is an object, and its kind which one


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
            if self.kind is PrincipalKind.PARTNER_CITY:
                self._sign(environ)
            else:
                environ["HTTP_AUTHORIZATION"] = self._authorise()
        return self.door.city.app(environ, start_response)

    def _sign(self, environ: dict[str, Any]) -> None:
        """Let the partner sign a call, whatever city it names, and say that what it signs goes from it to us."""
        del environ["HTTP_AUTHORIZATION"]
        asked = Request(environ)
        body, partner = _address(asked.get_data()), self.door.cities.partner
        headers = {"Content-Type": asked.content_type or "", CITY_HEADER: asked.headers.get(CITY_HEADER, "")}
        if _CITY.fullmatch(headers[CITY_HEADER]):
            headers[CITY_HEADER] = partner.city
        url = f"{PUBLIC_URL}{asked.full_path.removesuffix('?')}"
        signed = sign_headers(
            SignableRequest(method=asked.method, url=url, headers=headers, body=body),
            partner,
            tag=self.tags.get(asked.path, ""),
            now=self.door.city.now(),
        )
        environ.update({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items() if value})
        environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """What calls are signed for, by their paths."""
        prefixes = self.door.prefixes
        return {f"{prefixes[each.name]}{each.path}": each.signed_as for each in self.door.operations if each.signed_as}

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


def _address(body: bytes) -> bytes:
    """A message that goes from the partner to us, if it is one that goes from any city to any other."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(message, dict):
        return body
    right = {"from": THEIRS, "to": OURS}
    changed = {name: code for name, code in right.items() if _CITY.fullmatch(str(message.get(name)))}
    return json.dumps({**message, **changed}).encode() if changed else body


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
    faults = document.get("errors", ())
    flaws = {fault["code"] for fault in faults if not fault["pointer"].startswith(OF_A_KIND)}
    return not faults or any(flaw not in BEYOND_SCHEMA and not flaw.startswith(("key_", "identity_")) for flaw in flaws)
