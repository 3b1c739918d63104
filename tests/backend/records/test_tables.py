from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.records.tables import (
    BatchRow,
    LedgerEntryRow,
    add_batch,
    append_entry,
    find_batch,
    find_batch_by_number,
    find_department,
    list_entries,
    list_entries_of_record,
    list_receipts_behind,
    put_department,
    read_facts_version,
)
from backend.storage.database import Database
from tests.backend.builders import COURT, NOON, add_person, add_receipt, make_report, settle
from tests.backend.records.row_by_row import AlreadyReported, append_report

SECOND = timedelta(seconds=1)


def make_batch(batch_no: str = "2026-1") -> BatchRow:
    return BatchRow(batch_id=uuid4(), department=COURT, clerk="7", batch_no=batch_no, received_at=NOON)


def append(session: Session, subject_id: UUID, late: timedelta = timedelta(), **changes: object) -> LedgerEntryRow:
    return append_entry(session, subject_id, make_report(**changes), now=NOON + late)


def test_entries_are_numbered_and_raise_the_facts_version(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        record_id = append(session, subject_id).record_id
        append(session, subject_id, kind="withdrawn", record_id=record_id, reason="error", content={})
    with database.reading() as session:
        entries = list_entries(session, subject_id)
        assert [(entry.ledger_no, entry.kind) for entry in entries] == [(1, "reported"), (2, "withdrawn")]
        assert read_facts_version(session, subject_id) == 2
        assert [entry.ledger_no for entry in list_entries_of_record(session, record_id)] == [1, 2]
        assert entries[0].content == {"occurred_on": "2026-02-01", "hours": 12}
        assert list_entries_of_record(session, uuid4()) == []
        assert read_facts_version(session, uuid4()) is None


def test_the_ledger_is_read_as_it_was_known(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        append(session, subject_id)
        append(session, subject_id, SECOND)
    with database.reading() as session:
        assert len(list_entries(session, subject_id, known_at=NOON)) == 1
        assert len(list_entries(session, subject_id, known_at=NOON - SECOND)) == 0
        assert len(list_entries(session, subject_id, known_at=NOON + SECOND)) == 2


def test_known_at_never_goes_back_though_the_clock_does(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        append(session, subject_id, SECOND)
        assert append(session, subject_id).known_at == NOON + SECOND
        assert append(session, add_person(session)).known_at == NOON


def test_many_entries_at_once_have_no_gap(database: Database) -> None:
    subject_id = settle(database)

    def report(number: int) -> int:
        with database.transaction() as session:
            return append(session, subject_id, SECOND * (number % 3)).ledger_no

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(report, range(24))) == list(range(1, 25))
    with database.reading() as session:
        entries = list_entries(session, subject_id)
        assert [entry.known_at for entry in entries] == sorted(entry.known_at for entry in entries)
        assert read_facts_version(session, subject_id) == 24


def test_a_fact_reported_twice_is_known_and_raises_nothing(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        record_id = append(session, subject_id, source_key="case-9").record_id
        again = append_report(session, subject_id, make_report(source_key="case-9"), now=NOON)
        assert again == AlreadyReported(record_id)
        append(session, subject_id, source_key="case-9", indicator="blood_donation")
        append(session, add_person(session), source_key="case-9")
        assert read_facts_version(session, subject_id) == 2


def test_a_fact_reported_by_many_at_once_is_one_record(database: Database) -> None:
    subject_id = settle(database)

    def report(_: int) -> UUID:
        with database.transaction() as session:
            return append_report(session, subject_id, make_report(source_key="case-9"), now=NOON).record_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(report, range(16)))) == 1
    with database.reading() as session:
        assert read_facts_version(session, subject_id) == 1


def test_reports_without_a_source_key_do_not_meet(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        append(session, subject_id)
        append(session, subject_id)
        assert read_facts_version(session, subject_id) == 2


@pytest.mark.parametrize(
    "changes",
    [{"kind": "erased"}, {"kind": "withdrawn", "source_key": "case-9"}, {"department": "nobody"}],
)
def test_the_database_refuses_what_no_entry_can_be(database: Database, changes: dict[str, Any]) -> None:
    subject_id = settle(database)
    with pytest.raises(IntegrityError), database.transaction() as session:
        append(session, subject_id, **changes)
    with database.reading() as session:
        assert read_facts_version(session, subject_id) == 0


def test_a_record_is_reported_once(database: Database) -> None:
    subject_id, record_id = settle(database), uuid4()
    with database.transaction() as session:
        append(session, subject_id, record_id=record_id)
    with pytest.raises(IntegrityError), database.transaction() as session:
        append(session, subject_id, record_id=record_id)


def test_an_unknown_subject_has_no_ledger(database: Database) -> None:
    settle(database)
    for append_what in (append_entry, append_report):
        with pytest.raises(LookupError), database.transaction() as session:
            append_what(session, uuid4(), make_report(source_key="case-9"), now=NOON)


def test_a_batch_number_is_used_once_per_department(database: Database) -> None:
    settle(database)
    with database.transaction() as session:
        batch = make_batch()
        assert add_batch(session, batch)
        assert not add_batch(session, make_batch())
        assert add_batch(session, make_batch("2026-2"))
        found = find_batch_by_number(session, COURT, "2026-1")
        assert found is not None
        assert found is find_batch(session, batch.batch_id)
        assert find_batch_by_number(session, "police", "2026-1") is None


def test_receipts_are_listed_in_the_order_of_their_rows(database: Database) -> None:
    settle(database)
    batch = make_batch()
    with database.transaction() as session:
        add_batch(session, batch)
        for row_no in (3, 1, 2):
            add_receipt(session, batch.batch_id, row_no, "duplicate", indicator="A-1", occurred_on=NOON.date())
    with database.reading() as session:
        receipts = list_receipts_behind(session, batch.batch_id, after=0, limit=10)
        assert [receipt.row_no for receipt in receipts] == [1, 2, 3]
        assert {(receipt.indicator, receipt.occurred_on) for receipt in receipts} == {("A-1", NOON.date())}


@pytest.mark.parametrize("outcome", ["accepted", "refused", "quarantined"])
def test_a_receipt_without_its_reason_is_refused(database: Database, outcome: str) -> None:
    settle(database)
    batch = make_batch()
    with database.transaction() as session:
        add_batch(session, batch)
    with pytest.raises(IntegrityError), database.transaction() as session:
        add_receipt(session, batch.batch_id, 1, outcome)


def test_a_department_can_be_renamed(database: Database) -> None:
    with database.transaction() as session:
        put_department(session, code=COURT, name="Court")
        put_department(session, code=COURT, name="People's Court")
        found = find_department(session, COURT)
        assert found is not None
        assert found.name == "People's Court"
        assert find_department(session, "police") is None
