"""The schema's revisions: bring a database to one, tell which one it has, tell which one this code needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
FILE_TEMPLATE = "%%(rev)s_%%(slug)s"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`; all at once on SQLite, else each in its own transaction."""
    command.upgrade(make_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` (`base`: to nothing). Data in dropped tables is lost."""
    command.downgrade(make_config(url), revision)


def current_revision(engine: Engine) -> str | None:
    """Read which revision a database has; None when it has no schema of ours yet."""
    # As a reading, it waits on SQLite for no writer.
    with engine.execution_options(reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """Give the revision that this code needs; raises ValueError unless there is exactly one head."""
    (head,) = ScriptDirectory.from_config(make_config()).get_heads()
    return head


def make_config(url: str | None = None) -> Config:
    """Make alembic's configuration, without a file; independent of the working directory."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", FILE_TEMPLATE)
    config.set_main_option("path_separator", "os")
    return config
