"""Where a sandbox lives: a directory of its own with keys, a SQLite file, the log, and what a merchant begins with."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from backend.clients.registration import give_key, register_merchant_client, show_clients
from backend.clients.roles import MERCHANT_SCOPES
from backend.context import Context
from backend.demo.performance import expect
from backend.demo.sandbox_seed import MERCHANT, STEWARD
from backend.demo.workplace import DemoError, Workplace, write_once, write_private
from backend.gateways.key_making import make_secret_key, make_signing_entry, make_signing_keys
from backend.gateways.public_keys import PublicKey, name_key
from backend.principals import PrincipalKind
from backend.settings import Settings, read_settings

DATABASE = "sandbox.sqlite"
# Keys, addresses and the city are always the sandbox's own.
FROM_OUTSIDE = (
    "SHANGDING_DATABASE_URL",
    "SHANGDING_REDIS_URL",
    "SHANGDING_COMMIT",
    "SHANGDING_LOG_LEVEL",
    "SHANGDING_RATE_LIMIT",
)
MOST_CLIENTS = 1000


def open_sandbox_place(place: Workplace, environ: Mapping[str, str], now: datetime) -> tuple[dict[str, str], Settings]:
    """Make the directory with its keys unless they are there, and give the service's environment and settings.

    Nobody holds the key of the identity provider: nobody signs in to a sandbox. Raises SettingsError or OSError.
    """
    place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = place.directory.resolve()
    token_keys, secret_keys = directory / "token-keys.jwks.json", directory / "secret-keys.jwks.json"
    provider_keys = directory / "provider-keys.jwks.json"
    write_once(token_keys, make_signing_keys(now))
    write_once(secret_keys, json.dumps({"pseudonym": make_secret_key(now), "sealing": make_secret_key(now)}))
    public = {name: value for name, value in make_signing_entry(now).items() if name != "d"}
    write_once(provider_keys, json.dumps({"keys": [public]}))
    write_once(find_key_file(place), _make_private_key())
    secrets = json.loads(secret_keys.read_text(encoding="utf-8"))
    variables = {
        "SHANGDING_DATABASE_URL": f"sqlite:///{directory / DATABASE}",
        **{name: environ[name] for name in FROM_OUTSIDE if environ.get(name)},
        "SHANGDING_CITY": "zhengzhou",
        "SHANGDING_TOKEN_KEYS": str(token_keys),
        "SHANGDING_PSEUDONYM_KEYS": secrets["pseudonym"],
        "SHANGDING_SEALING_KEYS": secrets["sealing"],
        "SHANGDING_IDENTITY_ISSUER": "https://nobody.invalid",
        "SHANGDING_IDENTITY_JWKS_URL": provider_keys.as_uri(),
        "SHANGDING_PUBLIC_URL": place.service_url,
        "SHANGDING_SANDBOX": "on",
        "SHANGDING_WEBHOOK_TARGETS": "any",
    }
    return variables, read_settings(variables)


def begin_anew(place: Workplace, environ: Mapping[str, str]) -> None:
    """Delete the SQLite file of a sandbox; its keys stay. DemoError where the database is somewhere else."""
    if environ.get("SHANGDING_DATABASE_URL"):
        raise DemoError(
            "--fresh deletes the sandbox's own SQLite file alone; empty the database that you gave yourself"
        )
    for ending in ("", "-wal", "-shm"):
        (place.directory / f"{DATABASE}{ending}").unlink(missing_ok=True)


def find_key_file(place: Workplace) -> Path:
    """Give the file of the merchant's private key, which its owner alone can read."""
    return place.directory / "merchant-key.pem"


def find_client_file(place: Workplace) -> Path:
    """Give the file that tells a merchant's machine who it is, where the service is, and which key it has."""
    return place.directory / "client.json"


def register_machine(place: Workplace, context: Context, *, now: datetime) -> UUID:
    """Register the merchant's machine with its key, unless that was done, write its file, and give its id."""
    key = _read_public_key(find_key_file(place))
    with context.database.transaction() as session:
        clients = show_clients(session, limit=MOST_CLIENTS)
        known = [each for each in clients if any(held.key_id == key.key_id for held in each.keys)]
        client = (
            known[0]
            if known
            else expect(
                register_merchant_client(
                    session, MERCHANT, scopes=MERCHANT_SCOPES, merchants={MERCHANT}, by=STEWARD, now=now
                )
            )
        )
        if not known:
            kinds = frozenset({PrincipalKind.MERCHANT})
            expect(give_key(session, client.client_id, key, kinds=kinds, by=STEWARD, now=now))
    told = {
        "service": place.service_url,
        "merchant": MERCHANT,
        "client_id": str(client.client_id),
        "key_id": key.key_id,
        "key_file": str(find_key_file(place).resolve()),
    }
    write_private(find_client_file(place), json.dumps(told, indent=2) + "\n")
    return client.client_id


def _make_private_key() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read_public_key(path: Path) -> PublicKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise DemoError(f"{path} holds no ES256 key; delete it, and another one is made")
    return name_key(key.public_key())
