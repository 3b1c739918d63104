"""`shangding migrate`: bring the database to the schema that this code needs."""

import os

import click

from backend.gateways.rulebook_files import read_city
from backend.records.departments import register_departments
from backend.settings import read_settings
from backend.storage import migrations
from backend.storage.database import Database


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help="Revision to upgrade to.")
def migrate(revision: str) -> None:
    """Upgrade the schema and register the catalogue's departments.

    Reads the same SHANGDING_... variables as the service.
    """
    settings = read_settings(os.environ)
    migrations.upgrade(settings.database_url, revision)
    database = Database(settings.database_url)
    with database.transaction() as session:
        for edition in read_city(settings.city).editions:
            register_departments(session, edition.catalogue)
    click.echo(f"schema is at {migrations.current_revision(database.engine)}")
    database.dispose()
