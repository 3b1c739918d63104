"""How a message to another city leaves: one port, so that who speaks need not know whether there is a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import urlsplit

from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer, call_service
from backend.gateways.public_addresses import is_public

PUBLIC = "public"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """A call as it leaves; `deadline_seconds` covers connecting, asking and reading."""

    url: str
    method: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    body: bytes | None = field(default=None, repr=False)
    deadline_seconds: float


# Gives whatever was answered, or raises CallFailedError.
Send: TypeAlias = Callable[[OutgoingCall], HttpAnswer]


def make_sender(targets: str) -> Send:
    """Make what sends by the network: with `public` by https to public addresses alone, with `any` anywhere."""
    admits = is_public if targets == PUBLIC else None

    def send(call: OutgoingCall) -> HttpAnswer:
        if admits is not None and urlsplit(call.url).scheme != "https":
            raise CallFailedError("the address is not https", CallFault.ADDRESS_REFUSED)
        return call_service(
            call.url,
            method=call.method,
            body=call.body,
            headers=call.headers,
            deadline_seconds=call.deadline_seconds,
            admits=admits,
        )

    return send
