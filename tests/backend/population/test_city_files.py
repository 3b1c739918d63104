"""Files of a city come and go in steps, and nobody is disturbed by them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from backend.population.city_files import (
    CityFilesError,
    Kind,
    begin_files,
    files_step,
    open_city_files,
    reading_files,
)
from backend.population.columns import SCHEMAS, find_part, join_id, split_id, write_rows
from backend.population.compacting import compact_files
from backend.population.locking import READER_LOCK
from backend.population.manifest import NAME, NOTHING_KNOWN, Manifest
from backend.storage.identifiers import new_id

KNOWN_AT = datetime(2026, 6, 1, 4, tzinfo=UTC)


def make_contents(*numbers: int) -> pa.Table:
    rows = [{"content_no": number, "indicator": "volunteer_hours", "items": "{}"} for number in numbers]
    return pa.Table.from_pylist(rows, SCHEMAS[Kind.CONTENTS])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of a city with two contents."""
    folder = tmp_path / "city" / "files"
    files = begin_files(folder, city="zhengzhou", parts=2)
    assert (files.known_at, files.is_complete, files.manifest.files) == (NOTHING_KNOWN, False, ())
    with files_step(folder) as step:
        write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [make_contents(1, 2)])
        step.keep(known_at=KNOWN_AT, is_complete=True)
    return folder


def test_nothing_counts_before_the_commit_and_what_is_left_goes_with_the_next_step(folder: Path) -> None:
    before = open_city_files(folder)
    assert (before.known_at, before.is_complete, before.count_rows(Kind.CONTENTS)) == (KNOWN_AT, True, 2)
    with files_step(folder) as step:
        left = step.add(Kind.RECORDS, 1)
        left.write_bytes(b"cut short")
        step.drop(Kind.CONTENTS)
    assert open_city_files(folder).manifest == before.manifest
    (folder / "notes.txt").touch()
    with files_step(folder) as step:
        write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [make_contents(3)])
        step.keep(is_complete=True)
    after = open_city_files(folder)
    assert (after.known_at, after.count_rows(Kind.CONTENTS)) == (KNOWN_AT, 3)
    assert after.digest != before.digest
    assert not left.exists()
    assert (folder / "notes.txt").exists()  # nobody here made it


def test_what_is_replaced_stays_while_somebody_reads_it(folder: Path) -> None:
    with reading_files(folder) as files:
        (old,) = files.list_files(Kind.CONTENTS)
        with files_step(folder) as step:
            step.drop(Kind.CONTENTS)
            write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [make_contents(1)])
            step.keep(is_complete=True)
        assert old.exists()
        assert old not in open_city_files(folder).list_files(Kind.CONTENTS)
    with files_step(folder):
        assert not old.exists()
    with files_step(folder) as step:
        write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [make_contents(2)])
        step.keep()
    (first, second) = open_city_files(folder).list_files(Kind.CONTENTS)
    assert compact_files(folder) == 1
    assert not first.exists()
    assert not second.exists()
    after = open_city_files(folder)
    assert (after.count_rows(Kind.CONTENTS), after.known_at, after.is_complete) == (2, KNOWN_AT, False)


def test_one_writes_at_a_time(folder: Path) -> None:
    with (
        files_step(folder),
        pytest.raises(CityFilesError, match=r"somebody else is writing to .*; wait until that has ended"),
        files_step(folder),
    ):
        pass


def test_files_are_their_owners_alone(folder: Path) -> None:
    begin_files(folder, city="zhengzhou", parts=2)
    with files_step(folder) as step:
        path = step.add(Kind.SUBJECTS, 1)
        write_rows(Kind.SUBJECTS, path, [SCHEMAS[Kind.SUBJECTS].empty_table()])
        path.chmod(0o644)  # as other writers of Parquet leave it
        step.keep(is_complete=True)
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_a_file_that_is_none_of_its_kind_is_not_taken(folder: Path) -> None:
    with files_step(folder) as step:
        write_rows(Kind.CONTENTS, step.add(Kind.RECORDS, 0), [make_contents(1)])
        with pytest.raises(CityFilesError, match="has other columns than records"):
            step.keep()
    with files_step(folder) as step:
        step.add(Kind.RECORDS, 0).write_bytes(b"PAR1 and no more")
        with pytest.raises(CityFilesError, match="is not a Parquet file that was written to its end"):
            step.keep()
    with files_step(folder) as step:
        for kind, part in ((Kind.CONTENTS, 0), (Kind.RECORDS, None), (Kind.RECORDS, 2)):
            with pytest.raises(ValueError, match="have no part"):
                step.add(kind, part)
    with pytest.raises(ValueError, match="records have no part 2; the parts are 0 to 1"):
        open_city_files(folder).list_files(Kind.RECORDS, 2)


def test_a_folder_that_is_no_city_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CityFilesError, match=r"holds no manifest\.json; `shangding population export` makes one"):
        open_city_files(tmp_path)
    with pytest.raises(CityFilesError, match="holds no files of a city"), files_step(tmp_path):
        pass
    with pytest.raises(CityFilesError, match=r"holds city and no manifest\.json; give a folder that is empty or new"):
        begin_files(tmp_path, city="zhengzhou")
    with pytest.raises(CityFilesError, match="holds the files of zhengzhou; give another folder for nanjing"):
        begin_files(folder, city="nanjing", parts=2)
    with pytest.raises(CityFilesError, match="has 2 parts; give another folder for 64"):
        begin_files(folder, city="zhengzhou")
    text = (folder / NAME).read_text()
    good = Manifest.read(text)
    first = good.files[0]
    wrongs: list[dict[str, Any]] = [
        {"files": (replace(first, part=2, kind=Kind.RECORDS),)},
        {"files": (first, first)},
        {"files": (replace(first, number=good.next_number),)},
        {"files": (replace(first, rows=-1),)},
        {"dropped": ("../../somebody/elses.parquet",)},  # it would be deleted
        {"dropped": (str(first.path),)},
        {"known_at": datetime(2026, 6, 1)},  # noqa: DTZ001 - that is what is wrong
        {"parts": 0},
        {"parts": 10**30},
        {"next_number": "1"},
        {"city": ["zhengzhou"]},
    ]
    document = json.loads(text)
    told = {
        json.dumps(document | {"form": "shangding city files 0"}): "is of the form 'shangding city files 0'",
        **dict.fromkeys((replace(good, **wrong).write() for wrong in wrongs), "is not as we wrote it"),
        **dict.fromkeys(
            ("{", json.dumps(document | {"parts": float("inf")}), text.replace("zhengzhou", "zhengzhov")),
            "is not as we wrote it",
        ),
    }
    for given, words in told.items():
        (folder / NAME).write_text(given)
        with pytest.raises(CityFilesError, match=words):
            open_city_files(folder)
    (folder / NAME).unlink()
    (folder / NAME).mkdir()
    with pytest.raises(CityFilesError, match="is not a folder with files of a city"):
        open_city_files(folder)


def test_readers_need_only_read(folder: Path) -> None:
    (folder / READER_LOCK).chmod(0o400)
    with reading_files(folder) as files:
        assert files.count_rows(Kind.CONTENTS) == 2


def test_halves_of_ids_are_in_the_order_of_the_ids() -> None:
    ids = [UUID(int=0), UUID(int=(1 << 64) - 1), UUID(int=1 << 64), *(new_id(KNOWN_AT) for _ in range(50))]
    assert sorted(ids, key=split_id) == sorted(ids)
    assert [join_id(*split_id(each)) for each in ids] == ids
    assert {find_part(each, 2) for each in ids} == {0, 1}
