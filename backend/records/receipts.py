"""What became of each row that a department handed in, and why."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from backend.records.screening import Ground
from backend.records.tables import ReceiptRow
from backend.web.problems import Fault, Place


class Outcome(StrEnum):
    """What can become of a row."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


class Quarantine(NamedTuple):
    """Where a row waits for an operator, and what became of it: `open`, `released` (a record then) or `refused`."""

    quarantine_id: UUID
    state: str = "open"
    decided_at: datetime | None = None
    record_id: UUID | None = None


class Receipt(NamedTuple):
    """What became of row `row_no` (from 1). `record_id` is the record it is, or was before; no personal data.

    `representative` tells the same of what the row says about the legal representative. The last three are for figures
    of quality: an indicator of the catalogue, the day of the act, the number of items given.
    """

    row_no: int
    outcome: Outcome
    record_id: UUID | None = None
    code: str | None = None
    law: str | None = None
    text: str | None = None
    faults: tuple[Fault, ...] = ()
    quarantine: Quarantine | None = None
    representative: "Receipt | None" = None
    indicator: str | None = None
    occurred_on: date | None = None
    items_given: int | None = None


RECEIPT_COLUMNS = (
    "batch_id",
    "row_no",
    "outcome",
    "code",
    "law",
    "detail",
    "record_id",
    "indicator",
    "occurred_on",
    "items_given",
)


def refuse_row(row_no: int, ground: Ground) -> Receipt:
    """Make the receipt of a row that is refused."""
    return Receipt(row_no, Outcome.REFUSED, None, ground.code, ground.law, ground.text, ground.faults)


def list_values(receipt: Receipt, batch_id: UUID) -> tuple[object, ...]:
    """List what is kept of a receipt, in the order of `RECEIPT_COLUMNS`."""
    return (
        batch_id,
        receipt.row_no,
        receipt.outcome.value,
        receipt.code,
        receipt.law,
        _write_detail(receipt),
        receipt.record_id,
        receipt.indicator,
        receipt.occurred_on,
        receipt.items_given,
    )


def from_row(row: ReceiptRow, quarantines: Mapping[UUID, Quarantine]) -> Receipt:
    """Make the receipt of a kept row; `quarantines` has, by id, those that `list_quarantine_ids` found in it."""
    detail = row.detail or {}
    representative = detail.get("representative")
    return Receipt(
        row_no=row.row_no,
        outcome=Outcome(row.outcome),
        record_id=row.record_id,
        code=row.code,
        law=row.law,
        text=detail.get("text"),
        faults=_read_faults(detail),
        quarantine=_read_quarantine(detail, quarantines),
        representative=None if representative is None else _read_part(row.row_no, representative, quarantines),
        indicator=row.indicator,
        occurred_on=row.occurred_on,
        items_given=row.items_given,
    )


def list_quarantine_ids(row: ReceiptRow) -> list[UUID]:
    """List the rows in quarantine that a kept receipt tells of."""
    detail = row.detail or {}
    parts = (detail, detail.get("representative") or {})
    return [UUID(part["quarantine_id"]) for part in parts if part.get("quarantine_id") is not None]


def _write_detail(receipt: Receipt) -> dict[str, Any] | None:
    if receipt.text is None and not receipt.faults and receipt.quarantine is None and receipt.representative is None:
        return None
    part = receipt.representative
    return _write_part(receipt) | ({} if part is None else {"representative": _write_whole_part(part)})


def _write_part(receipt: Receipt) -> dict[str, Any]:
    return {
        "text": receipt.text,
        "faults": [
            {"pointer": fault.pointer, "code": fault.code, "values": dict(fault.values)} for fault in receipt.faults
        ],
        "quarantine_id": None if receipt.quarantine is None else str(receipt.quarantine.quarantine_id),
    }


def _write_whole_part(part: Receipt) -> dict[str, Any]:
    return _write_part(part) | {
        "outcome": part.outcome.value,
        "record_id": None if part.record_id is None else str(part.record_id),
        "code": part.code,
        "law": part.law,
    }


def _read_part(row_no: int, part: Mapping[str, Any], quarantines: Mapping[UUID, Quarantine]) -> Receipt:
    return Receipt(
        row_no=row_no,
        outcome=Outcome(part["outcome"]),
        record_id=None if part["record_id"] is None else UUID(part["record_id"]),
        code=part["code"],
        law=part["law"],
        text=part["text"],
        faults=_read_faults(part),
        quarantine=_read_quarantine(part, quarantines),
    )


def _read_faults(part: Mapping[str, Any]) -> tuple[Fault, ...]:
    return tuple(Fault(place=Place.BODY, **fault) for fault in part.get("faults", ()))


def _read_quarantine(part: Mapping[str, Any], quarantines: Mapping[UUID, Quarantine]) -> Quarantine | None:
    quarantine_id = part.get("quarantine_id")
    return None if quarantine_id is None else quarantines[UUID(quarantine_id)]
