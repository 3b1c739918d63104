"""Rows as departments would hand them in about invented people, drawn from whatever catalogue a city has.

What weighs little happens often and what weighs much seldom: a draw is kept with a chance that falls with the points
that it alone would make. So nothing here knows the points of a city.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from backend.demo.people import Person
from backend.people.identity_numbers import SubjectKind
from backend.records.ledger import Report
from backend.records.rows import HandedInRow
from scoring.admission import LegalFacts
from scoring.catalogue import Indicator, Item, Nature
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.records import Content, Record, Value
from scoring.rulebook import Rulebook

PAST_DAYS, USUAL_DAYS_AGO = 1080, 120
REPORTED_WITHIN_DAYS = (3, 60)
LARGEST_DRAWN = 1_000_000
USUAL_POINTS = 8
FROZEN_POINTS = 60  # a veto moves few points of its own but stops everything else
MOST_DRAWS = 40
ENDED_SHARE = 0.6
FOLDED_UNIT = 100  # amounts come in round figures

# What happens to a share of the people: how many favourable and adverse facts there are about each.
TEMPERS: tuple[tuple[int, tuple[int, int], tuple[int, int]], ...] = (
    (40, (0, 1), (0, 0)),
    (27, (1, 3), (0, 0)),
    (14, (4, 8), (0, 0)),
    (3, (14, 20), (0, 0)),
    (13, (0, 1), (1, 1)),
    (3, (0, 1), (3, 5)),
)


@dataclass(frozen=True, slots=True)
class HandIn:
    """A row that a department hands in on a day."""

    on: date
    department: str
    row: HandedInRow


class RecordDrawer:
    """Draws rows about people from the catalogue of a rulebook, as they are known on `day` at the latest."""

    def __init__(self, rulebook: Rulebook, *, seed: int, day: date) -> None:
        """Draw with a chance of its own, so that the people do not change with it."""
        self._random = Random(f"records {seed}")  # noqa: S311 - chance for stories, not for secrets
        self._rulebook = rulebook
        self._day = day
        self._number = 0
        about_people = [
            indicator
            for indicator in rulebook.catalogue.indicators.values()
            if SubjectKind.NATURAL_PERSON in indicator.subjects
        ]
        self._by_nature = {
            nature: [indicator for indicator in about_people if indicator.nature is nature] for nature in Nature
        }

    def draw(self, people: Iterable[Person]) -> Iterator[HandIn]:
        """Draw what is handed in about each of the people, in no order of days."""
        weights = [share for share, _, _ in TEMPERS]
        for person in people:
            _, favourable, adverse = self._random.choices(TEMPERS, weights)[0]
            for _ in range(self._random.randint(*favourable)):
                yield self.draw_one(person, Nature.FAVOURABLE)
            for _ in range(self._random.randint(*adverse)):
                yield self.draw_one(person, Nature.ADVERSE)

    def draw_one(self, person: Person, nature: Nature) -> HandIn:
        """Draw one fact of a nature about a person, the light ones more often than the weighty ones."""
        kinds = self._by_nature[nature] or self._by_nature[Nature.FAVOURABLE]
        for _ in range(MOST_DRAWS - 1):
            indicator = self._random.choice(kinds)
            content = self._draw_content(indicator)
            if self._random.random() < 1 / (1 + (self._weigh(indicator, content) / USUAL_POINTS) ** 2):
                break
        else:
            indicator = self._random.choice(kinds)
            content = self._draw_content(indicator)
        return self.make(person, indicator, content)

    def make(
        self, person: Person, indicator: Indicator, content: Content, *, reported_on: date | None = None
    ) -> HandIn:
        """Make the row of a fact that the law admits."""
        self._number += 1
        lag = timedelta(days=self._random.randint(*REPORTED_WITHIN_DAYS))
        department = self._random.choice(indicator.providers)
        row = HandedInRow(
            source_key=f"demo-{self._number:07}",
            subject_kind=SubjectKind.NATURAL_PERSON,
            id_number=person.id_number,
            name=person.name,
            indicator=indicator.code,
            report=Report(content, make_legal_facts(indicator, content, self._number)),
        )
        return HandIn(reported_on or min(self._day, content.occurred_on + lag), department, row)

    def _draw_content(self, indicator: Indicator) -> Content:
        days_ago = int(self._random.triangular(1, PAST_DAYS, USUAL_DAYS_AGO))
        occurred_on = self._day - timedelta(days=days_ago)
        ended_on = None
        if indicator.continuing and self._random.random() < ENDED_SHARE:
            ended_on = occurred_on + timedelta(days=self._random.randint(0, days_ago))
        fields = {item.name: self._draw_value(item) for item in indicator.items.values() if item.required}
        return Content(occurred_on, ended_on, fields)

    def _draw_value(self, item: Item) -> Value:
        if item.type == "choice":
            return self._random.choice(list(item.choices))
        if item.type == "flag":
            return self._random.random() < 1 / 2
        lowest = max(1, item.at_least or 0)
        highest = LARGEST_DRAWN if item.at_most is None else max(lowest, min(item.at_most, LARGEST_DRAWN))
        # Amounts of all sizes, small ones more often.
        value = int(lowest * (highest / lowest) ** (self._random.random() ** 2))
        return max(lowest, value // FOLDED_UNIT * FOLDED_UNIT) if value >= FOLDED_UNIT else value

    def _weigh(self, indicator: Indicator, content: Content) -> int:
        moment = end_of(self._day)
        record = Record("drawn", indicator.code, moment, content.occurred_on, content.ended_on, content.fields)
        score = evaluate((record,), self._rulebook, as_of=content.occurred_on, known_at=moment)
        return FROZEN_POINTS if score.vetoes else abs(score.points - self._rulebook.base)


def make_legal_facts(indicator: Indicator, content: Content, number: int) -> LegalFacts:
    """Make what the law asks about a fact, all in order."""
    document_no = f"演示〔{content.occurred_on.year}〕{number}号"
    if indicator.nature is not Nature.ADVERSE:
        return LegalFacts(document_no=document_no)
    return LegalFacts(document_no=document_no, procedure="ordinary", finality="no_appeal_in_time", confirmed_by="court")
