"""Small invented cities for tests: a context over a fresh database, and the city seeded into it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from backend.clock import today
from backend.context import Context, make_context
from backend.demo.seed import ONE_DAY, Seeded, seed_city
from backend.demo.workplace import Workplace, open_workplace
from backend.storage.migrations import upgrade

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = today(NOW) - ONE_DAY
SEED = 7


@contextmanager
def opened_context(directory: Path, *, url: str | None = None, city: str = "zhengzhou") -> Iterator[Context]:
    """Give a context over a migrated database, with keys in `directory`."""
    environ = {"SHANGDING_CITY": city} | ({"SHANGDING_DATABASE_URL": url} if url else {})
    place = Workplace(directory=directory, people=0, seed=SEED, port=8000)
    _, settings = open_workplace(place, environ, NOW)
    upgrade(settings.database_url)
    context = make_context(settings)
    try:
        yield context
    finally:
        context.database.dispose()


def seed(context: Context, people: int, *, now: datetime = NOW) -> Seeded:
    """Seed a city and keep quiet about it."""
    return seed_city(context, people=people, seed=SEED, now=now, console=Console(file=io.StringIO()))
