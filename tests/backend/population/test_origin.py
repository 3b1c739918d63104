"""Files are taken for those of a database only while it knows what they say."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from backend.population.city_files import CityFilesError, open_city_files
from backend.population.files_of_day import Unfit, UnfitFilesError
from backend.population.origin import check_origin
from backend.storage.database import Database
from tests.backend.population.town import Town
from tests.databases import copy_sqlite_template


@pytest.fixture
def other(tmp_path: Path) -> Database:
    """Another database, of another town."""
    url = f"sqlite:///{tmp_path}/other.sqlite"
    copy_sqlite_template(url)
    return Database(url)


def fill(town: Town) -> None:
    for _ in range(4):
        town.say(town.add_person(), 5)


def test_files_and_their_own_database_agree_whatever_came_since(database: Database, tmp_path: Path) -> None:
    town = Town(database, Random(7))  # noqa: S311 - a seed makes it happen again
    town.add_person()
    town.export(tmp_path / "files")
    check_origin(open_city_files(tmp_path / "files"), database)  # of whom nothing is known
    fill(town)
    town.export(tmp_path / "files")
    check_origin(open_city_files(tmp_path / "files"), database)
    fill(town)
    check_origin(open_city_files(tmp_path / "files"), database)


def test_files_of_another_database_are_refused(database: Database, other: Database, tmp_path: Path) -> None:
    strange = Town(other, Random(8))  # noqa: S311 - as above
    fill(strange)
    strange.export(tmp_path / "files")
    fill(Town(database, Random(9)))  # noqa: S311 - as above
    with pytest.raises(UnfitFilesError, match="say what the database does not know") as caught:
        check_origin(open_city_files(tmp_path / "files"), database)
    assert caught.value.why is Unfit.OF_OTHER_LEDGER
    other.dispose()


def test_files_of_before_a_restore_are_refused_though_the_ledger_has_grown_anew(
    other: Database, tmp_path: Path
) -> None:
    town = Town(other, Random(10))  # noqa: S311 - as above
    person = town.add_person()
    town.say(person, 5)
    town.export(tmp_path / "files")
    # A copy from before the last entry was put in place, and something else was said since.
    with other.engine.begin() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).fetchall():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE ledger_entry SET known_at = datetime(known_at, '+1 hour') WHERE ledger_no = 5"))
    with pytest.raises(CityFilesError, match="before it was restored"):
        check_origin(open_city_files(tmp_path / "files"), other)
    other.dispose()
