"""`shangding keys exchange`: the keys of the city in the exchange with other cities, made and exchanged."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from backend.cli.key_states import describe_fingerprint, describe_sealing_key, describe_token_key
from backend.clock import SystemClock
from backend.gateways.exchange_keys import (
    ExchangeKey,
    SealingKey,
    read_exchange_keys,
    rotate_exchange,
    write_exchange_keys,
)
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.token_keys import TokenKey, replace_file, write_new_file


@click.group()
def exchange() -> None:
    """Make and rotate the keys by which other cities know this one."""


@exchange.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def new(file: Path) -> None:
    """Make the keys in FILE, readable by you alone, for SHANGDING_EXCHANGE_KEYS; never over existing ones.

    Read the fingerprints out to your partners by telephone: they see the same ones when they register this city.
    """
    if file.exists():
        raise FileExistsError(f"{file} exists; keys are never made over others: name another file")
    now = SystemClock().now()
    text = make_exchange_keys(now)
    write_new_file(file, text)
    _tell(read_exchange_keys(text), now)


@exchange.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--at-once", is_flag=True, help="For stolen keys: the new ones stand alone. Tell your partners.")
def rotate(file: Path, *, at_once: bool) -> None:
    """Add the next keys to FILE; running processes notice by themselves, and partners when they meet a new key.

    The new keys take over in five minutes; those before are read and open for ten days more. Bring the file to every
    machine within the five minutes.
    """
    now = SystemClock().now()
    changed = rotate_exchange(read_exchange_keys(file.read_text(encoding="utf-8")), now, at_once=at_once)
    replace_file(file, write_exchange_keys(changed))
    _tell(changed, now)


def describe_exchange_keys(file: Path, now: datetime) -> Iterator[str]:
    """Describe each key of a file, its state and its fingerprint in two lines; raises OSError or KeySetError."""
    yield from _describe(read_exchange_keys(file.read_text(encoding="utf-8")), now)


def _tell(keys: Sequence[ExchangeKey], now: datetime) -> None:
    for line in _describe(keys, now):
        click.echo(line)


def _describe(keys: Sequence[ExchangeKey], now: datetime) -> Iterator[str]:
    signing = [key for key in keys if isinstance(key, TokenKey)]
    sealing = [key for key in keys if isinstance(key, SealingKey)]
    for key in keys:
        if isinstance(key, TokenKey):
            yield describe_token_key(key, signing, now)
        else:
            yield describe_sealing_key(key, sealing, now)
        yield describe_fingerprint(key)
