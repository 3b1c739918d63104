"""Handing in a batch: each row becomes a record or is refused by itself, and all receipts are kept with the batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.intake import settle_rows
from backend.records.known_facts import find_quarantines
from backend.records.receipts import Receipt, from_row, list_quarantine_ids
from backend.records.rows import AnyRow, Desk
from backend.records.tables import (
    BatchRow,
    add_batch,
    find_batch,
    find_batch_by_number,
    find_department,
    list_receipts_behind,
)
from backend.web.problems import ProblemCode, Refusal

# The department's own number of a batch or a file.
BATCH_NO = r"[A-Za-z0-9][A-Za-z0-9._-]*"
LONGEST_NO = 40
MAX_ROWS = 500  # of a batch, and of the receipts that come with one


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch that was handed in, its counts, and its first receipts (all, unless it was a file) in order of rows."""

    batch_id: UUID
    batch_no: str
    clerk: str
    received_at: datetime
    accepted: int
    duplicate: int
    refused: int
    quarantined: int
    receipts: tuple[Receipt, ...]


def take_batch(session: Session, batch_no: str, rows: Sequence[AnyRow], desk: Desk) -> Batch | Refusal:
    """Take a batch in as one chunk, and keep a receipt of each row.

    Refuses a department that is not registered and a batch number that it used before.
    """
    if find_department(session, desk.department) is None:
        return Refusal(ProblemCode.DEPARTMENT_REFUSED)
    kept = BatchRow(
        batch_id=desk.batch_id,
        department=desk.department,
        clerk=desk.clerk,
        batch_no=batch_no,
        received_at=desk.now,
    )
    if not add_batch(session, kept):
        return _refuse_number(session, desk.department, batch_no)
    receipts = settle_rows(session, list(enumerate(rows, start=1)), desk)
    session.refresh(taken := session.get_one(BatchRow, desk.batch_id))
    return _make_batch(taken, receipts)


def read_batch(session: Session, batch_id: UUID, *, department: str) -> Batch | Refusal:
    """Read a batch again, with what has become of its rows in quarantine; another department's is not found."""
    row = find_batch(session, batch_id)
    if row is None or row.department != department:
        return Refusal(ProblemCode.BATCH_NOT_FOUND)
    return _make_batch(row, read_receipts(session, batch_id, after=0, limit=MAX_ROWS))


def read_own_receipts(
    session: Session, batch_id: UUID, *, department: str, after: int, limit: int
) -> list[Receipt] | Refusal:
    """Read the receipts of a batch of one's own in the order of its rows, beginning behind row `after`."""
    row = find_batch(session, batch_id)
    if row is None or row.department != department:
        return Refusal(ProblemCode.BATCH_NOT_FOUND)
    return read_receipts(session, batch_id, after=after, limit=limit)


def read_receipts(session: Session, batch_id: UUID, *, after: int, limit: int) -> list[Receipt]:
    """Read receipts with what has become of rows in quarantine."""
    rows = list_receipts_behind(session, batch_id, after=after, limit=limit)
    quarantines = find_quarantines(session, [each for row in rows for each in list_quarantine_ids(row)])
    return [from_row(row, quarantines) for row in rows]


def _refuse_number(session: Session, department: str, batch_no: str) -> Refusal:
    earlier = find_batch_by_number(session, department, batch_no)
    if earlier is None:
        raise LookupError("a batch number was taken by a batch that cannot be found")
    return Refusal(ProblemCode.BATCH_NO_REUSED, {"batch_id": earlier.batch_id})


def _make_batch(row: BatchRow, receipts: Sequence[Receipt]) -> Batch:
    return Batch(
        batch_id=row.batch_id,
        batch_no=row.batch_no,
        clerk=row.clerk,
        received_at=row.received_at,
        accepted=row.accepted,
        duplicate=row.duplicate,
        refused=row.refused,
        quarantined=row.quarantined,
        receipts=tuple(receipts),
    )
