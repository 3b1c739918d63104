"""`shangding demo`: a whole invented city on this machine."""

from pathlib import Path

import click

from backend.demo.launch import run


@click.command()
@click.option("--people", type=click.IntRange(1), default=2000, show_default=True, help="How many citizens.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same city.")
@click.option("--port", type=click.IntRange(1, 65534), default=8000, show_default=True, help="Of the service.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/demo"),
    show_default=True,
    help="Where keys and the SQLite database are kept.",
)
def demo(people: int, seed: int, port: int, directory: Path) -> None:
    """Make a city, start the service and its identity provider, print calls to paste.

    SHANGDING_DATABASE_URL and SHANGDING_REDIS_URL put it on PostgreSQL and Redis. Everybody in it is invented.
    """
    run(people=people, seed=seed, port=port, directory=directory)
