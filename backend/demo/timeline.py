"""What happens in the invented city and when: people open accounts, departments hand in, correct and look.

It spreads over the time for which there are an agreement and a rulebook, three years at most, and ends the day before
the demo is made; so that every moment in it is past, whatever the hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from backend.demo.cast import list_persons
from backend.demo.flaws import FlawedHandIn, FlawMaker
from backend.demo.people import ADULT, Person, make_people
from backend.demo.personas import Persona
from backend.demo.records import HandIn, RecordDrawer
from backend.demo.steps import (
    HAND_IN_UTC,
    LEAVE_UTC,
    LOOK_UTC,
    SIGN_IN_UTC,
    CloseAccount,
    HandInBatch,
    LookAtRecord,
    SignIn,
    Step,
    moment_of,
)
from backend.demo.stories import Teller
from backend.gateways.rulebook_files import CityRules
from backend.people.agreement import read_editions
from scoring.days import add_months, age_on

MONTHS_BACK = 36
ROWS_A_BATCH = 500
DAYS_A_BATCH = 7
PEOPLE_A_FLAW = 100
OPENED_SHARE, LEFT_SHARE, LOOKED_SHARE = 0.95, 0.02, 0.03


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole city: everything that happens in it, in the order of time, and the people with a name and a story."""

    steps: tuple[Step, ...]
    personas: tuple[tuple[Persona, Person], ...]


class Planner:
    """Plans the past of a city of `count` people and the personas, until the end of `day`."""

    def __init__(self, rules: CityRules, *, count: int, seed: int, day: date) -> None:
        """Plan by the rules of a city; the same seed and day give the same plan."""
        self._random = Random(f"timeline {seed}")  # noqa: S311 - chance for stories, not for secrets
        self._day = day
        self._first_day = find_first_day(rules, day)
        self._people = list(make_people(count, seed=seed, day=day))
        rulebook = rules.rulebook_on(day)
        self._catalogue = rulebook.catalogue
        self._drawer = RecordDrawer(rulebook, seed=seed, day=day)

    def make(self) -> Plan:
        """Make the plan."""
        personas = list_persons(self._catalogue, self._day)
        teller = Teller(catalogue=self._catalogue, first_day=self._first_day, day=self._day)
        adults = [person for person in self._people if age_on(person.born_on, self._day) > ADULT]
        drawn = list(self._drawer.draw(adults))
        flaws = FlawMaker(self._drawer, self._catalogue, day=self._day)
        rows: list[HandIn | FlawedHandIn] = [*drawn]
        for person in adults[::PEOPLE_A_FLAW]:
            rows += flaws.make(person)
        steps: list[Step] = [step for person in self._people for step in self._tell_account(person)]
        for persona, person in personas:
            rows += teller.tell_deeds(persona, person)
            steps += teller.tell_steps(persona, person)
        steps += self._gather(rows)
        steps += self._draw_looks(drawn)
        return Plan(tuple(sorted(steps, key=lambda step: step.at)), personas)

    def _tell_account(self, person: Person) -> Iterator[Step]:
        days = (self._day - self._first_day).days
        opened_on = self._first_day + timedelta(days=self._random.randint(0, days))
        yield SignIn(moment_of(opened_on, SIGN_IN_UTC), person, opens=self._random.random() < OPENED_SHARE)
        if self._random.random() < LEFT_SHARE:
            left_on = opened_on + timedelta(days=self._random.randint(0, (self._day - opened_on).days))
            because = self._random.choice(("closed", "consent_withdrawn"))
            yield CloseAccount(moment_of(left_on, LEAVE_UTC), person, because)

    def _gather(self, rows: Iterable[HandIn | FlawedHandIn]) -> Iterator[HandInBatch]:
        """Gather rows into a batch a week and department, handed in on the last of its days."""
        gathered: dict[tuple[int, str], list[HandIn | FlawedHandIn]] = defaultdict(list)
        for row in rows:
            on = max(self._first_day, min(self._day, row.on))
            gathered[on.toordinal() // DAYS_A_BATCH, row.department].append(row)
        for (_, department), together in gathered.items():
            last = max(max(self._first_day, min(self._day, row.on)) for row in together)
            for start in range(0, len(together), ROWS_A_BATCH):
                cut = together[start : start + ROWS_A_BATCH]
                yield HandInBatch(moment_of(last, HAND_IN_UTC), department, tuple(each.row for each in cut))

    def _draw_looks(self, drawn: Iterable[HandIn]) -> Iterator[LookAtRecord]:
        for each in drawn:
            if self._random.random() < LOOKED_SHARE:
                yield LookAtRecord(moment_of(self._day, LOOK_UTC), each.row.source_key)


def find_first_day(rules: CityRules, day: date) -> date:
    """Find the first day of the city's past: three years back, but not before there were rules and an agreement."""
    return max(
        add_months(day, -MONTHS_BACK),
        min(edition.effective_on for edition in rules.editions),
        min(edition.effective_on for edition in read_editions()),
    )
