"""What became of each row that a department handed in, and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from backend.records.screening import Ground
from backend.records.tables import ReceiptRow
from backend.web.problems import Fault, Place


class Outcome(StrEnum):
    """What can become of a row."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of row `row_no` (from 1). `record_id` is the record it is, or was before; no personal data."""

    row_no: int
    outcome: Outcome
    record_id: UUID | None = None
    code: str | None = None
    law: str | None = None
    text: str | None = None
    faults: tuple[Fault, ...] = ()


def refuse_row(row_no: int, ground: Ground) -> Receipt:
    """Make the receipt of a row that is refused."""
    return Receipt(
        row_no=row_no,
        outcome=Outcome.REFUSED,
        code=ground.code,
        law=ground.law,
        text=ground.text,
        faults=ground.faults,
    )


def to_row(receipt: Receipt, batch_id: UUID) -> ReceiptRow:
    """Make the row in which a receipt is kept."""
    faults = [{"pointer": fault.pointer, "code": fault.code, "values": dict(fault.values)} for fault in receipt.faults]
    detail: dict[str, Any] = {"text": receipt.text, "faults": faults}
    return ReceiptRow(
        batch_id=batch_id,
        row_no=receipt.row_no,
        outcome=receipt.outcome.value,
        code=receipt.code,
        law=receipt.law,
        detail=detail if receipt.text or faults else None,
        record_id=receipt.record_id,
    )


def from_row(row: ReceiptRow) -> Receipt:
    """Make the receipt that `to_row` wrote."""
    detail = row.detail or {"text": None, "faults": []}
    return Receipt(
        row_no=row.row_no,
        outcome=Outcome(row.outcome),
        record_id=row.record_id,
        code=row.code,
        law=row.law,
        text=detail["text"],
        faults=tuple(Fault(place=Place.BODY, **fault) for fault in detail["faults"]),
    )
