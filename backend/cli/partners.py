"""`shangding partners`: the cities that we exchange with."""

import os
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from backend.cli.database import opened_database
from backend.cli.doubts import check_text
from backend.clock import SystemClock
from backend.gateways.partner_keys import fetch_partner_keys
from backend.gateways.sending import PUBLIC, make_sender
from backend.partners.city_keys import DEADLINE_SECONDS, KEYS_PATH, list_all_keys, store_keys
from backend.partners.overview import PartnerState, describe_partners
from backend.partners.partners import PartnerError, check_url, end_partner, register_partner
from backend.settings import Settings, read_settings

by_option = click.option("--by", required=True, callback=check_text, help="Who does this; it is kept.")


@click.group()
def partners() -> None:
    """Look after partner cities; see shangding treaties for what was signed with them."""


@partners.command()
@click.argument("code")
@click.option("--title", required=True, callback=check_text, help="As citizens know the city, such as 杭州市.")
@click.option("--url", required=True, help="Where its /exchange/v1 begins, such as https://credit.hangzhou.example.")
@click.option(
    "--keys",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its public keys (a JWK set), handed over another way; they are fetched from --url unless given.",
)
@by_option
def add(code: str, title: str, url: str, file: Path | None, by: str) -> None:
    """Register the city CODE, as treaties name it, with its public keys. Compare their ids by telephone."""
    settings, now = read_settings(os.environ), SystemClock().now()
    address = _check_address(url, settings)
    text = _fetch(address, settings) if file is None else file.read_text(encoding="utf-8")
    with opened_database() as database, database.transaction() as session:
        try:
            register_partner(session, code, title=title, url=address, city=settings.city, by=by, now=now)
        except PartnerError as refused:
            raise click.ClickException(str(refused)) from None
        store_keys(session, code, text, now=now)
        keys = list_all_keys(session, code)
    click.echo(f"{code}: registered at {address}")
    for key in keys:
        click.echo(f"  key {key.key_id} ({'signs' if key.use == 'sig' else 'is sealed to'})")


@partners.command(name="list")
def show() -> None:
    """List partner cities with their treaties, what waits for them and when they answered last; ended ones too."""
    table = Table("city", "title", "address", "treaties", "notices waiting", "heard last")
    with opened_database() as database, database.reading() as session:
        for partner in describe_partners(session, SystemClock().now()):
            table.add_row(*_describe(partner))
    Console(width=200).print(table)


@partners.command()
@click.argument("code")
def end(code: str) -> None:
    """End the partnership with CODE: none of its messages is believed from now on, and no treaty is in force.

    What it must still be told about people goes on until it has confirmed that. A code is not given twice.
    """
    with opened_database() as database, database.transaction() as session:
        try:
            end_partner(session, code, now=SystemClock().now())
        except PartnerError as refused:
            raise click.ClickException(str(refused)) from None
    click.echo(f"{code}: ended")


def _check_address(url: str, settings: Settings) -> str:
    try:
        address = check_url(url)
    except PartnerError as refused:
        raise click.BadParameter(str(refused)) from None
    if settings.exchange_targets == PUBLIC and not address.startswith("https://"):
        raise click.BadParameter("give https; http is for closed networks (SHANGDING_EXCHANGE_TARGETS=any)")
    return address


def _fetch(address: str, settings: Settings) -> str:
    send = make_sender(settings.exchange_targets)
    return fetch_partner_keys(f"{address}{KEYS_PATH}", deadline_seconds=DEADLINE_SECONDS, send=send)


def _describe(partner: PartnerState) -> tuple[str, ...]:
    treaties = [
        f"{each.version} {each.starts_on} - {each.ends_on}"
        + (", in force" if each.is_in_force else "")
        + ("" if each.suspended_by is None else f", suspended by {each.suspended_by}")
        for each in partner.treaties
    ]
    oldest = partner.oldest_notice_at
    return (
        partner.code + (" (ended)" if partner.is_ended else ""),
        partner.title,
        partner.url,
        "\n".join(treaties),
        "" if oldest is None else f"{partner.waiting_notices} since {oldest:%Y-%m-%d %H:%M}Z",
        "" if partner.heard_at is None else f"{partner.heard_at:%Y-%m-%d %H:%M}Z",
    )
