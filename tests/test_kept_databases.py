"""What a test leaves in a database, the next one does not find: not a row, and nothing of another schema."""

import psycopg
import pytest
from sqlalchemy import inspect

from tests.backend.builders import settle
from tests.databases import count_rows, migrated_database
from tests.kept_databases import KeptDatabases, describe
from tests.migrations.test_append_only import fill
from tests.servers import libpq_url

# All of these emptying the tables would pass over.
TRACES = {
    "a column": "ALTER TABLE department ADD COLUMN planted TEXT",
    "a column that is gone": "ALTER TABLE receipt DROP COLUMN law",
    "another default": "ALTER TABLE department ALTER COLUMN name SET DEFAULT 'x'",
    "a table": "CREATE TABLE planted (id INTEGER)",
    "a table that is gone": "DROP TABLE access_entry",
    "a sequence": "CREATE SEQUENCE planted",
    "a check that is gone": "ALTER TABLE batch DROP CONSTRAINT ck_batch_counts",
    "an index that is gone": "DROP INDEX uq_enrolment_open",
    "a trigger that is gone": "DROP TRIGGER ledger_entry_append_only ON ledger_entry",
    "a trigger that sleeps": "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
    "a function": "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1', current_database()); END $$",
    "a right": "REVOKE ALL ON department FROM CURRENT_USER",
    "another revision": "UPDATE alembic_version SET version_num = '0000'",
    "no revision": "DELETE FROM alembic_version",
}


def test_rows_are_gone_and_whoever_still_held_them(kept_databases: KeptDatabases) -> None:
    with kept_databases.lend() as first, migrated_database(first) as database:
        fill(database, settle(database))
        lingering = psycopg.connect(libpq_url(first))
        lingering.execute("LOCK TABLE access_entry")
    with pytest.raises(psycopg.OperationalError):
        lingering.execute("SELECT 1")
    lingering.close()
    with kept_databases.lend() as again, migrated_database(again) as database:
        assert again == first
        tables = inspect(database.engine).get_table_names()
        filled = [table for table in tables if count_rows(database, table)]
        assert filled == ["alembic_version"]


def test_a_database_with_another_schema_is_not_lent_again(kept_databases: KeptDatabases) -> None:
    with kept_databases.lend() as first, psycopg.connect(libpq_url(first)) as connection:
        connection.execute("DROP TABLE access_entry")
    with kept_databases.lend() as second, migrated_database(second) as database:
        assert second != first
        assert count_rows(database, "access_entry") == 0
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(libpq_url(first))


def test_whatever_changes_a_database_for_good_is_noticed(postgresql_url: str) -> None:
    with psycopg.connect(libpq_url(postgresql_url)) as connection:
        as_made = describe(connection)
        unnoticed = []
        for what, statement in TRACES.items():
            connection.execute(statement.encode())
            if describe(connection) == as_made:
                unnoticed.append(what)
            connection.rollback()
        assert unnoticed == []
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE department, subject CASCADE")
        assert describe(connection) == as_made


def test_a_sequence_that_went_on_is_noticed(postgresql_url: str) -> None:
    with psycopg.connect(libpq_url(postgresql_url), autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE planted")
        as_made = describe(connection)
        connection.execute("SELECT nextval('planted')")
        assert describe(connection) != as_made
        connection.execute("DROP SEQUENCE planted")
