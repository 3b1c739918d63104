"""The keys that sign our tokens, and their states by time: published, then signing, then still read, then gone.

They stand in a file, a JWK set of private keys, oldest first. `signs_from` is when a key begins to sign, `read_until`
when nothing that it signed is valid any more; a set without them has one key that has always signed. The file is read
anew when it changes, so that a key is exchanged without a restart.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jwt.algorithms import ECAlgorithm

from backend.clock import format_moment
from backend.gateways.key_making import make_signing_entry
from backend.gateways.public_keys import make_jwk
from backend.gateways.signed_claims import ALGORITHM, KeySetError, read_private_keys

LONGEST_LIFE = timedelta(hours=1)
PUBLISHED_BEFORE = timedelta(minutes=15)
CACHED_FOR = timedelta(minutes=10)
LONGEST_OFFLINE = timedelta(days=1)
LEARNT_WITHIN = timedelta(days=1)
# A key that signs no tokens any more goes on with what is read offline for as long as readers need to learn the next.
READ_AFTER = LEARNT_WITHIN + LONGEST_OFFLINE + CACHED_FOR
CHECKED_EVERY = timedelta(seconds=2)
ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)

log = structlog.get_logger("shangding.keys")


class NamedKey(Protocol):
    """A key of whatever kind, with its name."""

    @property
    def key_id(self) -> str:
        """The id of the key."""
        ...


Key = TypeVar("Key", bound=NamedKey)


class Terms(NamedTuple):
    """How a key follows another: how long it is published before it signs, and the other is read after that."""

    published_before: timedelta
    read_after: timedelta


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A signing key and its times; `read_until` is excluded."""

    key_id: str
    key: EllipticCurvePrivateKey = field(repr=False)
    signs_from: datetime = ALWAYS
    read_until: datetime = NEVER

    def describe(self) -> dict[str, str]:
        """Describe the public half as a JWK (RFC 7517)."""
        return {"kid": self.key_id, **make_jwk(self.key.public_key()), "use": "sig", "alg": ALGORITHM}


class TokenKeys(Protocol):
    """Wherever the signing keys come from."""

    def list_keys(self, now: datetime) -> Sequence[TokenKey]:
        """Give the keys as they are now, whatever their state."""
        ...


class KeptKeys:
    """Keys that stay as they are."""

    def __init__(self, keys: Iterable[TokenKey]) -> None:
        self._keys = tuple(keys)

    def list_keys(self, now: datetime) -> Sequence[TokenKey]:  # noqa: ARG002 - they do not change with time
        """Give the keys."""
        return self._keys


class WatchedKeys(Generic[Key]):
    """The keys of a file, read anew when it has changed, which is looked for every two seconds at most.

    `read` takes the text of the file apart, and `events` is how its log lines begin. A file that has become unusable is
    told in the log, once, and the keys there were stay in use. One that cannot be opened or read is tried again each
    time, because what stands in the way may go without a trace in the file.
    """

    def __init__(self, path: Path, read: Callable[[str], Sequence[Key]], *, events: str) -> None:
        self._path = path
        self._read = read
        self._event_read, self._event_unusable = f"{events}_read", f"{events}_unusable"
        self._lock = Lock()
        self._stamp: tuple[int, ...] | None = _stamp(path)
        self._keys = read(path.read_text(encoding="utf-8"))
        self._checked_at = ALWAYS
        self._told: object = None

    def list_keys(self, now: datetime) -> Sequence[Key]:
        """Give the keys as the file has them."""
        # The distance counts, not the direction: a clock set back must not stop the looking until it catches up.
        if abs(now - self._checked_at) >= CHECKED_EVERY and self._lock.acquire(blocking=False):
            try:
                self._checked_at = now
                self._look()
            finally:
                self._lock.release()
        return self._keys

    def _look(self) -> None:
        stamp = None
        try:
            stamp = _stamp(self._path)
            content = None if stamp == self._stamp else self._path.read_bytes()
        except OSError as fault:
            self._tell(fault, (fault.errno, stamp))
            return
        self._told = None
        if content is None:
            return
        self._stamp = stamp  # also of a file whose content is no good: only another content can mend that
        try:
            self._keys = self._read(content.decode())
        except (UnicodeDecodeError, KeySetError) as fault:
            self._tell(fault, stamp)
        else:
            log.info(self._event_read, keys=[key.key_id for key in self._keys])

    def _tell(self, fault: Exception, state: object) -> None:
        """Tell of a fault, unless it was told of the same state before."""
        if state != self._told:
            log.error(self._event_unusable, fault=type(fault).__name__)  # the text may show a path
        self._told = state


