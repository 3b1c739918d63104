"""The ledger of a person, read as the records that the scoring core weighs.

What a department says is kept as JSON in the entry that reports or corrects it; nothing else gives it a shape.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.tables import LedgerEntryRow, list_entries
from scoring.admission import LegalFacts
from scoring.records import Content, Event, EventKind, Record

REPORTED = "reported"


class Report(NamedTuple):
    """What a department says in a report or a correction: the fact, and what the law asks about it."""

    content: Content
    legal: LegalFacts = LegalFacts()


def write_content(report: Report) -> dict[str, Any]:
    """Write what a department says as the JSON content of a ledger entry; `read_content` reads it back the same."""
    content, legal = report
    return {
        "occurred_on": content.occurred_on.isoformat(),
        "ended_on": None if content.ended_on is None else content.ended_on.isoformat(),
        "fields": dict(content.fields),
        "act": content.act,
        "legal": legal._asdict(),
    }


def read_content(document: Mapping[str, Any]) -> Report:
    """Read the JSON content of a report or correction; KeyError or ValueError when nobody here wrote it."""
    ended_on, legal = document["ended_on"], LegalFacts(**document["legal"])
    content = Content(
        occurred_on=date.fromisoformat(document["occurred_on"]),
        ended_on=None if ended_on is None else date.fromisoformat(ended_on),
        fields=document["fields"],
        act=document["act"],
    )
    return Report(content, legal)


def read_records(session: Session, subject_id: UUID, *, known_at: datetime | None = None) -> tuple[Record, ...]:
    """Read all records of a subject in the order of their reports, each with what became known of it later.

    `scoring` can weigh them as they were known at any moment.
    """
    return fold_entries(list_entries(session, subject_id, known_at=known_at))


def fold_entries(entries: Iterable[LedgerEntryRow]) -> tuple[Record, ...]:
    """Fold entries in ledger order into records; an entry about a record never reported is a LookupError."""
    records: dict[UUID, Record] = {}
    events: dict[UUID, list[Event]] = defaultdict(list)
    for entry in entries:
        if entry.kind == REPORTED:
            records[entry.record_id] = _make_record(entry)
            continue
        record = records.get(entry.record_id)
        if record is None:
            raise LookupError(f"ledger entry {entry.ledger_no} is about {entry.record_id}, which was never reported")
        event = Event(EventKind(entry.kind), entry.known_at)
        if event.kind is EventKind.CORRECTED:
            content, legal = read_content(entry.content)
            event = event._replace(content=content, document_no=legal.document_no or "")
        events[entry.record_id].append(event)
    return tuple(record._replace(events=tuple(events[record_id])) for record_id, record in records.items())


def _make_record(entry: LedgerEntryRow) -> Record:
    content, legal = read_content(entry.content)
    return Record(
        record_id=str(entry.record_id),
        indicator=entry.indicator,
        known_at=entry.known_at,
        source=entry.department,
        document_no=legal.document_no or "",
        **content._asdict(),
    )
