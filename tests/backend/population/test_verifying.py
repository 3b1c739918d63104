"""Every planted defect is found, in the files alone or beside the ledger, and told with its place."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from backend.population.city_files import CityFiles, Kind, files_step, open_city_files
from backend.population.columns import find_part, read_rows, sort_rows, write_rows
from backend.population.comparing import compare_with_ledger
from backend.population.verifying import verify_files
from backend.storage.database import Database
from tests.backend.population.town import PARTS, START, Town
from tests.databases import copy_sqlite_template

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a town in which everybody has a few records, each with later words."""
    place = tmp_path_factory.mktemp("exported")
    url = f"sqlite:///{place}/town.sqlite"
    copy_sqlite_template(url)
    database = Database(url)
    make_town(database).export(place / "files")
    database.dispose()
    return place / "files"


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy of these files, to be spoilt."""
    return Path(shutil.copytree(exported, tmp_path / "files"))


def make_town(database: Database) -> Town:
    town = Town(database, Random(5))  # noqa: S311 - a seed makes it happen again
    for _ in range(4 * PARTS):
        person = town.add_person()
        town.say(person, 9)
        town.open_or_close(person)
    return town


def rewrite(folder: Path, kind: Kind, change: Callable[[Rows], object], *, is_sorted: bool = True) -> None:
    """Change the rows of the first part that has any, as a step of somebody who writes what is wrong."""
    files = open_city_files(folder)
    parts = range(files.parts) if kind.is_parted else [None]
    part = next(part for part in parts if files.count_rows(kind, part) > 2)
    table = read_rows(kind, files.list_files(kind, part))
    rows: Rows = table.to_pylist()
    change(rows)
    changed = pa.Table.from_pylist(rows, table.schema)
    with files_step(folder) as step:
        step.drop(kind, part)
        write_rows(kind, step.add(kind, part), [sort_rows(kind, changed) if is_sorted else changed])
        step.keep(is_complete=True)


def flip_a_byte(files: CityFiles) -> None:
    path = files.list_files(Kind.RECORDS)[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def add_a_stray(files: CityFiles) -> None:
    (files.folder / "records" / "part=00" / "000999.parquet").write_bytes(b"PAR1")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (flip_a_byte, "has SHA-256"),
        (add_a_stray, "is not in the manifest"),
        (lambda files: files.list_files(Kind.EVENTS)[0].unlink(), "is in the manifest and not in the folder"),
    ],
)
def test_a_file_that_is_not_as_the_manifest_says_is_found(
    folder: Path, spoil: Callable[[CityFiles], object], told: str
) -> None:
    files = open_city_files(folder)
    assert verify_files(files) == []
    spoil(files)
    (fault,) = verify_files(files)
    assert told in fault.what
    assert fault.place.endswith(".parquet")


def put(name: str, value: object) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[1] |= {name: value}

    return change


def put_in_all(**values: object) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        for row in rows:
            row.update(values)

    return change


def move_to_another_part(rows: Rows) -> None:
    part = rows[1]["subject_no"] % PARTS
    rows[1]["subject_id"] = next(
        str(each) for each in map(UUID, map(_name, range(99))) if find_part(each, PARTS) != part
    )


def _name(number: int) -> str:
    return f"0190b8f0-0000-7000-8000-{number:012}"


# What is done to the rows of a kind, and what is said of it.
SPOILT: list[tuple[Kind, Callable[[Rows], object], str]] = [
    (Kind.RECORDS, lambda rows: rows.pop(1), "is missing"),
    (Kind.RECORDS, lambda rows: rows.append(rows[1]), "is not behind row"),
    (Kind.RECORDS, put("content_no", 999), "records name content 999, which is not there"),
    (Kind.RECORDS, put("record_no", 999), "is more than the subject has"),
    (Kind.RECORDS, put("known_at", None), "has rows without known_at"),
    (Kind.EVENTS, lambda rows: rows.pop(0), "is missing"),
    (Kind.EVENTS, put("record_no", 998), "is about a record that is not there"),
    (Kind.EVENTS, put("event_no", 0), "came before its report"),
    (Kind.EVENTS, put("kind", "forgotten"), "is none of corrected, withdrawn"),
    (Kind.EVENTS, put_in_all(content_no=1), "has half a content"),
    (Kind.MARKED, lambda rows: rows.pop(1), "the marked records are not those"),
    (Kind.SUBJECTS, lambda rows: rows.pop(1), "or of no subject"),
    (Kind.SUBJECTS, lambda rows: rows[1].update(subject_no=rows[1]["subject_no"] + 1), "belongs to another part"),
    (Kind.SUBJECTS, move_to_another_part, "belongs to another part"),
    (Kind.SUBJECTS, lambda rows: rows[1].update(subject_id=rows[0]["subject_id"]), "a subject has two numbers"),
    (Kind.SUBJECTS, put("facts_version", 8), "number 9 of subject"),
    (Kind.SUBJECTS, put_in_all(since=None, sex="male"), "has a year of birth"),
    (Kind.CONTENTS, lambda rows: rows.append(rows[0]), "is not behind row"),
    (Kind.CONTENTS, lambda rows: rows.pop(), "which is not there"),
]


@pytest.mark.parametrize("number", range(len(SPOILT)))
def test_rows_that_cannot_be_are_found(folder: Path, number: int) -> None:
    kind, change, told = SPOILT[number]
    rewrite(folder, kind, change)
    faults = verify_files(open_city_files(folder))
    assert any(told in fault.what for fault in faults), faults


def test_rows_out_of_order_are_found(folder: Path) -> None:
    rewrite(folder, Kind.RECORDS, lambda rows: rows.reverse(), is_sorted=False)
    assert "is not behind row 1" in verify_files(open_city_files(folder))[0].what


def test_what_the_ledger_says_otherwise_is_found(database: Database, tmp_path: Path) -> None:
    """Whole files of which no number is missing: only the ledger tells that they are wrong."""
    make_town(database).export(tmp_path / "files")
    assert compare_with_ledger(open_city_files(tmp_path / "files"), database) == ([], 0)
    for kind, change in (
        (Kind.RECORDS, put("act", "act-9")),
        (Kind.EVENTS, put_in_all(known_at=START)),
        (Kind.CONTENTS, put("items", '{"hours":99}')),
        (Kind.SUBJECTS, lambda rows: rows.append(rows[0] | {"subject_no": 3 * 10**6, "facts_version": 0})),
    ):
        spoilt = Path(shutil.copytree(tmp_path / "files", tmp_path / kind))
        rewrite(spoilt, kind, change)
        assert compare_with_ledger(open_city_files(spoilt), database).faults


def test_news_are_no_fault(database: Database, tmp_path: Path) -> None:
    town = make_town(database)
    town.export(tmp_path / "files")
    town.say(next(iter(town.persons)), 2)
    town.add_person()
    assert compare_with_ledger(open_city_files(tmp_path / "files"), database) == ([], 2)
