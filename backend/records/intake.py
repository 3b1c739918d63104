"""Taking rows in: a chunk of up to some thousands in a number of statements that does not grow with it.

Rows are decided one after the other, as if each had been settled before the next was looked at; only the reading and
the writing are done for all at once. A transaction takes in one chunk: it adds and then holds everybody the chunk is
about (`held_subjects`), and a second chunk in it could meet another transaction in a circle.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.people.held_subjects import Introduction, Register
from backend.records.known_facts import FactKey, find_facts, find_latest_moments, find_waiting
from backend.records.quarantine_tables import QuarantinedRow
from backend.records.receipts import RECEIPT_COLUMNS, Outcome, Receipt, list_values
from backend.records.representatives import add_representative
from backend.records.rows import AnyRow, Desk, ScreenedRow, describe_row, screen_row
from backend.records.settlement import ENTRY_COLUMNS, QUARANTINE_COLUMNS, Settlement
from backend.records.tables import BatchRow, LedgerEntryRow, ReceiptRow
from backend.storage.bulk import insert_rows


def settle_rows(
    session: Session, rows: Sequence[tuple[int, AnyRow]], desk: Desk, *, dry_run: bool = False
) -> list[Receipt]:
    """Settle rows under the numbers they have, keep their receipts with the batch of the desk, and count them there.

    The batch must be there. A dry run decides the same and writes nothing: its records have no ids, and it does not see
    what another chunk of the same file would have added.
    """
    decided = [_screen(row_no, row, desk) for row_no, row in rows]
    screened = [each for each in decided if isinstance(each, ScreenedRow)]
    register = Register(session, desk.pseudonyms, desk.sealer, desk.now, is_dry=dry_run)
    settlement = prepare_settlement(register, screened, desk)
    receipts = [each if isinstance(each, Receipt) else _settle(settlement, each) for each in decided]
    if dry_run:
        return [_without_ids(receipt, settlement) for receipt in receipts]
    write_receipts(session, receipts, desk)
    write_settlement(register, settlement)
    return receipts


def prepare_settlement(
    register: Register, screened: Sequence[ScreenedRow], desk: Desk, *, vouched: frozenset[str] = frozenset()
) -> Settlement:
    """Hold everybody these rows are about, and read what is known of what they say."""
    session, parts = register.session, [part for each in screened for part in _list_parts(each)]
    introductions: dict[str, Introduction] = {}
    for part in parts:
        introductions.setdefault(part.identity_number, Introduction(part.row.subject_kind, part.row.name))
    held = register.hold(introductions)
    known = {each.subject_id: each for each in held.values() if each.is_known}
    keys = {
        FactKey(subject.subject_id, part.row.indicator, part.row.source_key)
        for part in parts
        if (subject := held[part.identity_number]).facts_version > 0
    }
    return Settlement(
        desk=desk,
        held=held,
        facts=find_facts(session, desk.department, list(keys)),
        waiting=find_waiting(session, desk.department, list(known)),
        latest=find_latest_moments(session, {each: subject.facts_version for each, subject in known.items()}),
        vouched=vouched,
    )


def write_receipts(session: Session, receipts: Sequence[Receipt], desk: Desk) -> None:
    """Keep the receipts of a batch, and count them in it."""
    insert_rows(session, ReceiptRow, RECEIPT_COLUMNS, [list_values(receipt, desk.batch_id) for receipt in receipts])
    counts = Counter(receipt.outcome for receipt in receipts)
    session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == desk.batch_id)
        .values(
            accepted=BatchRow.accepted + counts[Outcome.ACCEPTED],
            duplicate=BatchRow.duplicate + counts[Outcome.DUPLICATE],
            refused=BatchRow.refused + counts[Outcome.REFUSED],
            quarantined=BatchRow.quarantined + counts[Outcome.QUARANTINED],
        )
        .execution_options(synchronize_session=False)
    )


def write_settlement(register: Register, settlement: Settlement) -> None:
    """Write what was decided: entries, rows in quarantine, facts versions and names."""
    session = register.session
    insert_rows(session, LedgerEntryRow, ENTRY_COLUMNS, settlement.entries)
    insert_rows(session, QuarantinedRow, QUARANTINE_COLUMNS, settlement.quarantined)
    register.raise_facts_versions(settlement.versions)
    register.put_names([subject for subject in settlement.held.values() if subject.new_name is not None])
    # Whoever was added for the sake of a row that was then not taken is as unknown as before.
    register.forget([subject.subject_id for subject in settlement.held.values() if not subject.is_asked_for])


def _screen(row_no: int, row: AnyRow, desk: Desk) -> ScreenedRow | Receipt:
    screened = screen_row(row_no, row, desk)
    return screened if isinstance(screened, Receipt) else add_representative(screened, desk)


def _settle(settlement: Settlement, screened: ScreenedRow) -> Receipt:
    return describe_row(settlement.settle_whole(screened), screened.row, settlement.desk.catalogue)


def _list_parts(screened: ScreenedRow) -> Iterator[ScreenedRow]:
    yield screened
    if isinstance(screened.representative, ScreenedRow):
        yield screened.representative


def _without_ids(receipt: Receipt, settlement: Settlement) -> Receipt:
    """Take out of a receipt the ids of what a dry run only imagined."""
    made = settlement.imagined
    part = receipt.representative
    return receipt._replace(
        record_id=None if receipt.record_id in made else receipt.record_id,
        quarantine=None if receipt.quarantine and receipt.quarantine.quarantine_id in made else receipt.quarantine,
        representative=None if part is None else _without_ids(part, settlement),
    )
