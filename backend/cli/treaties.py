"""`shangding treaties`: treaties with other cities, checked, signed, added, suspended and resumed."""

import os
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from backend.cli.database import opened_database, read_published
from backend.cli.partners import by_option, reason_option
from backend.clock import SystemClock, today
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.published_editions import Published
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.treaty_files import find_catalogues
from backend.partners.city_keys import note_own_keys
from backend.partners.partners import find_partner
from backend.partners.treaties import (
    AgreedTreaty,
    add_treaty,
    find_version,
    list_treaties,
    resume_treaty,
    suspend_treaty,
)
from backend.partners.treaty_signing import Signatures, list_level_faults, sign_treaty
from backend.settings import Settings, SettingsError, read_settings
from backend.web.messages import Language
from backend.web.problems import Refusal, describe_refusal
from scenarios.treaty import Treaty
from scenarios.treaty_checking import find_open_parties
from scenarios.treaty_document import read_treaty
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def treaties() -> None:
    """Look after treaties with other cities."""


@treaties.command()
@click.argument("files", nargs=-1, required=True, type=_file)
def check(files: tuple[Path, ...]) -> None:
    """Check FILES of treaties, each against the shipped scenarios of its cities, and run their cases.

    Exit code 2 when one is refused, with every fault and what would be right.
    """
    for path in files:
        treaty, _ = _read(path)
        term = f"from {treaty.starts_on} until {treaty.ends_on}"
        click.echo(f"{path}: {treaty.id} {treaty.version} {term}, {len(treaty.rights)} rights, no fault")


@treaties.command()
@click.argument("file", type=_file)
def sign(file: Path) -> None:
    """Sign FILE for this city, and print the signature (a JWS beside the document) for the partner.

    It is over the very bytes of FILE: send both as they are. A treaty of other cities, or one whose levels are not
    those of our rulebook, or that leaves open who processes for a city, is not signed; exit code 2.
    """
    settings, now = read_settings(os.environ), SystemClock().now()
    published = read_published()
    treaty, text = _read(file, published.benefits)
    if settings.city not in treaty.cities:
        raise DocumentError(file.name, [f"is between {' and '.join(treaty.cities)}; this city is {settings.city}"])
    faults = find_open_parties(treaty)
    faults += list_level_faults(treaty.party(settings.city), _find_rulebook(treaty, published))
    if faults:
        raise DocumentError(file.name, faults)
    click.echo(sign_treaty(text, read_own_keys(settings).find_signer(now)))


@treaties.command()
@click.argument("file", type=_file)
@click.option("--ours", required=True, help="Our signature, as `shangding treaties sign` has printed it.")
@click.option("--theirs", required=True, help="The partner's signature.")
@by_option
def add(file: Path, ours: str, theirs: str, by: str) -> None:
    """Add FILE, which both cities have signed; it is in force on the days that it names."""
    settings, now = read_settings(os.environ), SystemClock().now()
    published = read_published()
    treaty, text = _read(file, published.benefits)
    if faults := find_open_parties(treaty):
        raise DocumentError(file.name, faults)
    rulebook = _find_rulebook(treaty, published) if settings.city in treaty.cities else None
    keys = read_own_keys(settings)
    with opened_database() as database, database.transaction() as session:
        note_own_keys(session, settings.city, keys, now=now)
        signatures = Signatures(ours.strip(), theirs.strip())
        added = add_treaty(
            session,
            text,
            signatures,
            city=settings.city,
            rulebook=rulebook,
            benefits=published.benefits,
            by=by,
            now=now,
        )
    click.echo(f"{added.treaty.id} {added.treaty.version}: added, digest {added.treaty.digest}")


@treaties.command(name="list")
def show() -> None:
    """List all versions of all treaties."""
    table = Table("treaty", "version", "with", "from", "until", "suspended", "added", "digest")
    with opened_database() as database, database.reading() as session:
        for agreed in list_treaties(session):
            table.add_row(*_describe(agreed))
    Console(width=200).print(table)


@treaties.command()
@click.argument("treaty_id")
@click.argument("version")
@by_option
@reason_option
def suspend(treaty_id: str, version: str, by: str, reason: str) -> None:
    """Suspend VERSION of TREATY_ID at once; the partner is told. While it is suspended no older version is in force."""
    settings, now = read_settings(os.environ), SystemClock().now()
    suspended = _change(
        lambda session: suspend_treaty(session, treaty_id, version, city=settings.city, by=by, reason=reason, now=now)
    )
    click.echo(f"{treaty_id} {version}: suspended by {suspended.suspended_by}")


@treaties.command()
@click.argument("treaty_id")
@click.argument("version")
@by_option
@reason_option
def resume(treaty_id: str, version: str, by: str, reason: str) -> None:
    """Resume VERSION of TREATY_ID, which this city has suspended; the partner is told."""
    settings, now = read_settings(os.environ), SystemClock().now()

    def change(session: Session) -> AgreedTreaty | Refusal:
        _check_partner(session, treaty_id, version)
        return resume_treaty(session, treaty_id, version, city=settings.city, by=by, reason=reason, now=now)

    resumed = _change(change)
    left = "" if resumed.suspended_by is None else f"; {resumed.suspended_by} has suspended it as well"
    click.echo(f"{treaty_id} {version}: resumed{left}")


def read_own_keys(settings: Settings) -> ExchangeKeys:
    """Read the keys of this city in the exchange; raises SettingsError without them, OSError or KeySetError."""
    if settings.exchange_keys is None:
        fault = "SHANGDING_EXCHANGE_KEYS is missing; make the keys with `shangding keys exchange new FILE`"
        raise SettingsError((fault,))
    return ExchangeKeys.from_file(settings.exchange_keys)


def _read(path: Path, ours: CityBenefits | None = None) -> tuple[Treaty, str]:
    try:
        text = path.read_bytes().decode()  # as it is: what is signed are the very bytes, the ends of lines too
    except UnicodeDecodeError as fault:
        raise DocumentError(path.name, [f"is not UTF-8: {fault}"]) from None
    return read_treaty(text, path.name, find_catalogues(text, path.name, ours)), text


def _find_rulebook(treaty: Treaty, published: Published) -> Rulebook:
    """Find our rulebook of the treaty's first day, or of today where it has begun."""
    return published.rules.rulebook_on(max(treaty.starts_on, today(SystemClock().now())))


def _check_partner(session: Session, treaty_id: str, version: str) -> None:
    agreed = find_version(session, treaty_id, version)
    partner = None if agreed is None else find_partner(session, agreed.partner)
    if partner is not None and partner.is_ended:
        raise click.ClickException(f"the partnership with {partner.code} has ended; its treaties cannot be resumed")


def _change(change: Callable[[Session], AgreedTreaty | Refusal]) -> AgreedTreaty:
    with opened_database() as database, database.transaction() as session:
        outcome = change(session)
    if isinstance(outcome, Refusal):
        raise click.ClickException(str(describe_refusal(outcome, language=Language.ENGLISH, instance="")["detail"]))
    return outcome


def _describe(agreed: AgreedTreaty) -> tuple[str, ...]:
    treaty, suspended_at = agreed.treaty, agreed.suspended_at
    return (
        treaty.id,
        treaty.version,
        agreed.partner,
        str(treaty.starts_on),
        str(treaty.ends_on),
        "" if suspended_at is None else f"{suspended_at:%Y-%m-%d %H:%M}Z by {agreed.suspended_by}",
        f"{agreed.added_at:%Y-%m-%d %H:%M}Z {agreed.added_by}",
        treaty.digest[:16],
    )
