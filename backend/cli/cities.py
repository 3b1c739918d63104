"""`shangding cities`: three cities on this machine that recognise each other's citizens, and a visit in both ways."""

import sys
from pathlib import Path

import click

from backend.demo.cities_launch import run


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65530), default=8300, show_default=True, help="The first of six in a row."
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/cities"),
    show_default=True,
    help="Where keys, databases and logs are kept; databases are made anew at each start.",
)
@click.option("--once", is_flag=True, help="End after the walk: exit code 1 if anything was not as it says.")
def cities(port: int, directory: Path, *, once: bool) -> None:
    """Make three cities with treaties, start them, walk through visits and print what was answered.

    Each has processes, keys, a rulebook and a database of its own; SHANGDING_DATABASE_URL_ZHENGZHOU (_HANGZHOU,
    _NANJING) puts one on an empty PostgreSQL database. Everybody in them is invented.
    """
    code = run(port=port, directory=directory, once=once)
    if code:
        sys.exit(code)
