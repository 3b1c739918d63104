"""`shangding token`: the way in when nothing else works; departments and officers prove themselves with their keys.

A token made here belongs to no client, so it cannot be taken back: it lives for ten minutes at most, and that it was
made is written to standard error, where the journal of the machine keeps it.
"""

import json
import os
import re
from collections.abc import Collection
from datetime import timedelta

import click

from backend.cli.database import read_published
from backend.clients.registration import TOKEN_LIFETIME
from backend.clients.roles import DEPARTMENT_SCOPES, Role, find_clash, find_scopes
from backend.clock import SystemClock, today
from backend.gateways.rulebook_files import read_city
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.settings import read_settings
from backend.web.authentication import CLERK_PATTERN

LONGEST_MINUTES = int(TOKEN_LIFETIME.total_seconds()) // 60
_lifetime = click.option(
    "--minutes",
    type=click.IntRange(1, LONGEST_MINUTES),
    default=LONGEST_MINUTES,
    show_default=True,
    help="How long the token is good for.",
)


def check_clerk(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Take a staff number as the header `Acting-Clerk` takes it: never the number of an identity card."""
    if value is not None and re.fullmatch(CLERK_PATTERN, value) is None:
        raise click.BadParameter("give a staff number: 1 to 64 letters, digits, '.', '_' and '-', at most 14 digits")
    return value


@click.group()
def token() -> None:
    """Make an access token by hand: for the first hour of an installation, and for the hour in which keys are lost.

    Otherwise see shangding clients.
    """


@token.command()
@click.argument("code")
@click.option("--clerk", callback=check_clerk, help="Whom the department lets act; calls must name the same clerk.")
@_lifetime
def department(code: str, clerk: str | None, minutes: int) -> None:
    """Make a token for the department CODE of the catalogue."""
    settings = read_settings(os.environ)
    day = today(SystemClock().now())
    departments = read_city(settings.city).catalogue_on(day).senders
    if code not in departments:  # only then the database is asked, which may be away in such an hour
        departments = read_published().rules.catalogue_on(day).senders
    if code not in departments:
        raise click.BadParameter(
            f"{code} is no department of the catalogue; there are {', '.join(sorted(departments))}"
        )
    _issue(PrincipalKind.DEPARTMENT, code, DEPARTMENT_SCOPES, acting=clerk, minutes=minutes)


@token.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    default=(Role.MECHANIC.value,),
    show_default=True,
    help="What for.",
)
@_lifetime
def operator(name: str, roles: tuple[str, ...], minutes: int) -> None:
    """Make a token for the operator NAME."""
    held = [Role(role) for role in roles]
    clash = find_clash(held)
    if clash is not None:
        raise click.BadParameter(f"{' and '.join(clash)} are roles of different people; give one of them")
    _issue(PrincipalKind.OPERATOR, name, find_scopes(held), acting=None, minutes=minutes)


def _issue(kind: PrincipalKind, name: str, scopes: Collection[str], *, acting: str | None, minutes: int) -> None:
    settings, now = read_settings(os.environ), SystemClock().now()
    issuer = TokenIssuer.from_file(settings.token_keys, issuer=settings.public_url)
    principal = Principal(kind=kind, id=name, scopes=frozenset(scopes), acting=acting)
    made = issuer.issue(principal, timedelta(minutes=minutes), now)
    note = {"event": "token_made_by_hand", "kind": kind, "of": name, "acting": acting, "minutes": minutes}
    click.echo(json.dumps({**note, "scope": " ".join(sorted(scopes)), "at": now.isoformat()}), err=True)
    click.echo(made)
