"""Rows and values for tests: each builder makes something valid, and takes what the test is about."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.people.tables import NewSubject, add_subject_unless_known
from backend.records.tables import NewEntry, ReceiptRow, put_department
from backend.storage.database import Database

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
COURT = "court"


def add_person(session: Session, *, index: bytes | None = None) -> UUID:
    """Add a natural person and give the id."""
    subject_id = uuid4()
    subject = NewSubject(
        subject_id=subject_id,
        kind="natural_person",
        identity_index=index or subject_id.bytes,
        identity_key_id="k1",
        identity_sealed=b"sealed",
    )
    return add_subject_unless_known(session, subject, now=NOON).subject_id


def settle(database: Database) -> UUID:
    """Commit a department and a person, and give the person's id."""
    with database.transaction() as session:
        put_department(session, code=COURT, name="Court")
        return add_person(session)


def make_report(**changes: Any) -> NewEntry:  # noqa: ANN401 - whatever the test is about
    """Make the report of one fact by the court, with `changes`."""
    values: dict[str, Any] = {
        "kind": "reported",
        "record_id": uuid4(),
        "indicator": "volunteer_hours",
        "department": COURT,
        "content": {"occurred_on": "2026-02-01", "hours": 12},
    }
    return NewEntry(**(values | changes))


def add_receipt(session: Session, batch_id: UUID, row_no: int, outcome: str, **values: Any) -> None:  # noqa: ANN401 - as above
    """Keep one receipt of a batch."""
    session.add(ReceiptRow(batch_id=batch_id, row_no=row_no, outcome=outcome, **values))
    session.flush()
