"""How a message stands in the chain and in an exported bundle: one line of JSON in its one spelling.

Keys in order, no blanks, letters as they are (UTF-8). The chain is over these lines, so whoever has them can count it
again with nothing but SHA-256.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

BUNDLE_FORMAT = "shangding-exchange-bundle/1"
BUNDLE_KIND = "exchange-bundle+jws"
BEGINNING = bytes(32)
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def write_line(value: object) -> bytes:
    """Write a value as a line, its end included; NaN and half of a surrogate pair are a ValueError."""
    return f"{_JSON.encode(value)}\n".encode()


def write_moment(moment: datetime) -> str:
    """Write an aware moment, to the microsecond, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def chain(previous: bytes, message: Mapping[str, Any]) -> bytes:
    """Find the digest of a message's place in the chain: SHA-256 of the one before and the message's line."""
    return sha256(previous + write_line(message)).digest()
