import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text
from sqlalchemy.exc import DBAPIError

from backend.access import tables as access_tables
from backend.benefits import ask_tables, card_tables, probe_tables, verification_tables, visitor_tables
from backend.clients import tables as clients_tables
from backend.disclosures import tables as disclosure_tables
from backend.fulfilment import complaint_tables, proposal_tables
from backend.governance import shadow_tables
from backend.governance import tables as governance_tables
from backend.grants import tables as grant_tables
from backend.merchants import tables as merchants_tables
from backend.merchants import webhook_tables
from backend.partners import message_tables
from backend.partners import tables as partner_tables
from backend.people import session_tables
from backend.people import tables as people_tables
from backend.records import file_tables, quarantine_tables
from backend.records import tables as records_tables
from backend.reports import figure_tables
from backend.reports import tables as reports_tables
from backend.sandbox import tables as sandbox_tables
from backend.scores import tables as scores_tables
from backend.statements import tables as statement_tables
from backend.storage import editions, idempotency, jobs, moved_clock, revocations
from backend.storage.database import Database
from backend.storage.migrations import (
    FOLDER,
    current_revision,
    downgrade,
    head_revision,
    make_config,
    upgrade,
)
from backend.storage.tables import Row
from backend.visits import ask_tables as visit_ask_tables
from backend.visits import tables as visit_tables
from tests.databases import migrated_database, run_sql

MAPPED = (
    access_tables,
    clients_tables,
    people_tables,
    session_tables,
    records_tables,
    file_tables,
    quarantine_tables,
    reports_tables,
    figure_tables,
    scores_tables,
    merchants_tables,
    webhook_tables,
    grant_tables,
    verification_tables,
    ask_tables,
    card_tables,
    statement_tables,
    probe_tables,
    sandbox_tables,
    moved_clock,
    proposal_tables,
    complaint_tables,
    partner_tables,
    message_tables,
    disclosure_tables,
    visitor_tables,
    visit_ask_tables,
    visit_tables,
    governance_tables,
    shadow_tables,
    editions,
    idempotency,
    jobs,
    revocations,
)
NUMBERED = re.compile(r"(?P<number>[0-9]{4})_[a-z0-9_]+\.py")


