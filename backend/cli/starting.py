"""What is looked at before anything starts: faults that would do harm are told at once."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from backend.context import Context, make_context
from backend.exchange.post import Post, PostOffice
from backend.gateways.sending import make_sender
from backend.merchants.courier import Courier
from backend.people.tables import find_strange_key
from backend.records.file_reading import ReadingDesk
from backend.settings import Settings, SettingsError
from backend.storage.database import StorageUnavailableError
from backend.storage.migrations import current_revision
from backend.storage.moved_clock import is_sandbox


@contextmanager
def opened_context(settings: Settings) -> Iterator[Context]:
    """Give what a command needs, looked at first, and close its connections at the end; raises SettingsError."""
    context = make_context(settings)
    try:
        check_people_are_found(context)
        check_is_what_it_is_served_as(context)
        yield context
    finally:
        context.database.dispose()


def check_people_are_found(context: Context) -> None:
    """Refuse to start without a key that people are indexed by: they would be taken for strangers, and filed twice.

    Raises SettingsError. A database that is away, or older than this code, is left to the readiness of the service.
    """
    known = context.settings.pseudonym_keys.by_id
    try:
        if current_revision(context.database.engine) != context.schema_revision:
            return
        with context.database.reading() as session:
            strange = find_strange_key(session, known)
    except (StorageUnavailableError, DBAPIError):
        return
    if strange is not None:
        fault = (
            f"SHANGDING_PSEUDONYM_KEYS lacks the key {strange}, by which people in the database are indexed:"
            f" add it behind the first one, and drop it only when `shangding keys show` says that nothing hangs on it"
        )
        raise SettingsError((fault,))


def check_is_what_it_is_served_as(context: Context) -> None:
    """Refuse to serve a sandbox as a real city, or a real city with a clock that can be moved; SettingsError."""
    try:
        if current_revision(context.database.engine) != context.schema_revision:
            return
        with context.database.reading() as session:
            marked = is_sandbox(session)
    except (StorageUnavailableError, DBAPIError):
        return
    fault = None
    if marked and not context.settings.sandbox:
        fault = "SHANGDING_DATABASE_URL names a sandbox: give the city's own database, or use `shangding sandbox`"
    if context.settings.sandbox and not marked:
        fault = "SHANGDING_SANDBOX is on, but the database is no sandbox; only `shangding sandbox` makes one"
    if fault is not None:
        raise SettingsError((fault,))


def make_courier(context: Context) -> Courier:
    """Put together what sending events to merchants needs."""
    return Courier(
        database=context.database,
        clock=context.clock,
        tokens=context.tokens,
        targets=context.settings.webhook_targets,
        draw=random.random,
    )


def make_post(context: Context) -> Post | None:
    """Put together what telling other cities needs; None for a city that takes no part in the exchange."""
    if context.exchange_keys is None:
        return None
    office = PostOffice(
        city=context.city,
        database=context.database,
        clock=context.clock,
        keys=context.exchange_keys,
        send=make_sender(context.settings.exchange_targets),
    )
    return Post(office)


def make_reading_desk(context: Context) -> ReadingDesk:
    """Put together what reading files needs."""
    return ReadingDesk(
        database=context.database,
        clock=context.clock,
        rules=context.rules,
        pseudonyms=context.pseudonyms,
        sealer=context.sealer,
    )
