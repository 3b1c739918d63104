"""The two cities of the test vectors, their keys, and messages between them with all that their signatures are over."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key

from backend.gateways.city_calls import CONTENT_TYPE, CityCall, MessageTag, SignedCall, sign_answer, sign_call
from backend.gateways.exchange_keys import ExchangeKeys, SealingKey
from backend.gateways.token_keys import TokenKey
from backend.partners.bundle_lines import write_moment

ASKED_AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ANSWERED_AT, WITHDRAWN_AT, CONFIRMED_AT = (ASKED_AT + timedelta(seconds=each) for each in (1, 3600, 3601))
HOME, HOST = "zhengzhou", "hangzhou"
QUESTION_ID, NOTICE_ID = UUID("019ab3c0-5d4e-7a10-8c2f-6b1d9e8f7a60"), UUID("019ab3c0-6f00-7b21-9d30-7c2eaf908b71")
CARD_ID = UUID("019ab3c0-7a11-7c32-8e41-8d3fb0a19c82")
# Of a region that nobody is of.
ID_NUMBER = "000000199001010018"
TREATY = '[treaty]\ncities = ["hangzhou", "zhengzhou"]\nversion = "2026.1"\n# and so on: docs/treaty-format.md\n'


def make_key(name: str) -> EllipticCurvePrivateKey:
    """The private key that goes by a name: anybody can make it."""
    return derive_private_key(int.from_bytes(sha256(f"partner protocol {name}".encode()).digest()), SECP256R1())


def make_keys(city: str) -> ExchangeKeys:
    """The keys of a city."""
    return ExchangeKeys.from_keys(list_keys(city))


def list_keys(city: str) -> tuple[TokenKey, SealingKey]:
    """The one that signs and the one that opens."""
    signs, opens = f"{city}-sig-1", f"{city}-enc-1"
    return TokenKey(signs, make_key(signs)), SealingKey(opens, make_key(opens))


def name_url(city: str, path: str) -> str:
    """The address of a city's protocol."""
    return f"https://credit.{city}.example/exchange/v1/{path}"


def sign(city: str, url: str, tag: MessageTag, body: str, now: datetime) -> SignedCall:
    """A call of a city."""
    call = CityCall(city=city, url=url, tag=tag, body=body.encode(), deadline_seconds=1.5)
    return sign_call(call, keys=make_keys(city), now=now)


def show_call(call: SignedCall) -> dict[str, Any]:
    """A call with what its signature is over."""
    asked = call.request
    headers = {name.lower(): value for name, value in asked.headers.items()}
    shown = {"url": asked.url, "signed_at": write_moment(call.signed_at), "headers": headers}
    return {**shown, "body": asked.body.decode(), "signature_base": write_base(headers, url=asked.url)}


def show_answer(
    call: SignedCall, city: str, body: str, now: datetime, *, status: int = 200, content_type: str = CONTENT_TYPE
) -> dict[str, Any]:
    """An answer to a call with what its signature is over."""
    answer = sign_answer(
        call.request,
        tag=call.tag,
        status=status,
        body=body.encode(),
        keys=make_keys(city),
        now=now,
        content_type=content_type,
    )
    headers = {name.lower(): value for name, value in answer.headers.items()}
    asked = {name.lower(): value for name, value in call.request.headers.items()}
    base = write_base(headers, url=call.request.url, status=status, asked=asked)
    shown = {"status": status, "signed_at": write_moment(now), "headers": headers}
    return {**shown, "body": body, "signature_base": base}


def write_base(
    headers: Mapping[str, str], *, url: str, status: int | None = None, asked: Mapping[str, str] | None = None
) -> str:
    """The signature base (RFC 9421, section 2.5), written without any library; headers by small letters."""
    parameters = headers["signature-input"].removeprefix("sig=")
    values = {"@method": "POST", "@target-uri": url, "@status": str(status)}
    lines = []
    for component in re.findall(r'"[^"]+"(?:;req)?', parameters.partition(")")[0]):
        name = component.removesuffix(";req").strip('"')
        source = asked if component.endswith(";req") and asked is not None else headers
        lines.append(f"{component}: {values.get(name) or source[name]}")
    return "\n".join([*lines, f'"@signature-params": {parameters}'])
