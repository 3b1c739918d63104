"""A dry run: what would become of the rows of a file, kept beside it and in no receipt, record or figure."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.file_tables import DryReceiptRow, clear_dry_run
from backend.records.ledger import write_content
from backend.records.receipts import Outcome, Receipt, list_values, refuse_row
from backend.records.rows import AnyRow, HandedInRow
from backend.records.screening import Ground
from backend.storage.bulk import insert_rows
from scoring.admission import OWN_GROUND

DRY_COLUMNS = ("file_id", "row_no", "outcome", "code", "law", "detail")
WOULD_BE_QUARANTINED = "would_be_quarantined"
_DIGEST_BYTES = 8


class DryRun:
    """Keeps what a dry run finds.

    A chunk sees nothing of those before it, so what they would have added is remembered here: a hash of each fact, and
    a hash of what was said of it.
    """

    def __init__(self, file_id: UUID) -> None:
        self.rows = 0
        self._file_id = file_id
        self._seen: dict[bytes, bytes] = {}

    def restart(self, session: Session) -> None:
        """Forget what an earlier attempt has kept, and begin at the first row."""
        clear_dry_run(session, self._file_id)

    def keep(self, session: Session, rows: Sequence[tuple[int, AnyRow]], receipts: Sequence[Receipt]) -> None:
        """Keep what would become of the rows of a chunk."""
        by_no = dict(rows)
        found = [self._look_again(by_no[receipt.row_no], receipt) for receipt in receipts]
        # The first six columns of a receipt are those of a dry one.
        values = [list_values(receipt, self._file_id)[: len(DRY_COLUMNS)] for receipt in found]
        insert_rows(session, DryReceiptRow, DRY_COLUMNS, values)
        self.rows += len(rows)

    def _look_again(self, row: AnyRow, receipt: Receipt) -> Receipt:
        if receipt.outcome is Outcome.QUARANTINED:
            return receipt._replace(code=WOULD_BE_QUARANTINED)
        if receipt.outcome is not Outcome.ACCEPTED or not isinstance(row, HandedInRow):
            return receipt
        fact, said = _hash_fact(row), _hash_report(row)
        before = self._seen.setdefault(fact, said)
        if before is said:  # it is the first of its fact
            return receipt
        if before == said:
            return Receipt(receipt.row_no, Outcome.DUPLICATE, code="duplicate")
        return refuse_row(receipt.row_no, Ground(code="source_key_reused", law=OWN_GROUND))


def _hash_fact(row: HandedInRow) -> bytes:
    return _hash(row.id_number.upper(), row.indicator, row.source_key)


def _hash_report(row: HandedInRow) -> bytes:
    return _hash(json.dumps(write_content(row.report), sort_keys=True))


def _hash(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode(), digest_size=_DIGEST_BYTES).digest()
