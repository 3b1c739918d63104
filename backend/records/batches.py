"""Handing in a batch: each row becomes a record or is refused by itself, and all receipts are kept with the batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.receipts import Outcome, Receipt, from_row, to_row
from backend.records.rows import AnyRow, Desk, screen_row, settle_row
from backend.records.tables import (
    BatchRow,
    add_batch,
    add_receipts,
    find_batch,
    find_batch_by_number,
    find_department,
    list_receipts,
)
from backend.web.problems import ProblemCode, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch that was handed in, its counts, and its receipts in the order of its rows."""

    batch_id: UUID
    batch_no: str
    clerk: str
    received_at: datetime
    accepted: int
    duplicate: int
    refused: int
    receipts: tuple[Receipt, ...]


def take_batch(session: Session, batch_no: str, rows: Sequence[AnyRow], desk: Desk) -> Batch | Refusal:
    """Take a batch in, row by row, and keep a receipt of each.

    Refuses a department that is not registered and a batch number that it used before. People are taken in the
    order of their identity numbers: two batches about the same people then wait for each other and never in a circle.
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
    decided = [screen_row(row_no, row, desk) for row_no, row in enumerate(rows, start=1)]
    screened = [row for row in decided if not isinstance(row, Receipt)]
    screened.sort(key=lambda row: (row.identity_number, row.row_no))
    receipts = [receipt for receipt in decided if isinstance(receipt, Receipt)]
    receipts += [settle_row(session, row, desk) for row in screened]
    receipts.sort(key=lambda receipt: receipt.row_no)
    add_receipts(session, desk.batch_id, [to_row(receipt, desk.batch_id) for receipt in receipts])
    return _make_batch(kept, receipts)


def read_batch(session: Session, batch_id: UUID, *, department: str) -> Batch | Refusal:
    """Read a batch again; another department's is not found."""
    row = find_batch(session, batch_id)
    if row is None or row.department != department:
        return Refusal(ProblemCode.BATCH_NOT_FOUND)
    return _make_batch(row, [from_row(receipt) for receipt in list_receipts(session, batch_id)])


def _refuse_number(session: Session, department: str, batch_no: str) -> Refusal:
    earlier = find_batch_by_number(session, department, batch_no)
    if earlier is None:
        raise LookupError("a batch number was taken by a batch that cannot be found")
    return Refusal(ProblemCode.BATCH_NO_REUSED, {"batch_id": earlier.batch_id})


def _make_batch(row: BatchRow, receipts: Sequence[Receipt]) -> Batch:
    outcomes = [receipt.outcome for receipt in receipts]
    return Batch(
        batch_id=row.batch_id,
        batch_no=row.batch_no,
        clerk=row.clerk,
        received_at=row.received_at,
        accepted=outcomes.count(Outcome.ACCEPTED),
        duplicate=outcomes.count(Outcome.DUPLICATE),
        refused=outcomes.count(Outcome.REFUSED),
        receipts=tuple(receipts),
    )
