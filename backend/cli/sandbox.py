"""`shangding sandbox`: a service for merchants to try their integration on, with people who are none."""

from pathlib import Path

import click

from backend.demo.sandbox_launch import run


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8100, show_default=True, help="Of the service.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/sandbox"),
    show_default=True,
    help="Where keys and the SQLite database are kept.",
)
@click.option("--fresh", is_flag=True, help="Begin anew: the SQLite database is deleted, keys are kept.")
def sandbox(port: int, directory: Path, *, fresh: bool) -> None:
    """Make twenty people and a merchant, start the service, print how to begin.

    SHANGDING_DATABASE_URL puts it on PostgreSQL. Everybody in it is invented, and its clock can be moved.
    """
    run(port=port, directory=directory, fresh=fresh)
