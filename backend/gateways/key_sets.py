"""Where the public keys of the identity provider come from: a file, or a web address from the settings.

No redirect is followed and no proxy is used: the keys are whatever stands at that one address.
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGEST_BYTES = 65536
WAIT_SECONDS = 2.0
_OK = 200


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
    except (OSError, HTTPException, UnicodeDecodeError) as fault:
        raise KeySetUnreachableError(f"the key set at {url} cannot be read: {fault}") from fault


def _fetch(url: str) -> bytes:
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=WAIT_SECONDS)
    try:
        address = parts.path or "/"
        connection.request("GET", f"{address}?{parts.query}" if parts.query else address)
        answer = connection.getresponse()
        content = answer.read(LARGEST_BYTES + 1)
        if answer.status != _OK:
            raise KeySetUnreachableError(f"the key set at {url} is answered with status {answer.status}")
        return content
    finally:
        connection.close()
