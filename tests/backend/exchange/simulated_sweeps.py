"""What the workers of a city do every few seconds, and how three cities come to rest."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from backend.grants.due import sweep_due
from backend.partners.city_keys import note_own_keys
from backend.partners.message_log import link_messages
from backend.partners.nonces import purge_nonces
from backend.partners.notices import list_waiting
from backend.visits.endings import settle_withdrawals
from backend.visits.outliving import purge_answers
from backend.visits.uses import report_uses
from tests.backend.city import City
from tests.backend.disclosures.asking import check_disclosures
from tests.backend.exchange.simulated_cities import Town
from tests.backend.exchange.visitors import make_tools

ROUND = timedelta(seconds=31)  # longer than any notice waits
MOST_ROUNDS = 4


def _purge_nonces(city: City, now: datetime) -> int:
    with city.database.transaction() as session:
        return purge_nonces(session, now, limit=1000)


def _note_own_keys(city: City, now: datetime) -> int:
    """As the sweep does: a process that died between the file of the keys and the database is caught up with."""
    keys = city.context.exchange_keys
    assert keys is not None
    with city.database.transaction() as session:
        note_own_keys(session, city.context.rules.city, keys, now=now)
    return 0


SWEEPS: Mapping[str, Callable[[City, datetime], int]] = {
    "disclosures": lambda city, now: check_disclosures(city.database, tools=make_tools(city), now=now),
    "grants": lambda city, now: sweep_due(city.database, now=now),
    "uses": lambda city, now: report_uses(city.database, benefits=city.context.benefits, now=now),
    "answers": lambda city, now: purge_answers(city.database, now=now),
    "withdrawals": lambda city, now: settle_withdrawals(city.database, now=now),
    "keys": _note_own_keys,
    "nonces": _purge_nonces,
    "log": lambda city, now: link_messages(city.database, now=now),
}


def drain(towns: Mapping[str, Town]) -> None:
    """Let the workers of all cities work until nothing is left to do, for four rounds of half a minute at most."""
    for _ in range(MOST_ROUNDS):
        done = sum(_work(town) for town in towns.values())
        for town in towns.values():
            town.city.clock.move(ROUND)
        if not done and not any(_waits(town) for town in towns.values()):
            return


def _work(town: Town) -> int:
    done = 0
    for name, each in SWEEPS.items():
        while found := each(town.city, town.city.now()):
            done += found if name not in {"log", "nonces"} else 0
    while found := town.post.run_once():
        done += found
    return done


def _waits(town: Town) -> bool:
    with town.city.database.reading() as session:
        return bool(list_waiting(session))
