"""Whatever happens in a town, and wherever an export of it is killed: the files hold what the ledgers hold."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from time import sleep
from uuid import UUID

import pyarrow as pa
import pytest

from backend.people.identity_numbers import SubjectKind
from backend.population.city_files import CityFilesError, Kind, files_step, open_city_files, writing_files
from backend.population.columns import SCHEMAS, find_part, write_rows
from backend.population.compacting import compact_files
from backend.population.comparing import Comparison, compare_with_ledger
from backend.population.exporting import Pace, export_city
from backend.population.manifest import NAME
from backend.population.verifying import verify_files
from backend.records.tables import append_entry
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from tests.backend.builders import NOON, make_report, settle
from tests.backend.grants.firing import kill, start
from tests.backend.population.town import CITY, PARTS, SEALER, KilledError, Town, killed_at
from tests.databases import copy_sqlite_template, migrated_database

LEFT_OVER = "is not in the manifest"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory: the export waits for the disk at each step."""
    with tempfile.TemporaryDirectory(prefix="shangding-files-", dir="/dev/shm") as folder:
        yield Path(folder) / "files"


def check_whole(town: Town, folder: Path) -> None:
    """The files are whole, complete, and as the ledgers are."""
    files = open_city_files(folder)
    assert verify_files(files) == []
    assert compare_with_ledger(files, town.database, portion=3) == Comparison([], 0)
    assert files.is_complete
    assert files.known_at == town.now
    town.check(files)


def live_and_export(database: Database, folder: Path, seed: int, *, years: int) -> int:
    """Let a town live, export it now and then, and kill most exports or compactions on their way; gives how many."""
    chance, killed = Random(seed), 0  # noqa: S311 - a seed makes a failure happen again
    town = Town(database, chance)
    town.add_person(kind=SubjectKind.ENTERPRISE)
    for _ in range(years):
        town.live(8)
        if chance.random() < 0.8:
            try:
                with killed_at(chance.randint(1, 60)):
                    compact_files(folder) if chance.random() < 0.3 and folder.exists() else town.export(folder)
            except KilledError:
                killed += 1
            if (folder / NAME).exists():  # what counts is whole at any time
                assert {fault.what for fault in verify_files(open_city_files(folder))} <= {LEFT_OVER}
            town.live(2)
        town.export(folder)
        check_whole(town, folder)
    compact_files(folder)
    check_whole(town, folder)
    return killed


def test_the_files_hold_what_the_ledgers_hold(database: Database, folder: Path) -> None:
    assert live_and_export(database, folder, seed=20261122, years=4) > 0


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(10))
def test_the_files_hold_what_the_ledgers_hold_of_many_towns(database: Database, folder: Path, seed: int) -> None:
    assert live_and_export(database, folder, seed=seed, years=25) > 0


