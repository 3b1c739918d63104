r"""A gate without network: it opens for a benefit card that is genuine, for this merchant, still good and not used.

Needs PyJWT and cryptography. Fetched earlier, at least once a day, while there was a network:

    curl -o keys.json https://score.example/v1/keys
    curl https://score.example/v1/cards/status          # which status lists there are
    curl -o list-0000.jwt https://score.example/v1/cards/status/0000

Then, without network, one card a line from the scanner, one result a line:

    scanner | python gate.py --issuer https://score.example --merchant north_square \
        --keys keys.json --list list-0000.jwt --memory used.sqlite

A result is `open` with what the person gets in Chinese and English, or one word that says why the gate stays shut.
Only `open` opens.
"""

import argparse
import json
import sqlite3
import sys
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import jwt

ALGORITHM = "ES256"
CARD_TYPE, LIST_TYPE = "benefit-card+jwt", "statuslist+jwt"
LEEWAY_S = 30  # how far the clock of the gate may be off
LONGEST_CARD = 4096
MOST_LIST_BYTES = 8192  # 65,536 bits


class Result(StrEnum):
    """What the gate found; everything but OPEN keeps it shut."""

    OPEN = "open"
    MALFORMED = "malformed"  # nothing that we could have signed: another code, or damaged
    WRONG_TYPE = "wrong_type"  # signed, but no card
    UNKNOWN_KEY = "unknown_key"  # fetch the keys anew; if it stays, somebody else made the card
    BAD_SIGNATURE = "bad_signature"  # somebody changed the card, or made it
    WRONG_ISSUER = "wrong_issuer"
    WRONG_MERCHANT = "wrong_merchant"  # a genuine card for somebody else's gate
    NOT_YET = "not_yet"  # or the clock of the gate is slow
    EXPIRED = "expired"
    ENDED = "ended"  # ended before its time
    STATUS_UNKNOWN = "status_unknown"  # its status list is not here, or is too old: fetch the lists
    USED = "used"  # this card has opened this gate before


@dataclass(frozen=True)
class Entry:
    """A result, and with OPEN what the card says: scenario, benefit, and a pseudonym that only this merchant sees."""

    result: Result
    claims: Mapping[str, Any] = field(default_factory=dict)


