"""What the process is told from outside: environment variables, checked once, all faults at one time.

There is no default for a secret, and no message ever shows a secret or a password.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, cast
from urllib.parse import SplitResult, urlsplit

Value = TypeVar("Value")

SECRET_BYTES = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_CITY = re.compile(r"[a-z][a-z_]{1,39}", re.ASCII)
_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", re.ASCII)
_PLAIN = re.compile(r"[!-~]{1,200}", re.ASCII)
_KEYS_EXPECTED = "give id:base64 of 32 random bytes; of several, joined by commas, the newest comes first"

EXPECTED: Mapping[str, str] = MappingProxyType(
    {
        "SHANGDING_DATABASE_URL": "give sqlite:////absolute/path or postgresql+psycopg://user@host/name",
        "SHANGDING_REDIS_URL": "give redis://, rediss:// or unix:// with an address, or leave it out",
        "SHANGDING_CITY": "give the folder name of a city in scoring/rulebooks, such as zhengzhou",
        "SHANGDING_TOKEN_KEYS": "give the path of a JSON JWK set of private ES256 keys; the first one signs",
        "SHANGDING_PSEUDONYM_KEYS": _KEYS_EXPECTED,
        "SHANGDING_SEALING_KEYS": _KEYS_EXPECTED,
        "SHANGDING_IDENTITY_ISSUER": "give the `iss` that the identity provider writes into its tickets",
        "SHANGDING_IDENTITY_JWKS_URL": "give https://... (plain http on this machine only) or file:///path",
        "SHANGDING_PUBLIC_URL": "give https://host with nothing after it (plain http on this machine only)",
        "SHANGDING_COMMIT": "give the commit that was built, or leave it out",
        "SHANGDING_LOG_LEVEL": "give one of " + ", ".join(LOG_LEVELS),
        "SHANGDING_RATE_LIMIT": "give calls per period, such as 120/minute",
        "SHANGDING_TRUSTED_PROXIES": "give how many proxies of yours stand in front, 0 to 9, or leave it out",
        "SHANGDING_MINI_PROGRAM_ID": "give the app id of the mini-program, and id, secret and URL or none of them",
        "SHANGDING_MINI_PROGRAM_SECRET": "give its app secret, and id, secret and URL or none of them",
        "SHANGDING_MINI_PROGRAM_URL": "give the https address of jscode2session without a query, with id and secret",
        "SHANGDING_REAL_NAME_URL": "give the https address of the real-name check without a query, with its key",
        "SHANGDING_REAL_NAME_KEY": "give the key of the real-name check, with its URL, or leave both out",
    }
)


class SettingsError(Exception):
    """The environment is unusable; `faults` has one sentence per variable, none of which shows a secret."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Keep the faults, in the order of the variables."""
        super().__init__("the settings are not usable:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """Secret keys of 32 bytes by key id; new values are made with `current`, older ones are still read."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccess:
    """A service elsewhere: its address, the secret we prove ourselves with, and the name it knows us by, if any."""

    url: str
    secret: str = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the process needs to know before it starts."""

    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    city: str
    token_keys: Path
    pseudonym_keys: SecretKeys
    sealing_keys: SecretKeys
    identity_issuer: str
    identity_jwks_url: str
    public_url: str
    commit: str
    log_level: str
    rate_limit: str
    trusted_proxies: int
    mini_program: ServiceAccess | None = None
    real_name: ServiceAccess | None = None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from `environ`; whatever is wrong is told at once in one SettingsError."""
    reader = _Reader(environ)
    settings = Settings(
        database_url=reader.read("SHANGDING_DATABASE_URL", _database_url),
        redis_url=reader.read("SHANGDING_REDIS_URL", _redis_url, default=""),
        city=reader.read("SHANGDING_CITY", _city, default="zhengzhou"),
        token_keys=reader.read("SHANGDING_TOKEN_KEYS", _existing_file),
        pseudonym_keys=reader.read("SHANGDING_PSEUDONYM_KEYS", _secret_keys),
        sealing_keys=reader.read("SHANGDING_SEALING_KEYS", _secret_keys),
        identity_issuer=reader.read("SHANGDING_IDENTITY_ISSUER", str),
        identity_jwks_url=reader.read("SHANGDING_IDENTITY_JWKS_URL", _jwks_url),
        public_url=reader.read("SHANGDING_PUBLIC_URL", _public_url),
        commit=reader.read("SHANGDING_COMMIT", str, default="unknown"),
        log_level=reader.read("SHANGDING_LOG_LEVEL", _log_level, default="INFO"),
        rate_limit=reader.read("SHANGDING_RATE_LIMIT", _rate_limit, default="120/minute"),
        trusted_proxies=reader.read("SHANGDING_TRUSTED_PROXIES", _one_digit, default="0"),
        mini_program=_read_access(reader, "MINI_PROGRAM", "SECRET", name="ID"),
        real_name=_read_access(reader, "REAL_NAME", "KEY"),
    )
    reader.finish()
    return settings


def read_database_url(environ: Mapping[str, str]) -> str:
    """Read the URL of the database alone, for migrations; raises SettingsError."""
    reader = _Reader(environ)
    url = reader.read("SHANGDING_DATABASE_URL", _database_url)
    reader.finish()
    return url


class _Refusal(Exception):  # noqa: N818 - a sentence on its way to SettingsError, never seen outside
    """One variable is wrong; the text continues the sentence that begins with its name."""


class _Reader:
    """Reads variables one by one and remembers what was wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def read(self, name: str, parse: Callable[[str], Value], default: str | None = None) -> Value:
        text = self._environ.get(name, "").strip() or default
        try:
            return parse(_given(text))
        except _Refusal as refusal:
            self._faults.append(f"{name} {refusal}: {EXPECTED[name]}")
            # Reading goes on so that all faults are told; `finish` raises before anyone sees this value.
            return cast("Value", None)

    def gives_any(self, *names: str) -> bool:
        return any(self._environ.get(name, "").strip() for name in names)

    def finish(self) -> None:
        if self._faults:
            raise SettingsError(tuple(self._faults))


def _read_access(reader: _Reader, service: str, secret: str, *, name: str | None = None) -> ServiceAccess | None:
    """Read the two or three variables of a service that one may do without; one alone makes the others missing."""
    url_at, secret_at = f"SHANGDING_{service}_URL", f"SHANGDING_{service}_{secret}"
    name_at = None if name is None else f"SHANGDING_{service}_{name}"
    if not reader.gives_any(url_at, secret_at, name_at or url_at):
        return None
    return ServiceAccess(
        url=reader.read(url_at, _service_url),
        secret=reader.read(secret_at, _plain_text),
        name="" if name_at is None else reader.read(name_at, _plain_text),
    )


def _given(text: str | None) -> str:
    if text is None:
        raise _Refusal("is missing")
    return text


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _Refusal("is not a URL") from None
    return parts


def _database_url(url: str) -> str:
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        if not url.startswith("sqlite:////"):
            raise _Refusal("names no absolute path of a SQLite file")
    elif scheme == "postgresql+psycopg":
        if not _split(url).path.strip("/"):
            raise _Refusal("names no database")
    else:
        raise _Refusal("names no database system that is supported")
    return url


def _redis_url(url: str) -> str | None:
    if not url:
        return None
    parts = _split(url)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise _Refusal("is not the URL of a Redis server")
    return url


def _city(name: str) -> str:
    if not _CITY.fullmatch(name):
        raise _Refusal("is not the name of a city folder")
    return name


def _existing_file(path: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise _Refusal(f"names {path}, which is not a file")
    return file


def _secret_keys(text: str) -> SecretKeys:
    by_id: dict[str, bytes] = {}
    for position, part in enumerate(text.split(","), start=1):
        key_id, _, encoded = part.strip().partition(":")
        if not _KEY_ID.fullmatch(key_id):
            raise _Refusal(f"has no usable id (letters, digits, - and _) before the colon of key {position}")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise _Refusal(f"has a key {key_id} that is not base64") from None
        if len(key) != SECRET_BYTES:
            raise _Refusal(f"has a key {key_id} of {len(key)} bytes instead of {SECRET_BYTES}")
        if key_id in by_id or key in by_id.values():
            raise _Refusal(f"repeats an id or a key at {key_id}")
        by_id[key_id] = key
    return SecretKeys(current=next(iter(by_id)), by_id=MappingProxyType(by_id))


def _jwks_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return url
    return _web_url(url)


def _public_url(url: str) -> str:
    parts = _split(_web_url(url))
    if url.endswith("/") or parts.query or parts.fragment:
        raise _Refusal("has a slash, a query or a fragment at its end")
    return url


def _service_url(url: str) -> str:
    parts = _split(_web_url(url))
    if parts.query or parts.fragment:
        raise _Refusal("has a query or a fragment")
    return url


def _plain_text(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        raise _Refusal("is not made of 1 to 200 visible ASCII characters")
    return text


def _web_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _Refusal("is not a web address")
    # What arrives over plain http could have been written by anybody on the way.
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise _Refusal("is plain http to another machine")
    if parts.username is not None:
        raise _Refusal("contains a user name")
    return url


def _log_level(name: str) -> str:
    if name not in LOG_LEVELS:
        raise _Refusal("is not a log level")
    return name


def _rate_limit(text: str) -> str:
    if not _RATE.fullmatch(text):
        raise _Refusal("is not a rate")
    return text


def _one_digit(text: str) -> int:
    if len(text) != 1 or text not in "0123456789":
        raise _Refusal("is not a number of proxies")
    return int(text)