def find_drift(database: Database) -> list[Any]:
    """What the schema of the database lacks or has beyond the mapped rows; names of checks included."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        drift: list[Any] = list(compare_metadata(context, Row.metadata))
        inspector = inspect(connection)
        name_of = database.engine.dialect.identifier_preparer.format_constraint
        for name, table in Row.metadata.tables.items():
            checks = [item for item in table.constraints if isinstance(item, CheckConstraint)]
            found = {check["name"] for check in inspector.get_check_constraints(name)}
            drift += [(name, check) for check in {name_of(check) for check in checks} ^ found]
    return drift


def list_tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_down_up(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    assert current_revision(database.engine) is None
    upgrade(empty_database_url)
    assert current_revision(database.engine) == head_revision()
    assert list_tables(database) == set(Row.metadata.tables)
    downgrade(empty_database_url, "base")
    assert current_revision(database.engine) is None
    assert list_tables(database) == set()
    for _ in ("up", "up again, which changes nothing"):
        upgrade(empty_database_url)
        assert current_revision(database.engine) == head_revision()
        assert find_drift(database) == []
    database.dispose()


def test_two_processes_that_migrate_at_once_both_succeed(empty_database_url: str) -> None:
    program = "import sys; from backend.storage.migrations import upgrade; upgrade(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", program, empty_database_url]
    processes = [subprocess.Popen(command, cwd=FOLDER.parent) for _ in range(2)]  # noqa: S603 - our own program
    assert [process.wait(60) for process in processes] == [0, 0]
    database = Database(empty_database_url)
    assert find_drift(database) == []
    database.dispose()


def test_the_revision_is_read_while_somebody_writes(database_url: str) -> None:
    with migrated_database(database_url) as database, database.transaction() as session:
        session.execute(text("INSERT INTO department VALUES ('court', 'Court')"))
        assert current_revision(database.engine) == head_revision()


def test_nothing_of_ours_is_left_in_postgresql_after_going_down(empty_postgresql_url: str) -> None:
    upgrade(empty_postgresql_url)
    downgrade(empty_postgresql_url, "base")
    database = Database(empty_postgresql_url)
    with database.reading() as session:
        functions = session.scalars(text("SELECT proname FROM pg_proc WHERE proname LIKE 'refuse%'")).all()
    assert functions == []
    database.dispose()


@pytest.mark.parametrize(
    "planted",
    [
        "ALTER TABLE department ADD COLUMN planted TEXT",
        "DROP INDEX ix_ledger_entry_record_id",
        "DROP INDEX uq_enrolment_open",
        "CREATE TABLE planted (id INTEGER)",
        "ALTER TABLE receipt DROP COLUMN law",
    ],
)
def test_planted_drift_is_found(database_url: str, planted: str) -> None:
    with migrated_database(database_url) as database:
        assert find_drift(database) == []
        run_sql(database, planted)
        assert find_drift(database) != []


def test_planted_drift_of_a_check_is_found(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        run_sql(database, "ALTER TABLE batch DROP CONSTRAINT ck_batch_counts")
        assert find_drift(database) == [("batch", "ck_batch_counts")]


def test_planted_drift_of_a_type_is_found(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        run_sql(database, "ALTER TABLE stored_score ALTER COLUMN points TYPE TEXT")
        assert len(find_drift(database)) == 1


def list_misnamed(names: list[str]) -> list[str]:
    """File names that are not numbered one after the other from 0001."""
    matches = [NUMBERED.fullmatch(name) for name in sorted(names)]
    return [
        name
        for position, (name, match) in enumerate(zip(sorted(names), matches, strict=True), start=1)
        if match is None or int(match["number"]) != position
    ]


def test_files_are_numbered_without_gap_like_their_revisions() -> None:
    names = [path.name for path in (FOLDER / "versions").glob("*.py")]
    assert list_misnamed(names) == []
    revisions = {script.revision for script in ScriptDirectory.from_config(make_config()).walk_revisions()}
    assert revisions == {name[:4] for name in names}
    assert list_misnamed([*names, "a1b2_random.py"]) == ["a1b2_random.py"]
    assert list_misnamed([*names, "0099_gap.py"]) == ["0099_gap.py"]


def test_there_is_one_head_and_it_is_the_last_file() -> None:
    heads = ScriptDirectory.from_config(make_config()).get_heads()
    assert heads == [head_revision()]
    assert head_revision() == max(path.name[:4] for path in (FOLDER / "versions").glob("*.py"))


def test_the_working_directory_does_not_matter(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with migrated_database(sqlite_url) as database:
        assert current_revision(database.engine) == head_revision()


def test_a_database_name_may_hold_a_percent_sign(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/100%.sqlite"
    with migrated_database(url) as database:
        assert current_revision(database.engine) == head_revision()


def test_a_migration_waits_for_no_lock_for_long(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database, database.transaction() as session:
        for table in Row.metadata.sorted_tables:  # the last migration changes one of them, so the first step must wait
            session.execute(table.select().limit(0))
        with pytest.raises(DBAPIError, match="lock timeout"):
            downgrade(postgresql_url, "base")
    database = Database(postgresql_url)
    assert find_drift(database) == []
    database.dispose()


def test_migrations_import_nothing_of_the_application() -> None:
    for path in (FOLDER / "versions").glob("*.py"):
        assert not re.search(r"^\s*(from|import) (backend|scoring)", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_all_mapped_modules_are_known_here() -> None:
    found = {mapper.class_.__module__ for mapper in Row.registry.mappers}
    assert found == {module.__name__ for module in MAPPED}
