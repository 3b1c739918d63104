"""Where each of the three cities lives: a directory with its own keys, database and log, and two ports."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend.context import Context, make_context
from backend.demo.cities_cast import CITIES, TITLES
from backend.demo.workplace import DemoError, Workplace, open_workplace, write_once, write_private, write_settings
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.token_keys import TokenKey
from backend.people.tables import SubjectRow
from backend.settings import read_settings
from backend.storage.migrations import upgrade

PORTS_A_CITY = 2
DATABASE = "city.sqlite"
LOCK, SETTINGS = "lock", "city.env"
URL_VARIABLE = "SHANGDING_DATABASE_URL_{city}"
FROM_OUTSIDE = ("SHANGDING_COMMIT", "SHANGDING_LOG_LEVEL")


@dataclass(frozen=True, slots=True, kw_only=True)
class CityPlace:
    """A city of this machine: its files and addresses, the environment of its processes, and its context."""

    code: str
    place: Workplace
    variables: Mapping[str, str] = field(repr=False)
    context: Context = field(repr=False)

    @property
    def title(self) -> str:
        """Give the name of the city in Chinese."""
        return TITLES[self.code]

    def find_signer(self, now: datetime) -> TokenKey:
        """Give the key with which the city signs what it exchanges; raises KeySetError."""
        if self.context.exchange_keys is None:
            raise DemoError(f"{self.code} has no exchange keys; delete {self.place.directory} and start again")
        return self.context.exchange_keys.find_signer(now)


def list_ports(first: int) -> tuple[int, ...]:
    """List the ports that the cities and their identity providers need, from `first` on."""
    return tuple(range(first, first + PORTS_A_CITY * len(CITIES)))


@contextmanager
def opened_cities(
    directory: Path, *, port: int, environ: Mapping[str, str], now: datetime
) -> Iterator[dict[str, CityPlace]]:
    """Give the three cities over databases that are made anew, by code; their keys are kept from start to start.

    SHANGDING_DATABASE_URL_ZHENGZHOU (and so on) puts a city on an empty database of yours. Raises DemoError,
    SettingsError or OSError.
    """
    cities: dict[str, CityPlace] = {}
    with _held_alone(directory):
        try:
            for number, code in enumerate(CITIES):
                cities[code] = _open_city(code, directory / code, port + PORTS_A_CITY * number, environ, now)
            yield cities
        finally:
            for city in cities.values():
                city.context.database.dispose()


@contextmanager
def _held_alone(directory: Path) -> Iterator[None]:
    """Hold a directory against other cities that would delete these databases; raises DemoError or OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"cities run in {directory} already, and starting anew would delete their databases;"
                " end them first, or name another directory with --directory"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _open_city(code: str, directory: Path, port: int, environ: Mapping[str, str], now: datetime) -> CityPlace:
    place = Workplace(directory=directory, people=0, seed=0, port=port)
    url = environ.get(URL_VARIABLE.format(city=code.upper()))
    own = {name: environ[name] for name in FROM_OUTSIDE if environ.get(name)}
    if url is None:
        for ending in ("", "-wal", "-shm"):
            (directory / f"{DATABASE}{ending}").unlink(missing_ok=True)
    given = {**own, "SHANGDING_CITY": code, "SHANGDING_DATABASE_URL": url or _name_database(directory)}
    variables, _ = open_workplace(place, given, now)
    if url is None:
        write_once(directory / DATABASE, "")  # before SQLite makes it readable by others
    write_private(place.log, "")
    keys = directory.resolve() / "exchange-keys.jwks.json"
    write_once(keys, make_exchange_keys(now))
    # The cities call each other on this machine, which no city in service may.
    variables |= {"SHANGDING_EXCHANGE_KEYS": str(keys), "SHANGDING_EXCHANGE_TARGETS": "any"}
    write_settings(directory / SETTINGS, variables)
    settings = read_settings(variables)
    upgrade(settings.database_url)
    context = make_context(settings)
    with context.database.reading() as session:
        if session.scalars(select(SubjectRow.subject_id).limit(1)).first() is not None:
            raise DemoError(f"the database of {code} holds people; give an empty one")
    return CityPlace(code=code, place=place, variables=variables, context=context)


def _name_database(directory: Path) -> str:
    return f"sqlite:///{directory.resolve() / DATABASE}"