class Memory:
    """Which cards have opened the gate, kept in a file, so that a power cut forgets nothing."""

    def __init__(self, path: str) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("CREATE TABLE IF NOT EXISTS used (card_id TEXT PRIMARY KEY, until INTEGER)")

    def use(self, card_id: str, until: int, now: datetime) -> bool:
        """Note that a card opened the gate; False when it had before. Cards long expired are forgotten."""
        self._file.execute("DELETE FROM used WHERE until < ?", (int(now.timestamp()) - 2 * LEEWAY_S,))
        added = self._file.execute("INSERT OR IGNORE INTO used VALUES (?, ?)", (card_id, until))
        return added.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Gate:
    """Checks cards with what was fetched earlier; never asks anybody."""

    def __init__(self, *, issuer: str, merchant: str, keys: str, lists: Iterable[str], memory: Memory) -> None:
        """Take the key set and the status lists as they were fetched (texts); a forged list is a ValueError."""
        self._issuer, self._audience, self._memory = issuer, f"merchant:{merchant}", memory
        self._keys = {
            key["kid"]: jwt.PyJWK(key, ALGORITHM)
            for key in json.loads(keys)["keys"]
            if key.get("kty") == "EC" and key.get("crv") == "P-256"
        }
        self._lists = dict(self._read_list(text) for text in lists)

    def check(self, card: str, now: datetime) -> Entry:
        """Check a card at the moment `now` (aware), and use it up if the gate opens for it."""
        try:
            claims = self._read(card, CARD_TYPE)
            self._check_claims(claims, now.timestamp())
            if not self._memory.use(str(claims["jti"]), int(claims["exp"]), now):
                return Entry(Result.USED)
        except _RefusedError as refused:
            return Entry(refused.result)
        except (KeyError, TypeError, ValueError):
            return Entry(Result.MALFORMED)
        return Entry(Result.OPEN, claims)

    def _check_claims(self, claims: Mapping[str, Any], seconds: float) -> None:
        if claims["aud"] != self._audience:
            raise _RefusedError(Result.WRONG_MERCHANT)
        if seconds + LEEWAY_S < int(claims["nbf"]):
            raise _RefusedError(Result.NOT_YET)
        if int(claims["exp"]) <= seconds - LEEWAY_S:
            raise _RefusedError(Result.EXPIRED)
        status = claims["status"]["status_list"]
        bits, until = self._lists.get(status["uri"], (b"", 0))
        place = int(status["idx"])
        if until <= seconds or not 0 <= place < len(bits) * 8:
            raise _RefusedError(Result.STATUS_UNKNOWN)
        if bits[place >> 3] >> (place & 7) & 1:
            raise _RefusedError(Result.ENDED)

    def _read_list(self, text: str) -> tuple[str, tuple[bytes, int]]:
        """Read a status list: its URI, its bits from the least significant of each byte, and until when it holds."""
        try:
            claims = self._read(text.strip(), LIST_TYPE)
            packed = claims["status_list"]
            if packed["bits"] != 1:
                raise ValueError("a status list has more than one bit a card")
            bits = zlib.decompressobj().decompress(_decode(packed["lst"]), MOST_LIST_BYTES)
            return str(claims["sub"]), (bits, int(claims["exp"]))
        except _RefusedError as refused:
            raise ValueError(f"a status list is refused: {refused.result}") from None

    def _read(self, text: str, kind: str) -> dict[str, Any]:
        """Read what the service signed. The header only chooses the key; times and audience are left to the caller."""
        if len(text) > LONGEST_CARD * (4 if kind == LIST_TYPE else 1):
            raise _RefusedError(Result.MALFORMED)
        try:
            header = jwt.get_unverified_header(text)
            key = self._keys.get(header.get("kid", ""))
            if header.get("typ") != kind:
                raise _RefusedError(Result.WRONG_TYPE)
            if key is None:
                raise _RefusedError(Result.UNKNOWN_KEY)
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                [ALGORITHM],
                options={
                    "require": ["exp", "iat", "iss", "sub"],
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidSignatureError:
            raise _RefusedError(Result.BAD_SIGNATURE) from None
        except jwt.InvalidTokenError:
            raise _RefusedError(Result.MALFORMED) from None
        if claims["iss"] != self._issuer:
            raise _RefusedError(Result.WRONG_ISSUER)
        return claims


class _RefusedError(Exception):
    """What was read is not what it should be."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.value)
        self.result = result


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main() -> None:
    """Check one card a line from standard input."""
    reader = argparse.ArgumentParser(description="Check benefit cards without network, one a line.")
    reader.add_argument("--issuer", required=True, help="the public URL of the score service")
    reader.add_argument("--merchant", required=True, help="your code as a merchant")
    reader.add_argument("--keys", required=True, type=Path, help="what GET /v1/keys gave")
    reader.add_argument("--list", required=True, type=Path, action="append", help="what GET /v1/cards/status/... gave")
    reader.add_argument("--memory", required=True, help="a file of the gate: which cards were used")
    given = reader.parse_args()
    with closing(Memory(given.memory)) as memory:
        gate = Gate(
            issuer=given.issuer,
            merchant=given.merchant,
            keys=given.keys.read_text(),
            lists=[path.read_text() for path in given.list],
            memory=memory,
        )
        for line in sys.stdin:
            entry = gate.check(line.strip(), datetime.now(UTC))
            benefit = entry.claims.get("benefit", {})
            words = " / ".join(benefit[language] for language in ("zh", "en") if benefit.get(language))
            sys.stdout.write(f"{entry.result} {words}".strip() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
