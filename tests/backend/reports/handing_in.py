"""What departments handed in, put straight into the tables: every day and count is what the test says."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import read_city
from backend.records.departments import register_departments
from backend.records.file_tables import NewFile, add_file, end_file
from backend.records.quarantine_tables import QuarantinedRow
from backend.records.tables import BatchRow, NewEntry, ReceiptRow, add_batch, append_entry
from backend.storage.database import Database
from tests.backend.builders import add_person

RULES = read_city("zhengzhou")
TRAFFIC, HEALTH = "traffic_police", "health_commission"
FINE, DONATION = "ZZ-LAW-03", "ZZ-ETH-02"
_numbers = count(1)


def noon_of(day: str) -> datetime:
    """Noon in the city."""
    return datetime.combine(date.fromisoformat(day), time(4), UTC)


def open_offices(database: Database) -> None:
    """Register the departments of the catalogue."""
    with database.transaction() as session:
        register_departments(session, RULES.catalogue_on(date(2026, 11, 22)))


def open_batch(session: Session, received_at: datetime, department: str = TRAFFIC) -> BatchRow:
    """Add a batch that was received at a moment."""
    batch = BatchRow(
        batch_id=uuid4(),
        department=department,
        clerk="7",
        batch_no=f"batch-{next(_numbers)}",
        received_at=received_at,
    )
    assert add_batch(session, batch)
    return batch


def open_file(session: Session, received_at: datetime, department: str = TRAFFIC, *, dry_run: bool = False) -> BatchRow:
    """Add a file that waits to be read, and give the batch of its rows; a dry run keeps none."""
    file_id, file_no = uuid4(), f"file-{next(_numbers)}"
    batch = BatchRow(batch_id=file_id, department=department, clerk="7", batch_no=file_no, received_at=received_at)
    file = NewFile(
        file_id=file_id,
        department=department,
        clerk="7",
        file_no=file_no,
        format="csv",
        size=1,
        sha256="0" * 64,
        mapping="plain",
        dry_run=dry_run,
        received_at=received_at,
    )
    add_file(session, file)
    assert dry_run or add_batch(session, batch)
    return batch


def close_file(session: Session, file: BatchRow, ended_at: datetime, fault_code: str | None = None) -> None:
    """End a file, well or with a fault."""
    assert end_file(session, file.batch_id, now=ended_at, fault_code=fault_code)


def add_receipt(
    session: Session,
    batch: BatchRow,
    outcome: str = "accepted",
    *,
    occurred_on: str | None = None,
    indicator: str | None = FINE,
    **values: Any,  # noqa: ANN401 - whatever the test is about
) -> ReceiptRow:
    """Add the receipt of a row; an accepted one is a record, though it stands in no ledger yet."""
    receipt = ReceiptRow(
        batch_id=batch.batch_id,
        row_no=next(_numbers),
        outcome=outcome,
        occurred_on=None if occurred_on is None else date.fromisoformat(occurred_on),
        indicator=indicator,
        **({"record_id": uuid4()} if outcome in {"accepted", "duplicate"} else {"code": "no_document"}) | values,
    )
    session.add(receipt)
    session.flush()
    return receipt


def change(session: Session, receipt: ReceiptRow, *kinds: str, known_at: datetime) -> UUID:
    """Put the record of a receipt into the ledger of somebody, with what became known of it later."""
    subject_id = add_person(session)
    assert receipt.record_id is not None
    for kind in ("reported", *kinds):
        entry = NewEntry(
            kind=kind,
            record_id=receipt.record_id,
            indicator=receipt.indicator or "",
            department=TRAFFIC,
            content={
                "occurred_on": "2026-09-24",
                "ended_on": None,
                "fields": {"amount_fen": 5000},
                "act": None,
                "legal": {},
            },
        )
        append_entry(session, subject_id, entry, now=known_at)
    return subject_id


def quarantine(session: Session, batch: BatchRow, decided_at: datetime | None) -> None:
    """Add a row that went to quarantine, and was refused there or still waits."""
    receipt = add_receipt(session, batch, "quarantined", code="identity_in_doubt", occurred_on="2026-09-24")
    session.add(
        QuarantinedRow(
            subject_id=add_person(session),
            quarantine_id=uuid4(),
            batch_id=batch.batch_id,
            row_no=receipt.row_no,
            part="row",
            department=batch.department,
            indicator=FINE,
            source_key=f"key-{receipt.row_no}",
            code="identity_in_doubt",
            content_sealed=b"sealed",
            received_at=batch.received_at,
            state="open" if decided_at is None else "refused",
            decided_at=decided_at,
            decided_by=None if decided_at is None else "wang",
        )
    )
    session.flush()


MINUTE = timedelta(minutes=1)
