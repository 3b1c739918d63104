"""`shangding keys`: the keys of an installation, made, exchanged while the service runs, and counted.

No secret is shown, except those in files that nobody but their owner can read.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from backend.cli.database import opened_database
from backend.cli.exchange_keys import describe_exchange_keys, exchange
from backend.cli.key_renewal import Keys, Use, count_rows, count_uses, renew
from backend.cli.key_rings import VARIABLES, Ring, change_ring, find_place
from backend.cli.key_states import describe_token_key
from backend.cli.keyed_columns import list_keyed_tables
from backend.clock import SystemClock
from backend.gateways.key_making import make_secret_key, make_signing_keys
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.gateways.token_keys import (
    read_token_keys,
    replace_file,
    rotate,
    write_new_file,
    write_token_keys,
)
from backend.setting_values import SecretKeys
from backend.settings import Settings, read_settings
from backend.storage.database import Database

_ring = click.argument("ring", type=click.Choice([ring.value for ring in Ring]))
_settings_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_key_id = click.argument("key_id")


@click.group()
def keys() -> None:
    """Make, exchange and count the keys of an installation."""


keys.add_command(exchange)


@keys.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def new(directory: Path) -> None:
    """Make all keys of a new installation in DIRECTORY, readable by you alone; never over existing ones.

    The directory then holds the signing keys and a file of settings to complete and to load into the environment.
    """
    now = SystemClock().now()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing, settings = directory / "token-keys.jwks.json", directory / "shangding.env"
    for path in (signing, settings):
        if path.exists():
            raise FileExistsError(f"{path} exists; keys are never made over others: name another directory")
    write_new_file(signing, make_signing_keys(now))
    lines = [
        f"SHANGDING_TOKEN_KEYS={signing.resolve()}",
        f"SHANGDING_PSEUDONYM_KEYS={make_secret_key(now)}",
        f"SHANGDING_SEALING_KEYS={make_secret_key(now)}",
    ]
    write_new_file(settings, "\n".join(lines) + "\n")
    click.echo(f"{signing}\n{settings}\nKeep a sealed copy: without these keys nobody's identity can be read again.")


@keys.group(name="rotate")
def rotation() -> None:
    """Exchange keys that nothing stored hangs on."""


@rotation.command(name="token")
@_settings_file
@click.option("--at-once", is_flag=True, help="For stolen keys: the new one stands alone, and every token ends.")
def rotate_token_keys(file: Path, *, at_once: bool) -> None:
    """Add the next signing key to FILE, the JWK set of SHANGDING_TOKEN_KEYS; running processes notice by themselves.

    The new key is published at once and signs a quarter of an hour later; the one before is read until its last
    token has ended. Bring the file to every machine before the new key signs.
    """
    now = SystemClock().now()
    changed = rotate(read_token_keys(file.read_text(encoding="utf-8")), now, at_once=at_once)
    replace_file(file, write_token_keys(changed))
    for key in changed:
        click.echo(describe_token_key(key, changed, now))


@keys.command()
@_ring
@_settings_file
def announce(ring: str, file: Path) -> None:
    """Make a further key of RING and put it last in FILE, a file of settings: read, but not used yet.

    Restart every process with it before `shangding keys use`.
    """
    made = make_secret_key(SystemClock().now())
    change_ring(file, Ring(ring), lambda held: [*held, made])
    click.echo(made.partition(":")[0])


@keys.command()
@_ring
@_settings_file
@_key_id
def use(ring: str, file: Path, key_id: str) -> None:
    """Put KEY_ID first in FILE: new values are made with it once the processes are restarted."""

    def put_first(held: list[str]) -> list[str]:
        place = find_place(held, key_id)
        return [held[place], *held[:place], *held[place + 1 :]]

    changed = change_ring(file, Ring(ring), put_first)
    click.echo(f"{VARIABLES[Ring(ring)]}: {', '.join(changed)}")


@keys.command()
@_ring
@_settings_file
@_key_id
@click.option("--links-anew", is_flag=True, help="Even if links of accounts hang on it: those people must link anew.")
def drop(ring: str, file: Path, key_id: str, *, links_anew: bool) -> None:
    """Take KEY_ID out of FILE, if nothing hangs on it any more and it is not the one in use.

    Links of mini-program accounts move to the key in use only as their owners come. With --links-anew the key goes
    without waiting for them; who has not come by then gives name and number again, as for a first link.
    """
    uses = _count(read_settings(os.environ))
    found = {use: count for use, count in uses.items() if (use.ring, use.key_id) == (ring, key_id)}
    if not all(_is_link(use) for use in found):
        raise click.ClickException(f"values hang on {key_id}; run shangding keys renew, then shangding keys show")
    links = sum(found.values())
    if links and not links_anew:
        raise click.ClickException(
            f"nothing but {links} links of mini-program accounts hangs on {key_id}, and only their owners can move"
            " them by coming; with --links-anew it is dropped, and those people must link anew"
        )

    def leave_out(held: list[str]) -> list[str]:
        place = find_place(held, key_id)
        if place == 0:
            raise click.ClickException(f"{key_id} is the key in use; put another one first")
        return [*held[:place], *held[place + 1 :]]

    changed = change_ring(file, Ring(ring), leave_out)
    click.echo(f"{VARIABLES[Ring(ring)]}: {', '.join(changed)}")
    if links:
        click.echo(f"to be linked anew: {links} accounts")


@keys.command()
def show() -> None:
    """Show the state of every key, and how many values hang on it; reads every row.

    Exit code 1 when values hang on a key that is missing from the environment, other than links to be made anew.
    """
    settings, now = read_settings(os.environ), SystemClock().now()
    click.echo(f"token keys, {settings.token_keys}")
    held = read_token_keys(settings.token_keys.read_text(encoding="utf-8"))
    for key in held:
        click.echo(describe_token_key(key, held, now))
    if settings.exchange_keys is not None:
        click.echo(f"exchange keys, {settings.exchange_keys}")
        for line in describe_exchange_keys(settings.exchange_keys, now):
            click.echo(line)
    uses, missing = _count(settings), []
    for ring in Ring:
        click.echo(f"{ring} keys, {VARIABLES[ring]}")
        known = _find_ring(settings, ring)
        for line in _describe_ring(ring, known, uses):
            click.echo(line)
        lost = [use for use in uses if use.ring == ring and not _is_link(use)]
        missing += [use.key_id for use in lost if use.key_id not in known.by_id]
    if missing:
        raise click.ClickException(f"missing from the environment: {', '.join(sorted(set(missing)))}; add them again")


@keys.command(name="renew")
def renew_values() -> None:
    """Seal and hash anew, with the keys in use, whatever hangs on older ones; the service may run meanwhile.

    Goes on where it is started again. Exit code 1 when something is left.
    """
    settings, tables = read_settings(os.environ), list_keyed_tables()
    with opened_database() as database, _shown(database, "renewing") as advance:
        done = renew(database, tables, _make_keys(settings), advance=advance)
    click.echo(f"renewed {done.renewed} rows")
    for clash in done.clashes:
        click.echo(f"one person, two subjects: {clash} has the number of another row; look into both", err=True)
    if done.left:
        raise click.ClickException(
            f"{done.left} rows are left: held by others, or their key is missing; see shangding keys show"
        )


def _count(settings: Settings) -> Counter[Use]:
    with opened_database() as database, _shown(database, "counting") as advance:
        return count_uses(database, list_keyed_tables(), _make_keys(settings), advance=advance)


@contextmanager
def _shown(database: Database, what: str) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=count_rows(database, list_keyed_tables()))
        yield lambda rows: progress.advance(task, rows)


def _make_keys(settings: Settings) -> Keys:
    pseudonym, sealing = settings.pseudonym_keys, settings.sealing_keys
    return Keys(Pseudonyms(pseudonym.by_id, pseudonym.current), Sealer(sealing.by_id, sealing.current))


def _find_ring(settings: Settings, ring: Ring) -> SecretKeys:
    return settings.pseudonym_keys if ring is Ring.PSEUDONYM else settings.sealing_keys


def _describe_ring(ring: Ring, known: SecretKeys, uses: Counter[Use]) -> Iterator[str]:
    found = {use.key_id for use in uses if use.ring == ring}
    for key_id in (*known.by_id, *sorted(found - set(known.by_id))):
        hanging = sorted((use for use in uses if (use.ring, use.key_id) == (ring, key_id)), key=lambda use: use.column)
        only_links = all(_is_link(use) for use in hanging)
        gone = "dropped" if only_links else "MISSING"
        state = "in use" if key_id == known.current else "read" if key_id in known.by_id else gone
        told = ", ".join(f"{uses[use]} {use.column}" for use in hanging)
        if not told:
            told = "nothing hangs on it yet" if key_id == known.current else "nothing hangs on it, it can be dropped"
        elif only_links and key_id != known.current:
            told += ", it can be dropped with --links-anew" if key_id in known.by_id else ", to be linked anew"
        yield f"  {key_id}  {state}: {told}"


def _is_link(use: Use) -> bool:
    """Tell whether a value is a hash that nothing but its owner's coming can bring under another key."""
    return any(
        use.column == f"{table.table.name}.{hashed.column}"
        for table in list_keyed_tables()
        for hashed in table.hashed
        if hashed.of is None
    )
