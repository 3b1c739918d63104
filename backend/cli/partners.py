"""`shangding partners`: the cities that we exchange with."""

import os
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from backend.cli.database import opened_database
from backend.cli.doubts import check_text
from backend.clock import SystemClock
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.partner_keys import fetch_partner_keys
from backend.gateways.public_keys import write_fingerprint
from backend.gateways.sending import PUBLIC, make_sender
from backend.gateways.signed_claims import KeySetError
from backend.partners.city_keys import DEADLINE_SECONDS, SIGNING, CityKey, list_all_keys, store_keys
from backend.partners.overview import PartnerState, describe_partners
from backend.partners.partners import PartnerError, check_url, end_partner, find_partner, register_partner
from backend.partners.protocol import KEYS_PATH
from backend.partners.treaties import list_treaties, suspend_treaty
from backend.settings import Settings, read_settings

by_option = click.option("--by", required=True, callback=check_text, help="Who does this; it is kept.")
reason_option = click.option("--reason", required=True, callback=check_text, help="Why; it is kept.")


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
    """Register the city CODE, as treaties name it, with its public keys, and print their fingerprints.

    Ring the city up by a number that you know, and compare each fingerprint with what it reads out from
    `shangding keys show` before you sign a treaty. The id of a key proves nothing: anybody can give his key any id.
    """
    settings, now = read_settings(os.environ), SystemClock().now()
    address = _check_address(url, settings)
    text = _fetch(address, settings) if file is None else _read(file)
    with opened_database() as database, database.transaction() as session:
        try:
            register_partner(session, code, title=title, url=address, city=settings.city, by=by, now=now)
        except PartnerError as refused:
            raise click.ClickException(str(refused)) from None
        try:
            store_keys(session, code, text, now=now)
        except KeySetError as fault:
            raise click.ClickException(f"{file or f'{address}{KEYS_PATH}'}: {fault}") from None
        keys = list_all_keys(session, code)
    click.echo(f"{code}: registered at {address}")
    for key in keys:
        click.echo(f"  key {_describe_key(key)}")
    click.echo("Compare these fingerprints with the city by telephone before you sign a treaty with it.")


@partners.command(name="list")
def show() -> None:
    """List partner cities with their treaties, what waits for them and when they answered last; ended ones too.

    Below stand the keys that each shows now, with the fingerprints that are compared by telephone.
    """
    table = Table("city", "title", "address", "treaties", "notices waiting", "heard last")
    with opened_database() as database, database.reading() as session:
        for partner in describe_partners(session, SystemClock().now()):
            table.add_row(*_describe(partner))
        ours = read_settings(os.environ).city
        keys = [key for key in list_all_keys(session) if key.is_current and key.city != ours]
    Console(width=200).print(table)
    for key in keys:
        click.echo(f"{key.city} {_describe_key(key)}")


@partners.command()
@click.argument("code")
@by_option
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask whether you mean it.")
def end(code: str, by: str, reason: str, *, yes: bool) -> None:
    """End the partnership with CODE: none of its messages is believed from now on, and no treaty is in force.

    What its people may have here ends at once, and what it told of them is deleted. What it must still be told about
    people goes on until it has confirmed that. A code is not given twice.

    Every treaty with it is suspended, which tells the partner. By whom and why is kept, and shown in `partners list`.
    """
    settings = read_settings(os.environ)
    if not yes:
        click.confirm(f"End the partnership with {code} for good? A code is not given twice.", abort=True)
    now = SystemClock().now()
    with opened_database() as database, database.transaction() as session:
        found = find_partner(session, code)
        if found is not None and found.is_ended:
            raise click.ClickException(f"the partnership with {code} has ended already; nothing was changed")
        try:
            end_partner(session, code, by=by, because=reason, now=now)
        except PartnerError as refused:
            raise click.ClickException(str(refused)) from None
        for agreed in list_treaties(session, code):
            named = agreed.treaty.id, agreed.treaty.version
            suspend_treaty(session, *named, city=settings.city, by=by, reason=reason, now=now)
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
    url = f"{address}{KEYS_PATH}"
    try:
        return fetch_partner_keys(url, deadline_seconds=DEADLINE_SECONDS, send=send)
    except KeySetUnreachableError as fault:
        raise click.ClickException(f"{url}: {fault}") from None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not in UTF-8; a JWK set is") from None


def _describe_key(key: CityKey) -> str:
    use = "signs" if key.use == SIGNING else "is sealed to"
    return f"{key.key_id} ({use}), fingerprint\n    {write_fingerprint(key.jwk)}"


def _describe_end(partner: PartnerState) -> str:
    if partner.ended_at is None:
        return ""
    who = "" if partner.ended_by is None else f" by {partner.ended_by}: {partner.ended_because}"
    return f" (ended {partner.ended_at:%Y-%m-%d %H:%M}Z{who})"


def _describe(partner: PartnerState) -> tuple[str, ...]:
    treaties = [
        f"{each.version} {each.starts_on} - {each.ends_on}"
        + (", in force" if each.is_in_force else "")
        + ("" if each.suspended_by is None else f", suspended by {each.suspended_by}")
        for each in partner.treaties
    ]
    oldest, refused = partner.oldest_notice_at, partner.refused_notices
    return (
        partner.code + _describe_end(partner),
        partner.title,
        partner.url,
        "\n".join(treaties),
        ("" if oldest is None else f"{partner.waiting_notices} since {oldest:%Y-%m-%d %H:%M}Z")
        + (f", {refused} of them refused" if refused else ""),
        "" if partner.heard_at is None else f"{partner.heard_at:%Y-%m-%d %H:%M}Z",
    )
