"""What the process is told from outside: environment variables, checked once, all faults at one time.

There is no default for a secret, and no message ever shows a secret or a password.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, cast

from backend.setting_values import (
    LOG_LEVELS,
    SecretKeys,
    UnfitError,
    find_file,
    find_file_if_any,
    read_city_name,
    read_database_address,
    read_digit,
    read_folder_if_any,
    read_jwks_url,
    read_log_level,
    read_notice_days,
    read_plain_text,
    read_public_url,
    read_rate,
    read_redis_url,
    read_secret_keys,
    read_service_url,
    read_switch,
    read_targets,
    require,
)

Value = TypeVar("Value")

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
        "SHANGDING_WEBHOOK_TARGETS": "give public, or any on a closed network, or leave it out",
        "SHANGDING_EXCHANGE_KEYS": "give the path of a file that `shangding keys exchange new` made, or leave it out",
        "SHANGDING_EXCHANGE_TARGETS": "give public, or any on a closed network of cities, or leave it out",
        "SHANGDING_CITY_FILES": "give the absolute path of a folder for the files of the city, or leave it out",
        "SHANGDING_RULE_NOTICE_DAYS": "give a number of days, 0 to 365, or leave it out for 30",
        "SHANGDING_SANDBOX": "give on, for a database made by `shangding sandbox` and no other, or leave it out",
    }
)


class SettingsError(Exception):
    """The environment is unusable; `faults` has one sentence per variable, none of which shows a secret."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Keep the faults, in the order of the variables."""
        super().__init__("the settings are not usable:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.faults = faults


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
    sandbox: bool = False
    webhook_targets: str = "public"
    exchange_keys: Path | None = None
    exchange_targets: str = "public"
    city_files: Path | None = None
    rule_notice_days: int = 30


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from `environ`; whatever is wrong is told at once in one SettingsError."""
    reader = _Reader(environ)
    settings = Settings(
        database_url=reader.read("SHANGDING_DATABASE_URL", read_database_address),
        redis_url=reader.read("SHANGDING_REDIS_URL", read_redis_url, default=""),
        city=reader.read("SHANGDING_CITY", read_city_name, default="zhengzhou"),
        token_keys=reader.read("SHANGDING_TOKEN_KEYS", find_file),
        pseudonym_keys=reader.read("SHANGDING_PSEUDONYM_KEYS", read_secret_keys),
        sealing_keys=reader.read("SHANGDING_SEALING_KEYS", read_secret_keys),
        identity_issuer=reader.read("SHANGDING_IDENTITY_ISSUER", str),
        identity_jwks_url=reader.read("SHANGDING_IDENTITY_JWKS_URL", read_jwks_url),
        public_url=reader.read("SHANGDING_PUBLIC_URL", read_public_url),
        commit=reader.read("SHANGDING_COMMIT", str, default="unknown"),
        log_level=reader.read("SHANGDING_LOG_LEVEL", read_log_level, default="INFO"),
        rate_limit=reader.read("SHANGDING_RATE_LIMIT", read_rate, default="120/minute"),
        trusted_proxies=reader.read("SHANGDING_TRUSTED_PROXIES", read_digit, default="0"),
        mini_program=_read_access(reader, "MINI_PROGRAM", "SECRET", name="ID"),
        real_name=_read_access(reader, "REAL_NAME", "KEY"),
        webhook_targets=reader.read("SHANGDING_WEBHOOK_TARGETS", read_targets, default="public"),
        exchange_keys=reader.read("SHANGDING_EXCHANGE_KEYS", find_file_if_any, default=""),
        exchange_targets=reader.read("SHANGDING_EXCHANGE_TARGETS", read_targets, default="public"),
        city_files=reader.read("SHANGDING_CITY_FILES", read_folder_if_any, default=""),
        rule_notice_days=reader.read("SHANGDING_RULE_NOTICE_DAYS", read_notice_days, default="30"),
        sandbox=reader.read("SHANGDING_SANDBOX", read_switch, default="off"),
    )
    reader.finish()
    return settings


def read_database_url(environ: Mapping[str, str]) -> str:
    """Read the URL of the database alone, for migrations; raises SettingsError."""
    reader = _Reader(environ)
    url = reader.read("SHANGDING_DATABASE_URL", read_database_address)
    reader.finish()
    return url


class _Reader:
    """Reads variables one by one and remembers what was wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def read(self, name: str, parse: Callable[[str], Value], default: str | None = None) -> Value:
        text = self._environ.get(name, "").strip() or default
        try:
            return parse(require(text))
        except UnfitError as fault:
            self._faults.append(f"{name} {fault}: {EXPECTED[name]}")
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
        url=reader.read(url_at, read_service_url),
        secret=reader.read(secret_at, read_plain_text),
        name="" if name_at is None else reader.read(name_at, read_plain_text),
    )
