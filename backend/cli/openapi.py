"""`shangding openapi`: the API description, written from the routes."""

import sys
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from backend.app import choose_rooms, create_app
from backend.clock import SystemClock
from backend.context import make_context
from backend.gateways.key_making import make_secret_key, make_signing_keys
from backend.settings import read_settings
from backend.web.openapi import openapi_yaml

# The file is the same for every city and machine: it names no real address and rests on keys nobody keeps.
PUBLIC_URL = "https://shangding.example"


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 when the file differs from the routes.")
@click.option("--sandbox", is_flag=True, help="Print the description of a sandbox instead; no file has it.")
@click.argument("path", type=click.Path(path_type=Path), default=Path("openapi.yaml"))
def openapi(path: Path, *, check: bool, sandbox: bool) -> None:
    """Write the API description to PATH, openapi.yaml when none is given."""
    text = describe_api(sandbox=sandbox)
    if sandbox:
        click.echo(text, nl=False)
        return
    if not check:
        path.write_text(text, encoding="utf-8")
        click.echo(f"{path}: written")
        return
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    if held == text:
        click.echo(f"{path}: says what the routes do")
        return
    for line in list(unified_diff(held.splitlines(), text.splitlines(), str(path), "routes", lineterm=""))[:40]:
        click.echo(line)
    click.echo(f"{path}: differs from the routes; run: make openapi", err=True)
    sys.exit(1)


def describe_api(*, sandbox: bool = False) -> str:
    """Give the API description as YAML, that of a city or of a sandbox; needs no settings, no database and no keys."""
    with TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        now = SystemClock().now()
        keys.write_text(make_signing_keys(now), encoding="utf-8")
        settings = read_settings(
            {
                "SHANGDING_DATABASE_URL": f"sqlite:///{folder}/none.sqlite",
                "SHANGDING_TOKEN_KEYS": str(keys),
                "SHANGDING_PSEUDONYM_KEYS": make_secret_key(now),
                "SHANGDING_SEALING_KEYS": make_secret_key(now),
                "SHANGDING_IDENTITY_ISSUER": "https://identity.example",
                "SHANGDING_IDENTITY_JWKS_URL": "https://identity.example/jwks.json",
                "SHANGDING_PUBLIC_URL": PUBLIC_URL,
                "SHANGDING_SANDBOX": "on" if sandbox else "off",
            }
        )
        return openapi_yaml(create_app(make_context(settings), choose_rooms(settings)))
