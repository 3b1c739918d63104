"""The editions that stand: those that ship, and those that were announced and not withdrawn, as the database has them.

What is decided is decided by these, read in the transaction of the decision, and never by what a node has in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from importlib.resources.abc import Traversable
from threading import Lock
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import find_city_folder, read_document
from backend.gateways.scenario_files import find_scenario_folder, list_scenario_cities
from backend.governance.documents import NAMES, Kind, KnownEdition, in_force_on, read_known
from backend.storage.editions import Edition, list_editions
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook

MOST_PARSED = 64
# What was announced and parsed before. Documents never change, but what scenarios say depends on the rulebook that they
# are read against, and that may be withdrawn, or another be announced: so its digest is in the key.
_parsed: dict[tuple[UUID, str | None], KnownEdition] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All editions of a city that stand, of both kinds; `digest` changes with any of them."""

    city: str
    editions: tuple[KnownEdition, ...]
    digest: str

    def list_former(self, kind: Kind, day: date, effective_on: date) -> tuple[KnownEdition | None, ...]:
        """List what a draft of `effective_on` must be compared with: what is in force on a day, and all before it.

        None stands for a city that has nothing of the kind in force yet.
        """
        between = [each for each in self.editions if each.kind is kind and day < each.effective_on < effective_on]
        return (in_force_on(self.editions, kind, day), *sorted(between, key=lambda each: each.effective_on))

    def find_last_day(self, kind: Kind) -> date | None:
        """Give the day of the last edition of a kind; a further one takes effect after it. None where there is none."""
        return max((each.effective_on for each in self.editions if each.kind is kind), default=None)

    def find_edition(self, kind: Kind, effective_on: date) -> KnownEdition | None:
        """Find the edition of a kind that took or takes effect on a day."""
        found = [each for each in self.editions if each.kind is kind and each.effective_on == effective_on]
        return found[0] if found else None

    def rulebook_on(self, day: date) -> Rulebook | None:
        """Give the rulebook in force on a day; None before the first."""
        found = in_force_on(self.editions, Kind.RULEBOOK, day)
        return None if found is None else found.rulebook

    def scenarios_on(self, day: date) -> ScenarioCatalogue | None:
        """Give the scenarios in force on a day; None where there are none."""
        found = in_force_on(self.editions, Kind.SCENARIOS, day)
        return None if found is None else found.scenarios


def load_standing(session: Session, city: str) -> Standing:
    """Load what stands now, as this transaction sees it; raises DocumentError where an edition cannot be read."""
    announced = [each for each in list_editions(session) if each.withdrawn_at is None]
    editions = {(each.kind, each.effective_on): each for each in _read_shipped(city)}
    # Rulebooks first: scenarios are read against them.
    for each in sorted(announced, key=lambda each: (each.kind is not Kind.RULEBOOK, each.effective_on)):
        beside = None
        if each.kind is Kind.SCENARIOS:
            beside = in_force_on(editions.values(), Kind.RULEBOOK, each.effective_on)
        known = _read_once(each, beside)
        editions[each.kind, known.effective_on] = known
    ordered = tuple(editions[key] for key in sorted(editions))
    return Standing(city=city, editions=ordered, digest=_digest(ordered))


def _read_once(edition: Edition, beside: KnownEdition | None) -> KnownEdition:
    key = edition.edition_id, None if beside is None else beside.digest
    with _lock:
        known = _parsed.get(key)
    if known is not None:
        return known
    rulebook = None if beside is None else beside.rulebook
    known = read_known(edition.kind, edition.documents, rulebook=rulebook, is_announced=True)
    with _lock:
        if len(_parsed) >= MOST_PARSED:
            _parsed.clear()
        _parsed[key] = known
    return known


@lru_cache(maxsize=16)
def _read_shipped(city: str) -> tuple[KnownEdition, ...]:
    """Read every edition that ships for a city, with its documents; the files do not change while a process runs."""
    read: list[KnownEdition] = []
    for kind, folder in _list_folders(city):
        for path in sorted(folder.iterdir(), key=lambda each: each.name):
            first, dash, day = path.name.partition("-")
            if first != NAMES[kind][0] or not dash:
                continue
            documents = {name: read_document(folder, f"{name}-{day}") for name in NAMES[kind]}
            beside = in_force_on(read, Kind.RULEBOOK, date.fromisoformat(day.removesuffix(".toml")))
            rulebook = None if beside is None else beside.rulebook
            read.append(read_known(kind, documents, rulebook=rulebook, is_announced=False))
    return tuple(read)


def _list_folders(city: str) -> Sequence[tuple[Kind, Traversable]]:
    folders = [(Kind.RULEBOOK, find_city_folder(city))]
    return [*folders, (Kind.SCENARIOS, find_scenario_folder(city))] if city in list_scenario_cities() else folders


def _digest(editions: Sequence[KnownEdition]) -> str:
    lines = [f"{each.kind} {each.effective_on} {each.digest}" for each in editions]
    return sha256("\n".join(lines).encode()).hexdigest()