def kill_everywhere(town: Town, folder: Path, *, days: int, last: int | None) -> None:
    """Kill one export at each of its points, or at the last ones, each time from the same files as before."""
    pace = Pace(portion=3, step_subjects=4)
    town.live(days)
    town.export(folder, pace=pace)
    town.live(days // 2)
    before, whole = folder.with_name("before"), folder.with_name("whole")
    shutil.copytree(folder, before)
    shutil.copytree(folder, whole)
    with killed_at(None) as reached:
        town.export(whole, pace=pace)
    points = len(reached)
    assert points > 20
    for point in range(1 if last is None else points - last + 1, points + 1):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        with pytest.raises(KilledError), killed_at(point):
            town.export(folder, pace=pace)
        assert {fault.what for fault in verify_files(open_city_files(folder))} <= {LEFT_OVER}
        town.export(folder, pace=pace)
        check_whole(town, folder)


def test_an_export_is_finished_wherever_it_was_killed_at_its_end(sqlite_url: str, folder: Path) -> None:
    with migrated_database(sqlite_url) as database:
        kill_everywhere(Town(database, Random(7)), folder, days=10, last=5)  # noqa: S311 - as above


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_export_is_finished_wherever_it_was_killed(database: Database, folder: Path) -> None:
    kill_everywhere(Town(database, Random(7)), folder, days=30, last=None)  # noqa: S311 - as above


def export_slowly(url: str, town: Town, folder: Path, began: Path) -> None:
    """Export as a process of its own, which says when it has begun."""
    database = Database(url)
    pace = Pace(portion=2, step_subjects=4)
    try:
        replace(town, database=database).export(folder, pace=pace, watch=lambda _: began.touch())
    finally:
        database.dispose()


def kill_exports(database_url: str, database: Database, folder: Path, *, kills: int) -> None:
    """Kill an export with SIGKILL so many times, at a moment of chance, while the town goes on."""
    chance, began = Random(kills), folder.with_name("began")  # noqa: S311 - as above
    town = Town(database, chance)
    town.live(40)
    killed = 0
    while killed < kills:
        began.unlink(missing_ok=True)
        process = start(export_slowly, database_url, town, folder, began)
        while process.is_alive() and not began.exists():
            sleep(0.001)
        sleep(chance.uniform(0, 0.15))
        killed += process.is_alive()
        kill(process)
        assert {fault.what for fault in verify_files(open_city_files(folder))} <= {LEFT_OVER}
        town.live(10)
    town.export(folder)
    check_whole(town, folder)


def test_an_export_that_is_killed_twice_is_finished(database_url: str, database: Database, folder: Path) -> None:
    kill_exports(database_url, database, folder, kills=2)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_export_that_is_killed_twenty_times_is_finished(database_url: str, database: Database, folder: Path) -> None:
    kill_exports(database_url, database, folder, kills=20)


def test_only_what_is_new_is_written(database: Database, folder: Path) -> None:
    town = Town(database, Random(3))  # noqa: S311 - as above
    persons = [town.add_person() for _ in range(6)]
    for person in persons:
        town.open_or_close(person)
        town.say(person, 4)
    assert town.export(folder).entries == 24
    before = open_city_files(folder)
    town.say(persons[0])
    counts = town.export(folder)
    after = open_city_files(folder)
    assert (counts.looked_at, counts.subjects, counts.entries) == (6, 1, 1)
    kept = {each for each in before.manifest.files if each.kind not in {Kind.SUBJECTS, Kind.MARKED}}
    assert kept <= set(after.manifest.files)
    assert before.known_at < after.known_at
    assert town.export(folder).subjects == 0
    assert open_city_files(folder).digest == after.digest != before.digest


def test_files_of_another_database_or_city_are_refused(database: Database, folder: Path) -> None:
    town = Town(database, Random(4))  # noqa: S311 - as above
    person = town.add_person()
    town.say(person, 2)
    town.export(folder)
    with pytest.raises(CityFilesError, match="holds the files of zhengzhou; give another folder for hangzhou"):
        export_city(database, folder, city="hangzhou", sealer=SEALER, now=town.now, parts=PARTS)
    with pytest.raises(CityFilesError, match="has 3 parts; give another folder for 64"):
        export_city(database, folder, city=CITY, sealer=SEALER, now=town.now)
    with writing_files(folder), pytest.raises(CityFilesError, match="somebody else is writing"):
        town.export(folder)
    town.add_person()
    with files_step(folder) as step:
        last, part = str(UUID(int=(1 << 127) - 1)), find_part(person, PARTS)
        before_all = {"subject_no": part - PARTS, "subject_id": last, "facts_version": 0}
        stranger = pa.Table.from_pylist([before_all], SCHEMAS[Kind.SUBJECTS])
        write_rows(Kind.SUBJECTS, step.add(Kind.SUBJECTS, part), [stranger])
        step.keep()
    with pytest.raises(CityFilesError, match="hold 1 persons or more whom the database does not know"):
        town.export(folder)
    assert not open_city_files(folder).is_complete


def test_files_of_another_ledger_stay_as_they_are(database: Database, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.sqlite"
    copy_sqlite_template(url)
    other = Database(url)
    for seed, each in enumerate((database, other)):
        town = Town(each, Random(seed))  # noqa: S311 - as above
        town.say(town.add_person(), 2)
        town.export(tmp_path / f"files{seed}")
    before = open_city_files(tmp_path / "files0").manifest
    with pytest.raises(CityFilesError, match="say what the database does not know"):
        export_city(other, tmp_path / "files0", city=CITY, sealer=SEALER, now=NOON, parts=PARTS)
    assert open_city_files(tmp_path / "files0").manifest == before
    other.dispose()


def test_an_entry_that_nobody_here_wrote_is_told_by_its_number(database: Database, folder: Path) -> None:
    person = settle(database)
    with database.transaction() as session:
        append_entry(session, person, make_report(record_id=new_id(NOON)), now=NOON)
    with pytest.raises(CityFilesError, match=f"entry 1 of the ledger of {person} says not both day and items"):
        export_city(database, folder, city=CITY, sealer=SEALER, now=NOON, parts=PARTS)
    assert open_city_files(folder).count_rows(Kind.RECORDS) == 0
