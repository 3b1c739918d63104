"""`shangding migrate`: bring the database to the schema that this code needs; and the database as commands see it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from backend.gateways.published_editions import Published, load_published
from backend.records.departments import register_departments
from backend.settings import read_settings
from backend.storage import migrations
from backend.storage.database import Database, StorageUnavailableError


@contextmanager
def opened_database() -> Iterator[Database]:
    """Give the database of the settings to a command, and close its connections at the end."""
    database = Database(read_settings(os.environ).database_url)
    try:
        yield database
    finally:
        database.dispose()


def read_published() -> Published:
    """Read the rules and scenarios of the city of the settings: those that ship and those that it announced."""
    with opened_database() as database, database.reading() as session:
        return load_published(session, read_settings(os.environ).city)


@click.command()
def migrate() -> None:
    """Upgrade the schema and register the catalogue's departments.

    Reads the same SHANGDING_... variables as the service.
    """
    settings = read_settings(os.environ)
    try:
        migrations.upgrade(settings.database_url)
    except DatabaseError as fault:
        address = make_url(settings.database_url).render_as_string(hide_password=True)
        raise StorageUnavailableError(f"the database at {address} cannot be upgraded: {fault.orig}") from fault
    with opened_database() as database:
        with database.transaction() as session:
            for edition in load_published(session, settings.city).rules.editions:
                register_departments(session, edition.catalogue)
        click.echo(f"schema is at {migrations.current_revision(database.engine)}")
