"""What the process has: its settings, its clock, its database and the gateways, put together once at the start."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import current_app

from backend.clock import Clock, SystemClock
from backend.gateways.counters import CounterStorage, choose_counter_storage
from backend.gateways.edition_watch import PublishedEditions
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.identity_provider import TicketReader
from backend.gateways.mini_program import MiniProgram
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.published_editions import read_shipped
from backend.gateways.real_name import RealNameCheck
from backend.gateways.refresh_tokens import RefreshTokens
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.sealing import Sealer
from backend.gateways.tokens import TokenIssuer
from backend.settings import ServiceAccess, Settings
from backend.storage.database import Database
from backend.storage.migrations import head_revision
from backend.storage.moved_clock import MovedClock
from backend.storage.revocations import Revocations

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
    refresh_tokens: RefreshTokens
    tickets: TicketReader
    editions: PublishedEditions
    counters: CounterStorage
    revocations: Revocations
    schema_revision: str
    mini_program: MiniProgram | None = None
    real_name: RealNameCheck | None = None
    exchange_keys: ExchangeKeys | None = None

    @property
    def city(self) -> str:
        """Give the code of the city that is served; nothing is asked for it."""
        return self.editions.shipped.rules.city

    @property
    def rules(self) -> CityRules:
        """Give all editions of the rulebook that stand now; raises what `PublishedEditions.look` raises."""
        return self.editions.look(self.clock.now()).rules

    @property
    def benefits(self) -> CityBenefits:
        """Give all editions of the scenarios that stand now; raises what `PublishedEditions.look` raises."""
        return self.editions.look(self.clock.now()).benefits


def make_context(settings: Settings) -> Context:
    """Put together what `settings` describe; nothing is connected to yet.

    Raises OSError or KeySetError for unusable keys of tokens or of the exchange, DocumentError for refused rules or
    scenarios of the city.
    """
    database = Database(settings.database_url)
    return Context(
        settings=settings,
        clock=MovedClock(SystemClock(), database) if settings.sandbox else SystemClock(),
        database=database,
        pseudonyms=Pseudonyms(settings.pseudonym_keys.by_id, settings.pseudonym_keys.current),
        sealer=Sealer(settings.sealing_keys.by_id, settings.sealing_keys.current),
        tokens=TokenIssuer.from_file(settings.token_keys, issuer=settings.public_url),
        refresh_tokens=RefreshTokens(settings.pseudonym_keys.by_id, settings.pseudonym_keys.current),
        tickets=TicketReader(
            issuer=settings.identity_issuer,
            audience=settings.public_url,
            jwks_url=settings.identity_jwks_url,
        ),
        editions=PublishedEditions(database, read_shipped(settings.city)),
        counters=choose_counter_storage(settings.redis_url),
        revocations=Revocations(database),
        schema_revision=head_revision(),
        mini_program=_choose_mini_program(settings.mini_program),
        real_name=_choose_real_name(settings.real_name),
        exchange_keys=_choose_exchange_keys(settings.exchange_keys),
    )


def current_context() -> Context:
    """Give the context of the application that serves the running request."""
    return cast("Context", current_app.extensions[EXTENSION])


def _choose_mini_program(given: ServiceAccess | None) -> MiniProgram | None:
    return None if given is None else MiniProgram(url=given.url, app_id=given.name, secret=given.secret)


def _choose_real_name(given: ServiceAccess | None) -> RealNameCheck | None:
    return None if given is None else RealNameCheck(url=given.url, key=given.secret)


def _choose_exchange_keys(given: Path | None) -> ExchangeKeys | None:
    return None if given is None else ExchangeKeys.from_file(given)
