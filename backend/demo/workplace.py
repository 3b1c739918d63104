"""Where a demo lives: a directory of its own with keys, a SQLite file and the log of the service."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.demo.mini_program import APP_ID, APP_SECRET, CHECK_KEY
from backend.gateways.key_making import make_secret_key, make_signing_keys
from backend.settings import Settings, read_settings

HOST = "127.0.0.1"
# Keys, addresses and the identity provider are always the demo's own: a demo with real keys would be a real service.
FROM_OUTSIDE = (
    "SHANGDING_DATABASE_URL",
    "SHANGDING_REDIS_URL",
    "SHANGDING_CITY",
    "SHANGDING_COMMIT",
    "SHANGDING_LOG_LEVEL",
    "SHANGDING_RATE_LIMIT",
)


class DemoError(Exception):
    """The demo cannot be made or started here; the message says what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The files of a demo and its two addresses."""

    directory: Path
    people: int
    seed: int
    port: int

    @property
    def service_url(self) -> str:
        """Give the address of the service."""
        return f"http://{HOST}:{self.port}"

    @property
    def provider_port(self) -> int:
        """Give the port of the identity provider, the next one."""
        return self.port + 1

    @property
    def provider_url(self) -> str:
        """Give the address of the identity provider, which is also the `iss` of its tickets."""
        return f"http://{HOST}:{self.provider_port}"

    @property
    def provider_keys(self) -> Path:
        """Give the file of the identity provider's private keys."""
        return self.directory / "provider-keys.jwks.json"

    @property
    def log(self) -> Path:
        """Give the file into which the service writes its log."""
        return self.directory / "service.log"

    @property
    def calls(self) -> Path:
        """Give the file into which the printed calls are written, too; it holds tokens."""
        return self.directory / "calls.sh"

    @property
    def settings(self) -> Path:
        """Give the file with the settings of the service, for commands beside it; it holds secrets."""
        return self.directory / "shangding.env"


def open_workplace(place: Workplace, environ: Mapping[str, str], now: datetime) -> tuple[dict[str, str], Settings]:
    """Make the directory with its keys unless they are there, and give the service's environment and settings.

    What `environ` says about database, Redis, city, commit, log and rate limit wins; raises SettingsError or OSError.
    """
    place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = place.directory.resolve()
    token_keys, secret_keys = directory / "token-keys.jwks.json", directory / "secret-keys.jwks.json"
    write_once(token_keys, make_signing_keys(now))
    write_once(place.provider_keys, make_signing_keys(now))
    write_once(secret_keys, json.dumps({"pseudonym": make_secret_key(now), "sealing": make_secret_key(now)}))
    secrets = json.loads(secret_keys.read_text(encoding="utf-8"))
    city = environ.get("SHANGDING_CITY") or "zhengzhou"
    database = directory / f"{city}-{place.seed}-{place.people}.sqlite"
    variables = {
        "SHANGDING_DATABASE_URL": f"sqlite:///{database}",
        **{name: environ[name] for name in FROM_OUTSIDE if environ.get(name)},
        "SHANGDING_CITY_FILES": str(database.with_suffix(".files")),
        "SHANGDING_TOKEN_KEYS": str(token_keys),
        "SHANGDING_PSEUDONYM_KEYS": secrets["pseudonym"],
        "SHANGDING_SEALING_KEYS": secrets["sealing"],
        "SHANGDING_IDENTITY_ISSUER": place.provider_url,
        "SHANGDING_IDENTITY_JWKS_URL": f"{place.provider_url}/jwks.json",
        "SHANGDING_PUBLIC_URL": place.service_url,
        "SHANGDING_MINI_PROGRAM_ID": APP_ID,
        "SHANGDING_MINI_PROGRAM_SECRET": APP_SECRET,
        "SHANGDING_MINI_PROGRAM_URL": f"{place.provider_url}/sns/jscode2session",
        "SHANGDING_REAL_NAME_URL": f"{place.provider_url}/real-name",
        "SHANGDING_REAL_NAME_KEY": CHECK_KEY,
    }
    return variables, read_settings(variables)


def write_settings(path: Path, variables: Mapping[str, str]) -> None:
    """Write variables as a file to be read by a shell (`set -a; . FILE`), which its owner alone can read."""
    write_private(path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())))


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, in place of an earlier one."""
    path.unlink(missing_ok=True)
    write_once(path, text)


def write_once(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, unless it is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
