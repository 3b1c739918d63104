"""Refresh tokens: who a session belongs to and which generation this is, under a keyed hash. None of them is stored.

A token is: version, session id, subject id (both as 32 hexadecimal digits), generation, key id, and the HMAC-SHA256 of
all that, joined by dots. The same generation under the same key is the same token, word for word: an answer that was
lost can be given once more.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from backend.gateways.base64url import encode_base64url
from backend.gateways.derived_keys import check_current, derive_keys

LONGEST_REFRESH_TOKEN = 200
_VERSION = "sdr1"
_TOKEN = re.compile(
    r"(?P<content>sdr1\.(?P<session>[0-9a-f]{32})\.(?P<subject>[0-9a-f]{32})\.(?P<generation>[1-9][0-9]{0,8})"
    r"\.(?P<key_id>[A-Za-z0-9_-]{1,32}))\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaim:
    """What a genuine refresh token says; whether it is still good, the row of its session tells."""

    subject_id: UUID
    session_id: UUID
    generation: int


class RefreshTokens:
    """Writes tokens with the current key; reads those of all keys."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        check_current(keys, current)
        self._current = current
        self._keys = derive_keys(keys, use="shangding refresh token 1")

    def write(self, claim: RefreshClaim) -> str:
        """Write the token of a generation of a session."""
        content = f"{_VERSION}.{claim.session_id.hex}.{claim.subject_id.hex}.{claim.generation}.{self._current}"
        return f"{content}.{_sign(self._keys[self._current], content)}"

    def read(self, token: str) -> RefreshClaim | None:
        """Read what a token says; None when it is none of ours."""
        match = _TOKEN.fullmatch(token)
        key = None if match is None else self._keys.get(match["key_id"])
        if match is None or key is None or not hmac.compare_digest(_sign(key, match["content"]), match["mac"]):
            return None
        return RefreshClaim(
            subject_id=UUID(match["subject"]),
            session_id=UUID(match["session"]),
            generation=int(match["generation"]),
        )


def _sign(key: bytes, content: str) -> str:
    return encode_base64url(hmac.digest(key, content.encode(), "sha256"))
