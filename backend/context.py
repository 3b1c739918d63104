"""What the process has: its settings, its clock, its database and the gateways, put together once at the start."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from backend.clock import Clock, SystemClock
from backend.gateways.counters import CounterStorage, choose_counter_storage
from backend.gateways.identity_provider import TicketReader
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules, read_city
from backend.gateways.sealing import Sealer
from backend.gateways.tokens import TokenIssuer
from backend.settings import Settings
from backend.storage.database import Database
from backend.storage.migrations import head_revision

EXTENSION = "shangding.context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a request may need from outside itself. `schema_revision` is the one this code was written for."""

    settings: Settings
    clock: Clock
    database: Database
    pseudonyms: Pseudonyms
    sealer: Sealer
    tokens: TokenIssuer
    tickets: TicketReader
    rules: CityRules
    counters: CounterStorage
    schema_revision: str


def make_context(settings: Settings) -> Context:
    """Put together what `settings` describe; nothing is connected to yet.

    Raises OSError or KeySetError for unusable token keys, DocumentError for a city's rules that are refused.
    """
    return Context(
        settings=settings,
        clock=SystemClock(),
        database=Database(settings.database_url),
        pseudonyms=Pseudonyms(settings.pseudonym_keys.by_id, settings.pseudonym_keys.current),
        sealer=Sealer(settings.sealing_keys.by_id, settings.sealing_keys.current),
        tokens=TokenIssuer.from_file(settings.token_keys, issuer=settings.public_url),
        tickets=TicketReader(
            issuer=settings.identity_issuer,
            audience=settings.public_url,
            jwks_url=settings.identity_jwks_url,
        ),
        rules=read_city(settings.city),
        counters=choose_counter_storage(settings.redis_url),
        schema_revision=head_revision(),
    )


def current_context() -> Context:
    """Give the context of the application that serves the running request."""
    return cast("Context", current_app.extensions[EXTENSION])
