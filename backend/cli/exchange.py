"""`shangding exchange`: the log of messages with other cities, exported and verified."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.cli.database import opened_database
from backend.cli.treaties import read_own_keys
from backend.clock import SystemClock
from backend.gateways.signed_claims import KeySetError, read_public_keys
from backend.partners.bundle import Extent, find_extent, write_bundle
from backend.partners.bundle_check import check_bundle
from backend.partners.bundle_reading import LONGEST_LINE, MalformedLineError, read_head, read_line
from backend.partners.city_keys import list_all_keys, note_own_keys
from backend.partners.message_log import LOOKED_BACK, count_unlinked, link_messages
from backend.partners.partners import find_partner
from backend.settings import read_settings

MOST_SHOWN = 100
_FROM_1 = click.IntRange(1)


@click.group()
def exchange() -> None:
    """Prove what was asked and answered between cities; see shangding keys exchange for our own keys."""


@exchange.command()
@click.argument("partner")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write; never over a file."
)
@click.option("--from-no", type=_FROM_1, help="The first number of the log; 1 unless given.")
@click.option("--to-no", type=_FROM_1, help="The last number of the log; the last there is unless given.")
def export(partner: str, out: Path, from_no: int | None, to_no: int | None) -> None:
    """Write all messages with PARTNER as a bundle, which `shangding exchange verify` checks with public keys alone.

    Every message that is written down gets its number first, however late it came. The file is readable by you alone:
    what was answered about people stands in it.
    """
    if out.exists():
        raise click.ClickException(f"{out} exists; a bundle is never written over a file: name another one")
    if from_no is not None and to_no is not None and from_no > to_no:
        raise click.UsageError(f"--from-no {from_no} is above --to-no {to_no}")
    settings, now = read_settings(os.environ), SystemClock().now()
    keys = read_own_keys(settings)
    with opened_database() as database:
        with database.transaction() as session:
            if find_partner(session, partner) is None:
                raise click.ClickException(f"no city {partner} is registered; see shangding partners list")
            note_own_keys(session, settings.city, keys, now=now)
        with database.reading() as session:
            late = count_unlinked(session, partner, before=now - LOOKED_BACK)
        link_messages(database, now=now, window=None)
        with database.reading() as session:
            extent = find_extent(session, partner, from_no=from_no, to_no=to_no)
            _check_extent(extent, find_extent(session, partner), partner)
            signer = keys.find_signer(now)
            lines = write_bundle(session, city=settings.city, partner=partner, extent=extent, signer=signer, now=now)
            _write(out, lines)
    if late:
        click.echo(f"{late} messages had waited for their numbers for more than an hour: look at the worker", err=True)
    messages = extent.to_no - extent.from_no + 1
    click.echo(f"{out}: {messages} messages with {partner}, numbers {extent.from_no} to {extent.to_no}")


@exchange.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    "given",
    required=True,
    multiple=True,
    metavar="CITY=FILE",
    help="The public keys of a city (a JWK set), those of the past too; once for each of the two cities.",
)
def verify(bundle: Path, given: tuple[str, ...]) -> None:
    """Check BUNDLE with public keys alone; needs no settings and no database.

    Exit code 1 when anything is wrong, with the line and what is wrong there.
    """
    keys = dict(_read_keys(each) for each in given)
    missing = [city for city in _find_cities(bundle) if city not in keys]
    if missing:
        raise click.UsageError(" and ".join(f"--keys {city}=FILE" for city in missing) + " is missing")
    with bundle.open("rb") as lines:
        report = check_bundle(lines, keys)
    for fault in report.faults[:MOST_SHOWN]:
        click.echo(f"line {fault.line}: {fault.what}", err=True)
    if len(report.faults) > MOST_SHOWN:
        click.echo(f"and {len(report.faults) - MOST_SHOWN} more", err=True)
    if not report.is_sound:
        sys.exit(1)
    erased = f" ({report.erased} of them erased)" if report.erased else ""
    click.echo(f"{bundle}: {report.messages} messages{erased} of {report.city} with {report.partner}, nothing wrong")


@exchange.command(name="keys")
@click.argument("city", required=False)
def show_keys(city: str | None) -> None:
    """Print the public keys of CITY, those of the past too, as a JWK set; without CITY those of all, by city."""
    settings, now = read_settings(os.environ), SystemClock().now()
    with opened_database() as database, database.transaction() as session:
        if settings.exchange_keys is not None:
            note_own_keys(session, settings.city, read_own_keys(settings), now=now)
        known = list_all_keys(session, city)
    sets = {
        name: {"keys": [dict(key.jwk) for key in known if key.city == name]} for name in {key.city for key in known}
    }
    if city is not None and city not in sets:
        raise click.ClickException(f"no key of {city} is known")
    click.echo(json.dumps(sets if city is None else sets[city], indent=2, sort_keys=True))


def _check_extent(extent: Extent, whole: Extent, partner: str) -> None:
    if whole.to_no < whole.from_no:
        raise click.ClickException(f"there are no messages with {partner}; nothing was written")
    if extent.to_no < extent.from_no:
        raise click.ClickException(f"the last message with {partner} has number {whole.to_no}; nothing was written")


def _find_cities(bundle: Path) -> tuple[str, ...]:
    """Find the two cities of a bundle in its first line; none when it has another form, which the check says."""
    try:
        with bundle.open("rb") as lines:
            head = read_head(read_line(lines.readline(LONGEST_LINE + 1)))
    except MalformedLineError:
        return ()
    return head.city, head.partner


def _write(path: Path, lines: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for line in lines:
            file.write(line)


def _read_keys(given: str) -> tuple[str, Mapping[str, EllipticCurvePublicKey]]:
    city, is_given, name = given.partition("=")
    path = Path(name)
    if not (city and is_given and path.is_file()):
        raise click.BadParameter(f"{given!r} is not CITY=FILE, such as hangzhou=hangzhou.jwks")
    try:
        return city, read_public_keys(path.read_text(encoding="utf-8"))
    except KeySetError as fault:
        raise click.BadParameter(f"{path}: {fault}") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{path} is not in UTF-8; a JWK set is") from None
