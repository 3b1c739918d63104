"""The steps of which the invented city's past is made, and their moments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from backend.demo.people import Person
from backend.demo.personas import WordKind
from backend.records.ledger import Report
from backend.records.rows import AnyRow

SIGN_IN_UTC, HAND_IN_UTC, WORD_UTC, LOOK_UTC, LEAVE_UTC, RETURN_UTC = (
    time(2),
    time(4),
    time(6),
    time(7),
    time(8),
    time(9),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person signs in with the identity provider's ticket, and opens an account or not."""

    at: datetime
    person: Person
    opens: bool


@dataclass(frozen=True, slots=True)
class HandInBatch:
    """A department hands a batch in."""

    at: datetime
    department: str
    rows: tuple[AnyRow, ...]


@dataclass(frozen=True, slots=True)
class AddWord:
    """Something is said about a record, found by its source key; `report` is what a correction says."""

    at: datetime
    source_key: str
    kind: WordKind
    reason: str
    report: Report


@dataclass(frozen=True, slots=True)
class LookAtRecord:
    """The department of a record looks at it."""

    at: datetime
    source_key: str


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """A person closes the account (`closed`) or takes the consent back (`consent_withdrawn`)."""

    at: datetime
    person: Person
    because: str


Step: TypeAlias = SignIn | HandInBatch | AddWord | LookAtRecord | CloseAccount


def moment_of(day: date, hour: time) -> datetime:
    """Give the moment of a day (in UTC) at an hour."""
    return datetime.combine(day, hour, UTC)
