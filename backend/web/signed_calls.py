"""Calls that are signed as a whole (RFC 9421) and need no token: those of other cities. Our answers to them are, too.

Who the callers are is known to a room above, which the application puts in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from flask import Response, current_app, g, request

from backend.context import current_context
from backend.gateways.city_calls import CITY_HEADER
from backend.gateways.message_signatures import SignableRequest, SignatureFault, Verified
from backend.principals import Principal
from backend.web.authentication import ANYONE
from backend.web.declaration import Operation
from backend.web.limits import count_request
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.requests import read_body

EXTENSION = "shangding.signed_callers"
LONGEST_CITY = 40
_CODES: Mapping[SignatureFault, ProblemCode] = {
    SignatureFault.MISSING: ProblemCode.SIGNATURE_MISSING,
    SignatureFault.STALE: ProblemCode.SIGNATURE_STALE,
    SignatureFault.INCOMPLETE: ProblemCode.SIGNATURE_INCOMPLETE,
    SignatureFault.UNKNOWN_KEY: ProblemCode.SIGNATURE_KEY_UNKNOWN,
    SignatureFault.REFUSED: ProblemCode.SIGNATURE_REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A call whose signature holds. Its nonce must still be remembered, in the transaction of what the call does."""

    principal: Principal
    request: SignableRequest
    tag: str
    verified: Verified


class SignedCallers(Protocol):
    """Whoever knows the cities that call, and signs what they are answered."""

    def identify(self, city: str, call: SignableRequest, *, tag: str, now: datetime) -> SignedCall | SignatureFault:
        """Tell who signed a call for `tag`, or what is wrong with it."""
        ...

    def sign(
        self, call: SignedCall, *, status: int, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> dict[str, str]:
        """Sign an answer to a call; gives all of its headers."""
        ...


def read_signed_call(operation: Operation, now: datetime) -> SignedCall:
    """Read the running request as a signed call; raises `Problem` (401, 413, 429)."""
    found = _identify(operation, now)
    if operation.limited:
        count_request(operation, found.principal if isinstance(found, SignedCall) else ANYONE)
    if isinstance(found, SignatureFault):
        raise Problem(Refusal(_CODES[found]))
    g.signed_call = found
    return found


def sign_unsigned(response: Response) -> Response:
    """Sign the answer to a signed call where the view did not: a problem is as binding as an answer."""
    call: SignedCall | None = g.get("signed_call")
    if call is not None and "Signature" not in response.headers:
        signed = _find_callers().sign(
            call,
            status=response.status_code,
            headers={"Content-Type": response.headers.get("Content-Type", "application/json")},
            body=response.get_data(),
            now=current_context().clock.now(),
        )
        for name, value in signed.items():
            response.headers[name] = value
    return response


def _identify(operation: Operation, now: datetime) -> SignedCall | SignatureFault:
    city = request.headers.get(CITY_HEADER, "")
    if not city:
        return SignatureFault.MISSING
    if len(city) > LONGEST_CITY or not city.isascii():
        return SignatureFault.UNKNOWN_KEY
    call = SignableRequest(
        method=request.method,
        # As it is called from outside, whatever stands in front of us calls it here.
        url=f"{current_context().settings.public_url}{request.full_path.removesuffix('?')}",
        headers=dict(request.headers.items()),
        body=read_body(operation.body_limit),
    )
    return _find_callers().identify(city, call, tag=operation.signed_as or "", now=now)


def _find_callers() -> SignedCallers:
    return cast("SignedCallers", current_app.extensions[EXTENSION])
