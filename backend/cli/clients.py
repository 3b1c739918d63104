"""`shangding clients`: who may prove himself with keys of his own, officers among them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from backend.cli.database import opened_database, read_published
from backend.cli.doubts import check_text
from backend.clients.registration import (
    Client,
    Ending,
    Key,
    end_client,
    end_key,
    give_key,
    register_department,
    register_merchant_client,
    register_officer,
    show_clients,
)
from backend.clients.roles import DEPARTMENT_SCOPES, MERCHANT_SCOPES, Role, find_clash
from backend.clock import SystemClock, today
from backend.gateways.public_keys import KeyFlaw, KeyRefusedError, read_key_file
from backend.merchants.registration import RegisteredMerchants
from backend.principals import PrincipalKind
from backend.web.problems import ProblemCode, Refusal

Value = TypeVar("Value")

PORTION = 500
COMMAND_LINE = "command line"
FLAWS = {
    KeyFlaw.UNREADABLE: "holds no public key; give one JWK, or one PEM block that begins with BEGIN PUBLIC KEY",
    KeyFlaw.PRIVATE: "holds a private key; its owner keeps that to himself. Have a new pair made, give the public half",
    KeyFlaw.WRONG_KIND: "holds a key that is not for ES256; give one of the curve P-256",
    KeyFlaw.WEAK: "holds a key whose private half is publicly known; have a new pair made",
}
REFUSALS = {
    ProblemCode.CLIENT_NOT_FOUND: "there is no such client that has not ended; see shangding clients list",
    ProblemCode.KEY_NOT_FOUND: "the client has no such key that has not ended; see shangding clients list",
    ProblemCode.CLIENT_REFUSED: "this officer has a client that has not ended, end it first; or there is no such"
    " merchant, see shangding merchants list; or the name has no letter",
    ProblemCode.KEY_REFUSED: "this key belongs or belonged to a client, or would end before it began; have a new pair"
    " made",
    ProblemCode.TOO_MANY_KEYS: "the client has as many live keys as it may have; end one first",
}
_by = click.option(
    "--operator", "by", default=COMMAND_LINE, show_default=True, callback=check_text, help="Who does this; it is kept."
)
_until = click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="2026-11-22T12:00:00+08:00")


@click.group()
def clients() -> None:
    """Look after machines of departments and merchants, officers, and their public keys."""


@clients.group()
def keys() -> None:
    """Look after the public keys of a client; several may be good at the same time."""


@clients.group()
def add() -> None:
    """Register a client; it can do nothing before it has a key."""


@add.command()
@click.argument("code")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(sorted(DEPARTMENT_SCOPES)), required=True)
@_by
def department(code: str, scopes: tuple[str, ...], by: str) -> None:
    """Register a machine of the department CODE of the catalogue."""
    now = SystemClock().now()
    departments = read_published().rules.catalogue_on(today(now)).senders
    if code not in departments:
        raise click.BadParameter(
            f"{code} is no department of the catalogue; there are {', '.join(sorted(departments))}"
        )
    client = _change(
        lambda session: register_department(session, code, scopes=scopes, departments=departments, by=by, now=now)
    )
    click.echo(client.client_id)


@add.command()
@click.argument("code")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(sorted(MERCHANT_SCOPES)), required=True)
@_by
def merchant(code: str, scopes: tuple[str, ...], by: str) -> None:
    """Register a machine of the merchant CODE; see shangding merchants."""
    now = SystemClock().now()
    client = _change(
        lambda session: register_merchant_client(
            session, code, scopes=scopes, merchants=RegisteredMerchants(session), by=by, now=now
        )
    )
    click.echo(client.client_id)


@add.command()
@click.argument("name", callback=check_text)
@click.option("--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]), required=True)
@_by
def operator(name: str, roles: tuple[str, ...], by: str) -> None:
    """Register the officer NAME of the credit centre.

    Registrar, reviewer, auditor and steward are roles of different people: nobody checks himself.
    """
    held = [Role(role) for role in roles]
    clash = find_clash(held)
    if clash is not None:
        raise click.BadParameter(f"{' and '.join(clash)} are roles of different people; give one of them")
    now = SystemClock().now()
    client = _change(lambda session: register_officer(session, name, roles=held, by=by, now=now))
    click.echo(client.client_id)


@clients.command(name="list")
def show() -> None:
    """List clients in order of registration with their keys, ended ones too."""
    table = Table("client", "kind", "of", "may", "registered", "ended", "keys")
    after: UUID | None = None
    with opened_database() as database, database.reading() as session:
        while portion := show_clients(session, after=after, limit=PORTION):
            for client in portion:
                table.add_row(*_describe(client))
            after = portion[-1].client_id
    Console(width=200).print(table)


@clients.command()
@click.argument("client_id", type=click.UUID)
@click.option("--because", type=click.Choice([ending.value for ending in Ending]), required=True)
@_by
def end(client_id: UUID, because: str, by: str) -> None:
    """End CLIENT_ID for good; its tokens end within two seconds."""
    now = SystemClock().now()
    _change(lambda session: end_client(session, client_id, because=Ending(because), by=by, now=now))
    click.echo(f"{client_id}: ended")


@keys.command(name="add")
@click.argument("client_id", type=click.UUID)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_until
@_by
def add_public_key(client_id: UUID, file: Path, until: datetime | None, by: str) -> None:
    """Add the public key in FILE (PEM or JWK) to CLIENT_ID; it is good at once, beside older ones.

    Prints its id, which is the `kid` of assertions.
    """
    try:
        key = read_key_file(file.read_bytes())
    except KeyRefusedError as refused:
        raise click.ClickException(f"{file} {FLAWS[refused.flaw]}") from None
    now, kinds = SystemClock().now(), frozenset(PrincipalKind)
    given = _change(lambda session: give_key(session, client_id, key, kinds=kinds, by=by, ends_at=until, now=now))
    click.echo(given.key_id)


@keys.command(name="end")
@click.argument("client_id", type=click.UUID)
@click.argument("key_id")
@_until
@_by
def end_public_key(client_id: UUID, key_id: str, until: datetime | None, by: str) -> None:
    """End the key KEY_ID of CLIENT_ID now, and the client's tokens with it; or at a later moment."""
    now = SystemClock().now()
    _change(lambda session: end_key(session, client_id, key_id, by=by, ends_at=until, now=now))
    click.echo(f"{key_id}: {'ended' if until is None else f'ends at {until.isoformat()}'}")


def _change(change: Callable[[Session], Value | Refusal]) -> Value:
    with opened_database() as database, database.transaction() as session:
        outcome = change(session)
    if isinstance(outcome, Refusal) and "like" in outcome.values:
        raise click.ClickException(
            f"this name looks like {outcome.values['like']!r}, which an officer has or had; give that very name if it"
            " is the same person, and another one if it is not"
        )
    if isinstance(outcome, Refusal):
        raise click.ClickException(REFUSALS[outcome.code])
    return outcome


def _describe(client: Client) -> tuple[str, ...]:
    ended = (
        "" if client.ended_at is None else f"{client.ended_at:%Y-%m-%d %H:%M} {client.ended_because} {client.ended_by}"
    )
    return (
        str(client.client_id),
        client.kind,
        client.principal_id,
        "\n".join((*client.roles, *client.scopes)),
        f"{client.registered_at:%Y-%m-%d %H:%M} {client.registered_by}",
        ended,
        "\n".join(map(_describe_key, client.keys)),
    )


def _describe_key(key: Key) -> str:
    return key.key_id if key.ends_at is None else f"{key.key_id} until {key.ends_at:%Y-%m-%d %H:%M}Z"
