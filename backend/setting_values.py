"""What a variable of the environment may say: each reader gives its value, or an UnfitError that says what is wrong."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

SECRET_BYTES = 32
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MOST_NOTICE_DAYS = 365
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_CITY = re.compile(r"[a-z][a-z_]{1,39}", re.ASCII)
_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", re.ASCII)
_PLAIN = re.compile(r"[!-~]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """Secret keys of 32 bytes by key id; new values are made with `current`, older ones are still read."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)


class UnfitError(Exception):
    """A text does not fit its variable; the message continues the sentence that begins with its name."""


def require(text: str | None) -> str:
    """Give a text that is there; a missing one is an UnfitError, like whatever else the readers below refuse."""
    if text is None:
        raise UnfitError("is missing")
    return text


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnfitError("is not a URL") from None
    return parts


def read_database_address(url: str) -> str:
    """Read the URL of a database, SQLite by an absolute path or PostgreSQL by psycopg."""
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        if not url.startswith("sqlite:////"):
            raise UnfitError("names no absolute path of a SQLite file")
    elif scheme == "postgresql+psycopg":
        if not _split(url).path.strip("/"):
            raise UnfitError("names no database")
    else:
        raise UnfitError("names no database system that is supported")
    return url


def read_redis_url(url: str) -> str | None:
    """Read the URL of a Redis server; an empty text means that there is none."""
    if not url:
        return None
    parts = _split(url)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise UnfitError("is not the URL of a Redis server")
    return url


def read_city_name(name: str) -> str:
    """Read the name of a city folder."""
    if not _CITY.fullmatch(name):
        raise UnfitError("is not the name of a city folder")
    return name


def find_file(path: str) -> Path:
    """Read the path of a file that is there."""
    file = Path(path)
    if not file.is_file():
        raise UnfitError(f"names {path}, which is not a file")
    return file


def find_file_if_any(path: str) -> Path | None:
    """Read the path of a file that is there; an empty text means that there is none."""
    return find_file(path) if path else None


def read_folder_if_any(path: str) -> Path | None:
    """Read the absolute path of a folder, which need not be there yet; an empty text means that there is none."""
    if not path:
        return None
    folder = Path(path)
    if not folder.is_absolute():
        raise UnfitError("is not an absolute path")
    if folder.exists() and not folder.is_dir():
        raise UnfitError(f"names {path}, which is not a folder")
    return folder


def read_secret_keys(text: str) -> SecretKeys:
    """Read `id:base64` keys of 32 bytes, joined by commas; the first one is the current one."""
    by_id: dict[str, bytes] = {}
    for position, part in enumerate(text.split(","), start=1):
        key_id, _, encoded = part.strip().partition(":")
        if not _KEY_ID.fullmatch(key_id):
            raise UnfitError(f"has no usable id (letters, digits, - and _) before the colon of key {position}")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise UnfitError(f"has a key {key_id} that is not base64") from None
        if len(key) != SECRET_BYTES:
            raise UnfitError(f"has a key {key_id} of {len(key)} bytes instead of {SECRET_BYTES}")
        if key_id in by_id or key in by_id.values():
            raise UnfitError(f"repeats an id or a key at {key_id}")
        by_id[key_id] = key
    return SecretKeys(current=next(iter(by_id)), by_id=MappingProxyType(by_id))


def read_jwks_url(url: str) -> str:
    """Read the address of a key set: a web address, or a file of this machine."""
    parts = _split(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return url
    return read_web_url(url)


def read_public_url(url: str) -> str:
    """Read our own address: scheme and host, nothing after it."""
    parts = _split(read_web_url(url))
    if url.endswith("/") or parts.query or parts.fragment:
        raise UnfitError("has a slash, a query or a fragment at its end")
    return url


def read_service_url(url: str) -> str:
    """Read the address of a service elsewhere, without query and fragment."""
    parts = _split(read_web_url(url))
    if parts.query or parts.fragment:
        raise UnfitError("has a query or a fragment")
    return url


def read_plain_text(text: str) -> str:
    """Read 1 to 200 visible ASCII characters."""
    if not _PLAIN.fullmatch(text):
        raise UnfitError("is not made of 1 to 200 visible ASCII characters")
    return text


def read_web_url(url: str) -> str:
    """Read a web address: https, or plain http on this machine alone, and no user name."""
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UnfitError("is not a web address")
    # What arrives over plain http could have been written by anybody on the way.
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UnfitError("is plain http to another machine")
    if parts.username is not None:
        raise UnfitError("contains a user name")
    return url


def read_log_level(name: str) -> str:
    """Read the name of a log level."""
    if name not in LOG_LEVELS:
        raise UnfitError("is not a log level")
    return name


def read_rate(text: str) -> str:
    """Read calls per period, such as 120/minute."""
    if not _RATE.fullmatch(text):
        raise UnfitError("is not a rate")
    return text


def read_switch(text: str) -> bool:
    """Read on or off."""
    if text not in {"on", "off"}:
        raise UnfitError("is neither on nor off")
    return text == "on"


def read_targets(text: str) -> str:
    """Read where our messages to others may go: public or any."""
    if text not in {"public", "any"}:
        raise UnfitError("is neither public nor any")
    return text


def read_notice_days(text: str) -> int:
    """Read how many days, a year of them at most."""
    if re.fullmatch(r"[0-9]{1,3}", text) is None or int(text) > MOST_NOTICE_DAYS:
        raise UnfitError(f"is not a number of days from 0 to {MOST_NOTICE_DAYS}")
    return int(text)


def read_digit(text: str) -> int:
    """Read a number of one digit."""
    if len(text) != 1 or text not in "0123456789":
        raise UnfitError("is not a number of proxies")
    return int(text)
