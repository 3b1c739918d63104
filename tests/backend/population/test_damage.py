"""Files that are damaged are named with what would help, before anybody computes with them or makes others of them."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from backend.population.city_files import (
    CityFiles,
    CityFilesError,
    CityWriter,
    Kind,
    open_city_files,
    reading_files,
    writing_files,
)
from backend.population.columns import read_rows
from backend.storage.database import Database
from tests.backend.population.town import Town
from tests.databases import copy_sqlite_template


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a town."""
    url = f"sqlite:///{tmp_path}/town.sqlite"
    copy_sqlite_template(url)
    database = Database(url)
    town = Town(database, Random(6))  # noqa: S311 - a seed makes it happen again
    town.say(town.add_person(), 9)
    town.export(tmp_path / "files")
    database.dispose()
    return tmp_path / "files"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:99])


def read_everything(files: CityFiles) -> None:
    for kind in Kind:
        read_rows(kind, files.list_files(kind))


def let_go_and_fail(writer: CityWriter) -> None:
    with writer.step() as step:
        step.drop(Kind.CONTENTS)
        step.keep()
    Path("elsewhere").read_bytes()


@pytest.mark.parametrize("kind", [Kind.RECORDS, Kind.CONTENTS])
@pytest.mark.parametrize(("spoil", "told"), [(flip, "has SHA-256"), (cut, "has 99 bytes"), (Path.unlink, "is in the")])
def test_damaged_files_are_neither_read_nor_made_into_others(
    folder: Path, kind: Kind, spoil: Callable[[Path], None], told: str
) -> None:
    path = open_city_files(folder).list_files(kind)[0]
    spoil(path)
    wanted = rf"{path} {told}.*run `shangding population verify` .*`shangding population export` make them anew"
    with pytest.raises(CityFilesError, match=wanted), reading_files(folder):
        pass
    with pytest.raises(CityFilesError, match=wanted), writing_files(folder):
        pass
    if spoil is not flip:  # what is read without a look before comes to grief, and says why
        with pytest.raises(CityFilesError, match=wanted), reading_files(folder, are_checked=False) as files:
            read_everything(files)


def test_what_goes_wrong_with_whole_files_is_no_damage(folder: Path) -> None:
    with pytest.raises(ValueError, match="invalid literal"), reading_files(folder):
        int("mine")
    with pytest.raises(FileNotFoundError, match="elsewhere"), writing_files(folder) as writer:
        let_go_and_fail(writer)
