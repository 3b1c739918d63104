"""What one run of the simulation knows: what chance draws from, the cities, the truth, and what may be done next."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TypeVar
from uuid import UUID

from backend.disclosures.score_cards import ScoreCard
from scenarios.treaty import Treaty, treaty_id
from tests.backend.city import NOON
from tests.backend.exchange.simulated_cities import LIVES, Mould, Town
from tests.backend.exchange.simulated_network import Crashes, Weather
from tests.backend.exchange.simulated_truth import Truth

T = TypeVar("T")


class State:
    """The state of a run, and the draws that all acts share."""

    def __init__(self, mould: Mould, seed: int, folder: Path) -> None:
        self.mould, self.seed, self.folder = mould, seed, folder
        self.chance = Random(seed)  # noqa: S311 - it must be had again
        self.weather, self.crashes = Weather(self.chance), Crashes()
        self.truth = Truth(mould.treaties)
        self.towns: dict[str, Town] = {}
        self.consents = [*mould.consents]
        self.cards: list[tuple[str, str, ScoreCard]] = []
        self.grants: list[tuple[str, UUID]] = []
        self.trace: list[str] = []
        self.depth = self.orders = 0
        self.latest = NOON

    def choose(self, of: Iterable[T]) -> T:
        """Draw one of several."""
        return self.chance.choice(list(of))

    def choose_visitor(self, code: str) -> str:
        """Draw somebody who visits a city."""
        return self.choose(name for name, (_, visited) in LIVES.items() if code in visited)

    def choose_citizen(self, code: str) -> str:
        """Draw somebody who lives in a city."""
        return self.choose(name for name, (home, _) in LIVES.items() if home == code)

    def treaty_between(self, one: str, other: str) -> Treaty:
        """The treaty of two cities."""
        return self.truth.treaties[treaty_id(one, other)]

    def note_clocks(self) -> None:
        """Note what the clocks show, as one that is ahead may be set back."""
        self.latest = max(self.latest, *(town.city.now() for town in self.towns.values()))

    def set_clocks(self, moment: datetime) -> None:
        """Set the clocks of all cities right."""
        for town in self.towns.values():
            town.city.clock.move(moment - town.city.now())
