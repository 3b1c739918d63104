"""Files are taken for those of a database only while it knows what they say."""

import shutil
from pathlib import Path
from random import Random

import pytest

from backend.population.city_files import open_city_files
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
    town, files = Town(other, Random(10)), tmp_path / "files"  # noqa: S311 - as above
    person = town.add_person()
    town.say(person, 2)
    other.dispose()
    shutil.copyfile(tmp_path / "other.sqlite", tmp_path / "kept.sqlite")
    known = town.records[person][:]
    town.say(person, 2)
    town.export(files)
    before = open_city_files(files).manifest
    other.dispose()
    shutil.copyfile(tmp_path / "kept.sqlite", tmp_path / "other.sqlite")
    town.records[person] = known
    town.say(person, 4)
    with pytest.raises(UnfitFilesError, match="of before it was restored"):
        town.export(files)
    assert open_city_files(files).manifest == before
    with pytest.raises(UnfitFilesError, match="of before it was restored"):
        check_origin(open_city_files(files), other)
    town.export(tmp_path / "anew")
    check_origin(open_city_files(tmp_path / "anew"), other)
    other.dispose()
