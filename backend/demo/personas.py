"""What a persona is: an invented person with a name, a story, deeds, and a way with the account.

A deed is a record as a department reports it, counted in days before the day on which the demo is made; what comes
later (a correction, an objection) is a word about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from backend.demo.people import Person, make_resident_id
from scoring.days import add_months
from scoring.records import Value

FIRST_SEQUENCE = 900
ADULT_MONTHS, MINOR_MONTHS = 36 * 12, 17 * 12
BIRTHDAY_DAYS_AGO = 100


class Path(StrEnum):
    """How far a persona has gone with the account."""

    OPENED = "opened"
    REOPENED = "reopened"
    SIGNED_IN = "signed_in"
    CONSENT_WITHDRAWN = "consent_withdrawn"


class WordKind(StrEnum):
    """What is said about a record later."""

    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REPAIRED = "repaired"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A later word about a deed; `fields` are the corrected ones."""

    kind: WordKind
    days_ago: int
    reason: str
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One record about a persona, by the department that reports it; `days_ago` is when it happened."""

    indicator: str
    department: str
    days_ago: int
    fields: Mapping[str, Value] = field(default_factory=dict)
    reported_after_days: int = 7
    act: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A named person of the demo; `name_at_department` differs from `name` where the identity is in doubt."""

    key: str
    name: str
    story: str
    deeds: tuple[Deed, ...] = ()
    path: Path = Path.OPENED
    months_old: int = ADULT_MONTHS
    name_at_department: str | None = None

    def to_person(self, number: int, day: date) -> Person:
        """Make the invented person behind persona `number`, as old on `day` as the story wants."""
        born_on = add_months(day, -self.months_old) - timedelta(days=BIRTHDAY_DAYS_AGO)
        return Person(-1 - number, self.name, make_resident_id(born_on, FIRST_SEQUENCE + number), born_on)
