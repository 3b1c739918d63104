"""`shangding proof`: the nightly proof that no benefit was doubled or lost."""

import sys

import click

from backend.benefits.grant_proof import prove
from backend.cli.database import opened_database

MOST_SHOWN = 1000


@click.command()
def proof() -> None:
    """Count holds, grants, places and answers twice, and compare. Changes nothing; meant for cron, each night.

    Balances must be the sums of the transfers and of the open grants, places the number of live grants. Exit code 1
    with each difference by its ids, of which there should never be one: each is a fault of ours to be understood.
    """
    with opened_database() as database, database.reading() as session:
        found = prove(session)
    width = max(len(name) for name in found)
    for name, differences in found.items():
        click.echo(f"{name:<{width}}  {'agrees' if not differences else f'{len(differences)} differ'}")
    shown = [each for differences in found.values() for each in differences]
    for each in shown[:MOST_SHOWN]:
        click.echo(f"{each.check}: {each.ids} is kept as {each.kept}, counted as {each.counted}", err=True)
    if len(shown) > MOST_SHOWN:
        click.echo(f"and {len(shown) - MOST_SHOWN} more", err=True)
    if shown:
        sys.exit(1)
