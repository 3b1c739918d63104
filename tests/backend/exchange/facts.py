"""Facts that change what a city says about somebody: another score, a place on a list, a fine."""

from datetime import date
from random import Random
from uuid import UUID

from backend.clock import today
from backend.records.ledger import Report, write_content
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry
from backend.storage.identifiers import new_id
from scoring.admission import LegalFacts
from scoring.records import Content, Value
from tests.backend.city import City
from tests.backend.exchange.reading import read_id, read_rows, write_id

POINTS = (580, 640, 720, 760, 900)
_DOCUMENT = LegalFacts(document_no="〔2026〕1号")


def rescore(city: City, subject_id: UUID, chance: Random) -> str:
    """Take back what is on the ledger about somebody, and mostly (in Hangzhou always) put something in its place."""
    take_back(city, subject_id)
    match city.context.rules.city:
        case "hangzhou":
            points = chance.choice(POINTS)
            report(city, subject_id, "HZ-QJF-01", points=points)
            return f"{points} points"
        case "nanjing" if chance.random() < 0.8:
            report(city, subject_id, "NJ-1")
            return "on the list"
        case "zhengzhou" if chance.random() < 0.3:
            report(city, subject_id, "ZZ-LAW-03", amount_fen=50_000)
            return "a fine"
    return "nothing"


def put_points(city: City, subject_id: UUID, points: int) -> None:
    """Let the model of Hangzhou give somebody so many points, in place of all that it gave before."""
    take_back(city, subject_id)
    report(city, subject_id, "HZ-QJF-01", points=points)


def take_back(city: City, subject_id: UUID) -> None:
    """Withdraw whatever departments have reported about somebody."""
    rows = read_rows(
        city.database,
        "SELECT record_id, indicator, department FROM ledger_entry AS e WHERE kind = 'reported' AND subject_id = :id"
        " AND NOT EXISTS (SELECT 1 FROM ledger_entry AS l WHERE l.record_id = e.record_id AND l.kind = 'withdrawn')"
        " ORDER BY record_id",
        id=write_id(city.database, subject_id),
    )
    for row in rows:
        entry = NewEntry(
            kind="withdrawn",
            record_id=read_id(row["record_id"]),
            indicator=row["indicator"],
            department=row["department"],
            content={},
        )
        _append(city, subject_id, entry)


def report(city: City, subject_id: UUID, indicator: str, **fields: Value) -> None:
    """Put a fact of today on the ledger."""
    day = today(city.now())
    catalogue = city.context.rules.catalogue_on(date(2026, 11, 22))
    record_id = new_id(city.now())
    entry = NewEntry(
        kind="reported",
        record_id=record_id,
        indicator=indicator,
        department=catalogue.indicators[indicator].providers[0],
        source_key=str(record_id),
        content=write_content(Report(Content(day, None, fields, None), _DOCUMENT)),
    )
    _append(city, subject_id, entry)


def _append(city: City, subject_id: UUID, entry: NewEntry) -> None:
    with city.database.transaction() as session:
        assert isinstance(append_entry(session, subject_id, entry, now=city.now()), LedgerEntryRow)
