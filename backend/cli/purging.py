"""`shangding purge`: delete what was kept for a while only."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import click

from backend.benefits.card_ending import purge_cards
from backend.benefits.consent_tables import purge_once_consents
from backend.benefits.probe_tables import purge_windows
from backend.cli.database import opened_database
from backend.clients.tables import purge_assertions
from backend.clock import SystemClock
from backend.disclosures.purging import purge_answered, purge_counts, purge_disclosures, purge_uses
from backend.merchants.webhook_tables import purge_deliveries
from backend.partners.message_log import purge_bodies
from backend.partners.nonces import purge_nonces
from backend.partners.purging import purge_taken
from backend.people.session_tables import purge_sessions
from backend.people.tables import purge_tickets
from backend.records.file_tables import purge_file_contents
from backend.storage.database import Database
from backend.storage.idempotency import purge_answers
from backend.storage.revocations import purge_revocations
from backend.visits.ask_tables import purge_asks
from backend.visits.outliving import forget_questions, forget_withdrawals

PORTION = 5000  # rows a transaction, so that no call waits long for this one


PURGES: Mapping[str, Callable[..., int]] = MappingProxyType(
    {
        "kept answers": purge_answers,
        "used tickets": purge_tickets,
        "used assertions": purge_assertions,
        "sessions": purge_sessions,
        "revocations": purge_revocations,
        "pieces of files": purge_file_contents,
        "benefit cards": purge_cards,
        "webhook deliveries": purge_deliveries,
        "windows of misses": purge_windows,
        "consents for one answer": purge_once_consents,
        "answered questions": purge_answered,
        "counts of questions": purge_counts,
        "disclosures": purge_disclosures,
        "uses away": purge_uses,
        "nonces of messages": purge_nonces,
        "notices taken": purge_taken,
        "bodies of messages": purge_bodies,
        "withdrawals of visitors": forget_withdrawals,
        "questions about visitors": forget_questions,
        "asks about visitors": purge_asks,
    }
)


@click.command()
def purge() -> None:
    """Delete what was kept for a while only: answers, used tickets and assertions, sessions, revocations, files.

    Harmless to repeat, and while the service runs; meant for cron.
    """
    now = SystemClock().now()
    with opened_database() as database:
        deleted = [f"{_purge_all(database, purge_portion, now)} {what}" for what, purge_portion in PURGES.items()]
    click.echo(f"deleted {', '.join(deleted)}")


def _purge_all(database: Database, purge_portion: Callable[..., int], now: datetime) -> int:
    deleted = 0
    while True:
        with database.transaction() as session:
            portion = purge_portion(session, now, limit=PORTION)
        deleted += portion
        if portion < PORTION:
            return deleted
