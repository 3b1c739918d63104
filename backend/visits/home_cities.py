"""The home cities of visitors as this process calls them: our keys, the way out, and a breaker for each partner."""

from dataclasses import dataclass, field
from threading import Lock

from backend.clock import Clock
from backend.context import Context
from backend.gateways.circuit_breaker import CircuitBreaker
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.gateways.sending import Send, make_sender
from backend.storage.database import Database


class Breakers:
    """One breaker for each partner, as long as the process lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._breakers: dict[str, CircuitBreaker] = {}

    def of(self, partner: str) -> CircuitBreaker:
        """Give the breaker of a partner."""
        with self._lock:
            return self._breakers.setdefault(partner, CircuitBreaker())


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCities:
    """What it takes to ask home cities. Without `keys` the exchange is off; `city` is our own code."""

    city: str
    database: Database
    clock: Clock
    pseudonyms: Pseudonyms
    sealer: Sealer = field(repr=False)
    keys: ExchangeKeys | None = field(repr=False)
    send: Send = field(repr=False)
    breakers: Breakers = field(default_factory=Breakers, repr=False)


def make_home_cities(context: Context, *, send: Send | None = None) -> HomeCities:
    """Put together what a process asks home cities with; `send` takes the place of the network."""
    return HomeCities(
        city=context.settings.city,
        database=context.database,
        clock=context.clock,
        pseudonyms=context.pseudonyms,
        sealer=context.sealer,
        keys=context.exchange_keys,
        send=send or make_sender(context.settings.exchange_targets),
    )
