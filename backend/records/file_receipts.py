"""The receipt of a file: the file as it was handed in, with what became of each row, and why, beside it."""

from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile
from uuid import UUID

from backend.gateways.sealing import Sealer
from backend.gateways.sheets.receipt import RowOutcome, write_receipt
from backend.gateways.sheets.sheet import SheetError, SheetKind
from backend.records.file_tables import DryReceiptRow, list_dry_receipts
from backend.records.files import File, copy_content
from backend.records.known_facts import find_quarantines
from backend.records.receipts import Receipt, from_row, list_quarantine_ids
from backend.records.tables import ReceiptRow, list_receipts_behind
from backend.storage.database import Database
from backend.web.messages import Language, get_message

PAGE_ROWS = 2000


def stream_receipt(
    database: Database, file: File, *, titles: frozenset[str], sealer: Sealer, language: Language
) -> Iterator[bytes]:
    """Write the receipt of a file that has ended, piece by piece; `titles` are those its mapping knows.

    What cannot be read as a sheet at all comes back as it was handed in: its one fault stands in the file's state.
    """
    with TemporaryFile() as content:
        copy_content(database, file.file_id, content, sealer=sealer)
        outcomes = list_outcomes(database, file, language)
        try:
            yield from write_receipt(content, SheetKind(file.format), outcomes, titles=titles)
        except SheetError:
            content.seek(0)
            yield from iter(lambda: content.read(PAGE_ROWS), b"")


def list_outcomes(database: Database, file: File, language: Language) -> Iterator[RowOutcome]:
    """Tell what became of each row, in the order of the rows; each page is read in a short transaction of its own."""
    after = 0
    while page := _read_page(database, file, after):
        after = page[-1].row_no
        yield from (_describe(receipt, language) for receipt in page)


def describe_reason(receipt: Receipt, language: Language) -> str:
    """Say in a sentence or more why a row was not taken, and what is to be mended; empty for what was."""
    said = receipt.text if language is Language.CHINESE else None  # the law is quoted in its own language
    if said is None and receipt.code is not None:
        said = get_message(f"receipt.{receipt.code}", language)
    faults = (
        f"{fault.pointer.strip('/')} {get_message(f'validation.{fault.code}', language, **fault.values)}".strip()
        for fault in receipt.faults
    )
    return " ".join(filter(None, (said, *faults)))


def _read_page(database: Database, file: File, after: int) -> list[Receipt]:
    rows: Sequence[ReceiptRow | DryReceiptRow]
    with database.reading() as session:
        if file.dry_run:
            return [_from_dry(row) for row in list_dry_receipts(session, file.file_id, after=after, limit=PAGE_ROWS)]
        rows = list_receipts_behind(session, file.file_id, after=after, limit=PAGE_ROWS)
        quarantines = find_quarantines(session, [each for row in rows for each in list_quarantine_ids(row)])
        return [from_row(row, quarantines) for row in rows]


def _from_dry(row: DryReceiptRow) -> Receipt:
    whole = ReceiptRow(
        batch_id=row.file_id,
        row_no=row.row_no,
        outcome=row.outcome,
        code=row.code,
        law=row.law,
        detail=row.detail,
        record_id=None,
    )
    return from_row(whole, {})


def _describe(receipt: Receipt, language: Language) -> RowOutcome:
    record_id: UUID | str = receipt.record_id or ""
    reasons = [describe_reason(receipt, language)]
    if receipt.representative is not None:
        part = receipt.representative
        told = get_message(f"outcome.{part.outcome}", language)
        reasons.append(f"{get_message('outcome.representative', language)}{told} {describe_reason(part, language)}")
    return RowOutcome(
        receipt.row_no,
        get_message(f"outcome.{receipt.outcome}", language),
        " ".join(filter(None, reasons)).strip(),
        receipt.law or "",
        str(record_id),
    )