class KeyFile(WatchedKeys[TokenKey]):
    """The file of the token keys."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_token_keys, events="token_keys")


def choose_signer(keys: Sequence[TokenKey], now: datetime) -> TokenKey:
    """Choose the key that signs now: the newest whose time has come; before all times, the one that comes first.

    Of keys that begin at one moment the first of the set signs. Raises KeySetError when no key may be read any more.
    """
    readable = list_readable(keys, now)
    if not readable:
        raise KeySetError("no token key may be used any more: every one has passed its read_until")
    begun = [key for key in readable if key.signs_from <= now]
    return max(begun, key=_begin) if begun else min(readable, key=_begin)


def choose_offline_signer(keys: Sequence[TokenKey], now: datetime, *, until: datetime) -> TokenKey:
    """Choose the key that signs now what is read until `until` by those who fetch our keys once a day.

    The oldest that is published as long, since it is the one that everybody knows; where none is, the one that signs
    tokens. Raises KeySetError as `choose_signer` does.
    """
    lasting = [key for key in keys if key.signs_from <= now and until <= key.read_until]
    return min(lasting, key=_begin) if lasting else choose_signer(keys, now)


def list_readable(keys: Sequence[TokenKey], now: datetime) -> list[TokenKey]:
    """List the keys whose tokens are read now, also one that signs only later: another machine's clock may be ahead."""
    return [key for key in keys if now < key.read_until]


def read_token_keys(text: str) -> tuple[TokenKey, ...]:
    """Read a JWK set (JSON) of private ES256 keys with their times; raises KeySetError."""
    keys = read_private_keys(text)
    entries = {entry["kid"]: entry for entry in json.loads(text)["keys"]}
    return tuple(
        TokenKey(
            key_id,
            key,
            read_moment(entries[key_id], "signs_from", ALWAYS),
            read_moment(entries[key_id], "read_until", NEVER),
        )
        for key_id, key in keys.items()
    )


def write_token_keys(keys: Sequence[TokenKey]) -> str:
    """Write keys with their times as a JWK set (JSON); private, as it signs."""
    return json.dumps({"keys": [describe_private(key) for key in keys]}, indent=2)


def read_moment(entry: Mapping[str, Any], name: str, default: datetime) -> datetime:
    """Read a moment in the entry of a key, `default` where there is none; raises KeySetError."""
    if name not in entry:
        return default
    try:
        moment = datetime.fromisoformat(entry[name])
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise KeySetError(f"key {entry['kid']} has a {name} that is no moment; give one such as 2026-11-22T04:00:00Z")
    return moment.astimezone(UTC)


def describe_private(key: TokenKey) -> dict[str, str]:
    """Describe a key with its times as a JWK; private, as it signs."""
    entry: dict[str, str] = ECAlgorithm.to_jwk(key.key, as_dict=True)
    times = write_moments(signs_from=key.signs_from, read_until=key.read_until)
    return {**entry, "kid": key.key_id, "use": "sig", "alg": ALGORITHM, **times}


def write_moments(**moments: datetime) -> dict[str, str]:
    """Write the moments of a key for its entry; what has always been or never ends is left unsaid."""
    return {name: format_moment(moment) for name, moment in moments.items() if moment not in {ALWAYS, NEVER}}


def rotate(
    keys: Sequence[TokenKey], now: datetime, *, at_once: bool = False, terms: Terms | None = None
) -> tuple[TokenKey, ...]:
    """Add the next key, which signs once everybody has had time to learn of it, and let the others end after that.

    What has ended is dropped. A key that does not sign yet makes a rotation that is under way, which is a
    KeySetError. With `at_once`, for keys that somebody has stolen, the new key stands alone: all tokens end. Without
    `terms` they are those of token keys.
    """
    published_before, read_after = terms or (PUBLISHED_BEFORE, READ_AFTER)
    [made] = read_token_keys(json.dumps({"keys": [make_signing_entry(now)]}))
    if at_once:
        return (replace(made, signs_from=now),)
    kept = list_readable(keys, now)
    waiting = [key for key in kept if key.signs_from > now]
    if waiting:
        raise KeySetError(
            f"key {waiting[0].key_id} begins to sign at {waiting[0].signs_from.isoformat()}; rotate again after that"
        )
    begins_at = now + published_before
    ended = [replace(key, read_until=min(key.read_until, begins_at + read_after)) for key in kept]
    return (*ended, replace(made, signs_from=begins_at))


def write_new_file(path: Path, text: str) -> None:
    """Write a file that must not exist yet, readable by its owner alone; FileExistsError otherwise."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def replace_file(path: Path, text: str) -> None:
    """Put `text` in place of the content of a file in one step, readable by its owner alone."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _begin(key: TokenKey) -> datetime:
    return key.signs_from


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
