"""A record, what became of it later, and how it stood at a moment."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Value: TypeAlias = int | str | bool


class EventKind(StrEnum):
    """What can happen to a record after it was reported."""

    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REPAIRED = "repaired"
    OBJECTED = "objected"
    DECIDED = "decided"


class Content(NamedTuple):
    """What a department says about an act: when it happened, until when it lasts, its items, and which act it was."""

    occurred_on: date
    ended_on: date | None = None
    fields: Mapping[str, Value] = {}
    act: str | None = None


class Event(NamedTuple):
    """One later word about a record; `content` and `document_no` replace the record's own when it is a correction."""

    kind: EventKind
    known_at: datetime
    content: Content | None = None
    document_no: str = ""


class Record(NamedTuple):
    """One reported fact about a subject, with its two times and its later events in the order they became known."""

    record_id: str
    indicator: str
    known_at: datetime
    occurred_on: date
    ended_on: date | None = None
    fields: Mapping[str, Value] = {}
    act: str | None = None
    source: str = ""
    document_no: str = ""
    events: tuple[Event, ...] = ()
    suspended: bool = False


def as_known(record: Record, known_at: datetime) -> Record | None:
    """Give the record as it was known at a moment.

    None when it was not known yet, or was withdrawn or repaired by then. `suspended` is true while its first
    objection is open; a later objection suspends nothing (Henan regulation Art. 41 marks every objection, the
    suspension of the first is this system's own).
    """
    if record.known_at > known_at:
        return None
    if not record.events:
        return record
    return _after_events(record, known_at)


def _after_events(record: Record, known_at: datetime) -> Record | None:
    known = record
    objections = decisions = 0
    for event in record.events:
        if event.known_at > known_at:
            continue
        match event.kind:
            case EventKind.WITHDRAWN | EventKind.REPAIRED:
                return None
            case EventKind.CORRECTED:
                known = _correct(known, event)
            case EventKind.OBJECTED:
                objections += 1
            case EventKind.DECIDED:
                decisions += 1
    return known._replace(events=(), suspended=objections > 0 and decisions == 0)


def _correct(record: Record, event: Event) -> Record:
    if event.content is None:
        return record
    return record._replace(**event.content._asdict(), document_no=event.document_no)


def moments_of_news(records: Iterable[Record]) -> set[datetime]:
    """Give every moment at which something about these records became known."""
    return {record.known_at for record in records} | {event.known_at for record in records for event in record.events}
