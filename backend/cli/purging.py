"""`shangding purge`: delete what was kept for a while only."""

from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from backend.cli.database import opened_database
from backend.clock import SystemClock
from backend.people.tables import purge_tickets
from backend.storage.database import Database
from backend.storage.idempotency import purge_answers

PORTION = 5000  # rows a transaction, so that no call waits long for this one


@click.command()
def purge() -> None:
    """Delete kept answers older than 24 hours, and used sign-in tickets that have expired.

    Harmless to repeat, and while the service runs; meant for cron.
    """
    now = SystemClock().now()
    with opened_database() as database:
        answers = _purge_all(database, lambda session: purge_answers(session, now, limit=PORTION))
        tickets = _purge_all(database, lambda session: purge_tickets(session, now, limit=PORTION))
    click.echo(f"deleted {answers} kept answers and {tickets} used tickets")


def _purge_all(database: Database, purge_portion: Callable[[Session], int]) -> int:
    deleted = 0
    while True:
        with database.transaction() as session:
            portion = purge_portion(session)
        deleted += portion
        if portion < PORTION:
            return deleted
