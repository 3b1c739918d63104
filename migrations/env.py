"""How a migration meets a database: one process at a time, and never waiting long for a lock.

On PostgreSQL each migration is a transaction of its own, on SQLite all that are due are one together.

The URL comes from `backend.storage.migrations`, from `-x url=...`, or from SHANGDING_DATABASE_URL.
"""

import os
import sqlite3
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

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
from backend.settings import read_database_url
from backend.statements import tables as statement_tables
from backend.storage import editions, idempotency, jobs, moved_clock, revocations
from backend.storage.tables import Row
from backend.storage.types import Day, Json, Moment
from backend.visits import ask_tables as visit_ask_tables
from backend.visits import tables as visit_tables

# Importing a module of tables is what makes its rows part of the metadata.
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
LOCK_NUMBER = 0x5A4853  # any number, the same for every process that migrates this schema
WAIT_SECONDS = 60


def find_url() -> str:
    """Find the URL of the database to migrate."""
    given = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
    return str(given) if given else read_database_url(os.environ)


def make_engine(url: str) -> Engine:
    """Make an engine for migrations: on SQLite foreign keys are off, because tables are rebuilt by copying."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    return engine


def prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Keep the driver from ending transactions before schema changes."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys = OFF")


def begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start, so that a second process waits."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def take_turn(connection: Connection) -> None:
    """Wait until no other process migrates; then let no statement hold up the calls that are served."""
    if connection.dialect.name != "postgresql":
        return
    with connection.begin():
        connection.exec_driver_sql(f"SET lock_timeout = '{WAIT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_NUMBER})")
        connection.exec_driver_sql("SET lock_timeout = '1s'")
        connection.exec_driver_sql(f"SET statement_timeout = '{WAIT_SECONDS}s'")


def check_references(ctx: MigrationContext, *_: object, **__: object) -> None:
    """Undo a migration of SQLite that leaves a row without the row it refers to."""
    connection = ctx.connection
    if connection is None or connection.dialect.name != "sqlite":
        return
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if orphans:
        raise ValueError(f"after the migration rows refer to rows that are not there: {orphans}")


def render_type(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Write our column types into a new migration as SQLAlchemy's own: a migration imports nothing of ours."""
    if kind != "type":
        return False
    if isinstance(item, Json):
        return 'sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")'
    return f"sa.{item.impl!r}" if isinstance(item, Moment | Day) else False


def run_online() -> None:
    """Migrate a database."""
    engine = make_engine(find_url())
    with engine.connect() as connection:
        take_turn(connection)
        context.configure(
            connection=connection,
            target_metadata=Row.metadata,
            compare_type=True,
            render_as_batch=True,
            render_item=render_type,
            transactional_ddl=True,
            # SQLite has no lock but that of a transaction: with one for each, two processes would do the same step.
            transaction_per_migration=connection.dialect.name != "sqlite",
            on_version_apply=check_references,
        )
        with context.begin_transaction():
            context.run_migrations()


def run_offline() -> None:
    """Write the SQL of the migrations instead of running it, for somebody else to read and run."""
    context.configure(url=find_url(), target_metadata=Row.metadata, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
