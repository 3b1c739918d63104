"""`shangding token`: short-lived tokens for departments and operators, made where the keys are."""

import os
from datetime import timedelta

import click

from backend.clock import SystemClock, today
from backend.gateways.rulebook_files import read_city
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.settings import read_settings

LONGEST_MINUTES = 60
SCOPES = {
    PrincipalKind.DEPARTMENT: frozenset({"records:read", "records:write"}),
    PrincipalKind.OPERATOR: frozenset({"metrics:read"}),
}
_lifetime = click.option(
    "--minutes",
    type=click.IntRange(1, LONGEST_MINUTES),
    default=10,
    show_default=True,
    help="How long the token is good for.",
)


@click.group()
def token() -> None:
    """Make access tokens for those who do not sign in by themselves."""


@token.command()
@click.argument("code")
@click.option("--clerk", help="Whom the department lets act; calls must name the same clerk.")
@_lifetime
def department(code: str, clerk: str | None, minutes: int) -> None:
    """Make a token for the department CODE of the catalogue."""
    settings = read_settings(os.environ)
    departments = read_city(settings.city).catalogue_on(today(SystemClock().now())).departments
    if code not in departments:
        raise click.BadParameter(
            f"{code} is no department of the catalogue; there are {', '.join(sorted(departments))}"
        )
    _issue(PrincipalKind.DEPARTMENT, code, clerk, minutes)


@token.command()
@click.argument("name")
@_lifetime
def operator(name: str, minutes: int) -> None:
    """Make a token for the operator NAME."""
    _issue(PrincipalKind.OPERATOR, name, None, minutes)


def _issue(kind: PrincipalKind, name: str, acting: str | None, minutes: int) -> None:
    settings = read_settings(os.environ)
    issuer = TokenIssuer.from_file(settings.token_keys, issuer=settings.public_url)
    principal = Principal(kind=kind, id=name, scopes=SCOPES[kind], acting=acting)
    click.echo(issuer.issue(principal, timedelta(minutes=minutes), SystemClock().now()))
