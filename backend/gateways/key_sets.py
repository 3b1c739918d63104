"""Where the public keys of the identity provider come from: a file, or a web address from the settings.

No redirect is followed and no proxy is used: the keys are whatever stands at that one address.
"""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backend.gateways.http_calls import CallFailedError, call_service

LARGEST_BYTES = 65536
DEADLINE_SECONDS = 2.0


class KeySetUnreachableError(Exception):
    """The key set cannot be fetched just now."""


def fetch_key_set(url: str) -> str:
    """Fetch the text of a JWK set from a file, http or https URL; raises KeySetUnreachableError."""
    parts = urlsplit(url)
    try:
        content = Path(unquote(parts.path)).read_bytes() if parts.scheme == "file" else _fetch(url)
        if len(content) > LARGEST_BYTES:
            raise KeySetUnreachableError(f"the key set at {url} is larger than {LARGEST_BYTES} bytes")
        return content.decode()
    except (OSError, CallFailedError, UnicodeDecodeError) as fault:
        raise KeySetUnreachableError(f"the key set at {url} cannot be read: {fault}") from fault


def _fetch(url: str) -> bytes:
    answer = call_service(url, deadline_seconds=DEADLINE_SECONDS, largest_bytes=LARGEST_BYTES)
    if answer.status != HTTPStatus.OK:
        raise KeySetUnreachableError(f"the key set at {url} is answered with status {answer.status}")
    return answer.content
