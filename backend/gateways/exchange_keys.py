"""The keys of the city in the exchange with other cities: some sign its messages, to others is sealed what it reads.

They stand in one file, a JWK set of private keys, oldest first, with their times. Partners learn the public halves from
us: a key id that they do not know makes them look again. So a key follows another within minutes, which only the
machines of the city need to have the new file; and both go on for days in which a partner may have been away.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from jwt.algorithms import ECAlgorithm

from backend.gateways.key_making import make_sealing_entry
from backend.gateways.public_keys import make_jwk
from backend.gateways.sealed_messages import SEALING_ALGORITHM, open_sealed
from backend.gateways.signed_claims import ALGORITHM, KeySetError, read_private_keys
from backend.gateways.token_keys import (
    ALWAYS,
    NEVER,
    Terms,
    TokenKey,
    WatchedKeys,
    choose_signer,
    describe_private,
    list_readable,
    read_moment,
    rotate,
    write_moments,
)

TAKES_OVER_AFTER = timedelta(minutes=5)
KEPT_AFTER = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key that others seal to, and its times: from when it is published, and when it opens no more (excluded)."""

    key_id: str
    key: EllipticCurvePrivateKey = field(repr=False)
    sealed_from: datetime = ALWAYS
    opened_until: datetime = NEVER

    def describe(self) -> dict[str, str]:
        """Describe the public half as a JWK (RFC 7517)."""
        return {"kid": self.key_id, **make_jwk(self.key.public_key()), "use": "enc", "alg": SEALING_ALGORITHM}


ExchangeKey: TypeAlias = TokenKey | SealingKey


class HeldKeys(Protocol):
    """Wherever the keys of the exchange come from."""

    def list_keys(self, now: datetime) -> Sequence[ExchangeKey]:
        """Give the keys as they are now, whatever their state."""
        ...


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """Keys that stay as they are."""

    keys: Sequence[ExchangeKey]

    def list_keys(self, now: datetime) -> Sequence[ExchangeKey]:  # noqa: ARG002 - they do not change with time
        """Give the keys."""
        return self.keys


class ExchangeKeys:
    """The keys of the city: who signs now, what partners are told of them, and what is sealed to them opened."""

    def __init__(self, held: HeldKeys) -> None:
        self._held = held

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the file of the keys, and anew when it changes; raises OSError or KeySetError."""
        return cls(WatchedKeys(path, read_exchange_keys, events="exchange_keys"))

    @classmethod
    def from_keys(cls, keys: Sequence[ExchangeKey]) -> Self:
        """Take keys that stay as they are."""
        return cls(GivenKeys(tuple(keys)))

    def find_signer(self, now: datetime) -> TokenKey:
        """Give the key that signs our messages now; raises KeySetError when there is none."""
        return choose_signer(_list_signing(self._held.list_keys(now)), now)

    def list_public(self, now: datetime) -> dict[str, EllipticCurvePublicKey]:
        """List by id the public halves of the keys whose signatures are believed now."""
        readable = list_readable(_list_signing(self._held.list_keys(now)), now)
        return {key.key_id: key.key.public_key() for key in readable}

    def describe(self, now: datetime) -> list[dict[str, str]]:
        """Describe as JWKs what partners need: the keys that sign or will sign next, and the one to seal to."""
        keys = self._held.list_keys(now)
        signing, sealing = list_readable(_list_signing(keys), now), choose_sealing(_list_sealing(keys), now)
        return [key.describe() for key in signing] + [key.describe() for key in sealing]

    def open(self, text: str, now: datetime) -> dict[str, str]:
        """Open a message that is sealed to the city, with whichever key it names; raises SealedMessageError."""
        keys = _list_sealing(self._held.list_keys(now))
        return open_sealed(text, {key.key_id: key.key for key in keys if now < key.opened_until})


def choose_sealing(keys: Sequence[SealingKey], now: datetime) -> tuple[SealingKey, ...]:
    """Choose the key that others seal to: the newest whose time has come, else the next; none when all have ended."""
    opening = [key for key in keys if now < key.opened_until]
    begun = [key for key in opening if key.sealed_from <= now]
    if begun:
        return (max(begun, key=_begin),)
    return (min(opening, key=_begin),) if opening else ()


def read_exchange_keys(text: str) -> tuple[ExchangeKey, ...]:
    """Read a JWK set (JSON) of private keys, one at least that signs and one that is sealed to; raises KeySetError."""
    private = read_private_keys(text)
    entries = {entry["kid"]: entry for entry in json.loads(text)["keys"]}
    keys = tuple(_read_key(entries[key_id], key) for key_id, key in private.items())
    if not _list_signing(keys) or not _list_sealing(keys):
        raise KeySetError("the keys of the exchange need one of use sig and one of use enc at least")
    return keys


def write_exchange_keys(keys: Sequence[ExchangeKey]) -> str:
    """Write keys with their times as a JWK set (JSON); private, as it signs and opens."""
    entries = [describe_private(key) if isinstance(key, TokenKey) else _describe_opening(key) for key in keys]
    return json.dumps({"keys": entries}, indent=2)


def rotate_exchange(keys: Sequence[ExchangeKey], now: datetime, *, at_once: bool = False) -> tuple[ExchangeKey, ...]:
    """Add the next key of either use, which takes over in five minutes; those before are read and open for ten days.

    A rotation that is under way is a KeySetError. With `at_once`, for keys that somebody has stolen, the new ones stand
    alone: what is on its way, signed by the old key or sealed to it, is refused.
    """
    signing = rotate(_list_signing(keys), now, at_once=at_once, terms=Terms(TAKES_OVER_AFTER, KEPT_AFTER))
    begins_at = now if at_once else now + TAKES_OVER_AFTER
    kept = [] if at_once else [key for key in _list_sealing(keys) if now < key.opened_until]
    ended = [replace(key, opened_until=min(key.opened_until, begins_at + KEPT_AFTER)) for key in kept]
    [made] = read_private_keys(json.dumps({"keys": [entry := make_sealing_entry(now)]})).values()
    return (*signing, *ended, SealingKey(entry["kid"], made, sealed_from=begins_at))


def _read_key(entry: dict[str, str], key: EllipticCurvePrivateKey) -> ExchangeKey:
    key_id, uses = entry["kid"], (entry.get("use"), entry.get("alg"))
    if uses == ("sig", ALGORITHM):
        times = read_moment(entry, "signs_from", ALWAYS), read_moment(entry, "read_until", NEVER)
        return TokenKey(key_id, key, *times)
    if uses == ("enc", SEALING_ALGORITHM):
        times = read_moment(entry, "sealed_from", ALWAYS), read_moment(entry, "opened_until", NEVER)
        return SealingKey(key_id, key, *times)
    raise KeySetError(
        f"key {key_id} has no use in the exchange; it needs use sig with alg {ALGORITHM},"
        f" or use enc with alg {SEALING_ALGORITHM}"
    )


def _describe_opening(key: SealingKey) -> dict[str, str]:
    entry: dict[str, str] = ECAlgorithm.to_jwk(key.key, as_dict=True)
    times = write_moments(sealed_from=key.sealed_from, opened_until=key.opened_until)
    return {**entry, "kid": key.key_id, "use": "enc", "alg": SEALING_ALGORITHM, **times}


def _list_signing(keys: Sequence[ExchangeKey]) -> list[TokenKey]:
    return [key for key in keys if isinstance(key, TokenKey)]


def _list_sealing(keys: Sequence[ExchangeKey]) -> list[SealingKey]:
    return [key for key in keys if isinstance(key, SealingKey)]


def _begin(key: SealingKey) -> datetime:
    return key.sealed_from
