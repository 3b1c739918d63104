"""The scores room over a real database, and facts that departments would have handed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from backend.records.departments import register_departments
from backend.records.ledger import Report, write_content
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry
from backend.scores.routes import blueprint
from backend.storage.identifiers import new_id
from scoring.admission import LegalFacts
from scoring.records import Content, Value
from tests.backend.city import City, running_city


@contextmanager
def running_scores(database_url: str) -> Iterator[City]:
    with running_city(database_url, rooms=(blueprint,)) as city:
        with city.database.transaction() as session:
            register_departments(session, city.context.rules.catalogue_on(date(2026, 11, 22)))
        yield city


def report(
    city: City, subject_id: UUID, indicator: str, occurred_on: date, *, act: str | None = None, **fields: Value
) -> UUID:
    """Put a fact on the ledger and give the record's id."""
    record_id = new_id(city.now())
    content = Content(occurred_on, None, fields, act)
    provider = city.context.rules.catalogue_on(date(2026, 11, 22)).indicators[indicator].providers[0]
    entry = NewEntry(
        kind="reported",
        record_id=record_id,
        indicator=indicator,
        department=provider,
        source_key=str(record_id),
        content=write_content(Report(content, LegalFacts(document_no="〔2026〕1号"))),
    )
    _append(city, subject_id, entry)
    return record_id


def learn(city: City, subject_id: UUID, record_id: UUID, kind: str) -> None:
    """Put a later word about a record on the ledger: withdrawn, repaired, objected or decided."""
    with city.database.reading() as session:
        first = session.query(LedgerEntryRow).filter_by(record_id=record_id, kind="reported").one()
        entry = NewEntry(
            kind=kind, record_id=record_id, indicator=first.indicator, department=first.department, content={}
        )
    _append(city, subject_id, entry)


def _append(city: City, subject_id: UUID, entry: NewEntry) -> None:
    with city.database.transaction() as session:
        assert isinstance(append_entry(session, subject_id, entry, now=city.now()), LedgerEntryRow)
