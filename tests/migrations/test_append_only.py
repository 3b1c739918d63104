from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.access.tables import AccessEntryRow, add_access_entry
from backend.records.tables import (
    BatchRow,
    add_batch,
    append_entry,
)
from backend.storage.database import Database
from tests.backend.builders import COURT, NOON, add_receipt, make_report, settle
from tests.databases import migrated_database, run_sql

CHANGES = {
    "ledger_entry": ("UPDATE ledger_entry SET reason = 'x'", "DELETE FROM ledger_entry"),
    "receipt": ("UPDATE receipt SET law = 'x'", "DELETE FROM receipt"),
    "access_entry": ("UPDATE access_entry SET purpose = 'x'", "DELETE FROM access_entry"),
}
DROP_TRIGGERS = {
    "sqlite": ("DROP TRIGGER {0}_no_update", "DROP TRIGGER {0}_no_delete"),
    "postgresql": ("DROP TRIGGER {0}_append_only ON {0}",),
}


@pytest.fixture
def filled(database_url: str) -> Iterator[Database]:
    """A database with one row in each append-only table."""
    with migrated_database(database_url) as database:
        fill(database, settle(database))
        yield database


def fill(database: Database, subject_id: UUID) -> None:
    batch_id = uuid4()
    with database.transaction() as session:
        append_entry(session, subject_id, make_report(), now=NOON)
        add_batch(
            session,
            BatchRow(batch_id=batch_id, department=COURT, clerk="7", batch_no="1", received_at=NOON),
        )
        add_receipt(session, batch_id, 1, "refused", code="no_basis")
        add_access_entry(
            session,
            AccessEntryRow(
                subject_id=subject_id,
                entry_id=uuid4(),
                asked_at=NOON,
                asker_kind="citizen",
                asker="me",
                purpose="own_view",
                basis="PIPL Art. 45",
                answered={"kind": "score"},
            ),
        )


def find_unguarded(database: Database) -> list[str]:
    """Try every change on every append-only table; give the changes that the database let pass."""
    passed = []
    for changes in CHANGES.values():
        for change in changes:
            try:
                run_sql(database, change)
            except IntegrityError as refusal:
                if "is append-only" in str(refusal):
                    continue
                raise
            passed.append(change)
    return passed


def test_no_row_can_be_changed_or_deleted(filled: Database) -> None:
    assert find_unguarded(filled) == []


@pytest.mark.parametrize("table", CHANGES)
def test_planted_defect_a_missing_trigger_is_noticed(filled: Database, table: str) -> None:
    for statement in DROP_TRIGGERS[filled.dialect_name]:
        run_sql(filled, statement.format(table))
    assert find_unguarded(filled) == list(CHANGES[table])


def test_sqlite_replaces_no_row_on_the_sly(sqlite_url: str) -> None:
    with migrated_database(sqlite_url) as database:
        fill(database, settle(database))
        for table in CHANGES:
            with pytest.raises(IntegrityError, match="is append-only"):
                run_sql(database, "INSERT OR REPLACE INTO this SELECT * FROM this".replace("this", table))


@pytest.mark.parametrize("table", CHANGES)
def test_postgresql_truncates_no_table(postgresql_url: str, table: str) -> None:
    with migrated_database(postgresql_url) as database:
        fill(database, settle(database))
        with pytest.raises(DBAPIError, match="is append-only"):
            run_sql(database, f"TRUNCATE {table} CASCADE")
