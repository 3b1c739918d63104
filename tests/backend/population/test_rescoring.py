"""After rescoring, what is kept of everybody is what `evaluate` says, to the last sign, whatever was before."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import event

from backend.people.tables import lock_subject, put_in_doubt
from backend.population.city_files import CityFilesError, files_step, reading_files
from backend.population.engine import open_engine
from backend.population.rescoring import OnParts, Pace, Rescored, count_behind, rescore
from backend.scores.closing import leave
from backend.scores.current import Basis, is_right
from backend.scores.tables import NewScore, StoredScoreRow, find_kept_score, keep_score
from backend.storage.database import Database
from tests.backend.grants.firing import kill, start
from tests.backend.population.crowded import Crowd
from tests.databases import migrated_database

DAY = date(2025, 4, 1)
SLOW = Pace(together=1, asked=20, written=5)
POINTS = 40  # at which a run is killed: it has some of finding, and more of writing
KILLS, LONG_KILLS = 2, 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory: the export waits for the disk at each step."""
    with tempfile.TemporaryDirectory(prefix="shangding-files-", dir="/dev/shm") as folder:
        yield Path(folder) / "files"


def gather(database: Database, folder: Path, number: int) -> Crowd:
    """A crowd with its files."""
    crowd = Crowd(database, DAY)
    crowd.gather(Random(7), number)  # noqa: S311 - a crowd that can be had again
    crowd.export(folder)
    return crowd


def run(crowd: Crowd, folder: Path, *, on_parts: OnParts | None = None, later: timedelta = timedelta()) -> Rescored:
    """Rescore a crowd, a few at a time."""
    with reading_files(folder) as files, open_engine(files, crowd.rulebook.catalogue) as engine:
        return rescore(crowd.database, engine, crowd.rulebook, now=crowd.now + later, on_parts=on_parts, pace=SLOW)


def count(crowd: Crowd, folder: Path) -> int:
    """How many people are behind."""
    with reading_files(folder) as files, open_engine(files, crowd.rulebook.catalogue) as engine:
        found = count_behind(crowd.database, engine, crowd.rulebook, now=crowd.now)
    assert found.passed_over + found.left == found.people
    return found.left


def keep_what_is_wrong(crowd: Crowd, right: Mapping[UUID, NewScore]) -> dict[UUID, NewScore]:
    """Keep something else of each: right or not, newer or older; gives what must be kept at the end."""
    wanted = dict(right)
    with crowd.database.transaction() as session:
        for number, (subject_id, score) in enumerate(right.items()):
            wrong = replace(score, points=777, level="?", payload={})
            kept = {
                0: wrong,  # and right by all that one can know
                1: replace(wrong, facts_version=score.facts_version + 1),
                2: replace(wrong, computed_on=DAY + timedelta(days=1)),
                3: replace(wrong, facts_version=score.facts_version - 1),
                4: replace(wrong, rules_digest="others"),
                5: replace(wrong, since=score.since - timedelta(days=1)),
                6: replace(wrong, computed_on=DAY - timedelta(days=9), changes_on=DAY),
            }.get(number % 9)
            if kept is not None:
                keep_score(session, subject_id, kept, now=crowd.now)
                if number % 9 < 3:
                    wanted[subject_id] = kept
    return wanted


def test_whatever_was_kept_is_put_right(database: Database, folder: Path) -> None:
    crowd = gather(database, folder, 40)
    right = crowd.compute()
    wanted = keep_what_is_wrong(crowd, right)
    behind = sum(1 for each, score in wanted.items() if score is right[each])
    assert behind == count(crowd, folder)
    seen: list[int] = []
    found = run(crowd, folder, on_parts=lambda known, scores: seen.append(known.table(scores).shape[0]))
    assert crowd.read_kept() == wanted
    assert found == Rescored(people=len(right), passed_over=len(right) - behind, written=behind)
    assert sum(seen) == len(right)

    later = replace(crowd, day=DAY + timedelta(days=200))
    run(later, folder)
    again = later.compute()
    for subject_id, kept in later.read_kept().items():
        if kept != wanted[subject_id]:
            assert kept == again[subject_id]
        elif kept.points != 777:
            assert replace(kept, computed_on=later.day) == again[subject_id]  # nothing has changed since


def test_whoever_has_left_or_is_held_meanwhile_is_left_alone(database: Database, folder: Path) -> None:
    crowd = gather(database, folder, 12)
    right = crowd.compute()
    gone, doubted, going, held, *_ = right
    with database.transaction() as session:
        leave(session, gone, because="closed", now=crowd.now)
        row = lock_subject(session, doubted)
        assert row is not None
        put_in_doubt(row, "name_differs")
    assert count(crowd, folder) == len(right) - 2
    left = {going}

    def close_late(state: Rescored) -> None:
        if state.passed_over == 2 and state.done == 2:  # all are found, and nothing is written
            with database.transaction() as session:
                leave(session, going, because="closed", now=crowd.now)

    with ExitStack() as stack:
        if database.dialect_name == "postgresql":  # on SQLite, who holds one holds all
            lock_subject(stack.enter_context(database.transaction()), held)
            left.add(held)
        files = stack.enter_context(reading_files(folder))
        engine = stack.enter_context(open_engine(files, crowd.rulebook.catalogue))
        found = rescore(database, engine, crowd.rulebook, now=crowd.now, watch=close_late)
    assert found == Rescored(people=len(right), passed_over=2, written=len(right) - 2 - len(left), left=len(left))
    assert crowd.read_kept() == {each: right[each] for each in right.keys() - left - {gone, doubted}}


def test_files_that_are_not_complete_are_refused(database: Database, folder: Path) -> None:
    crowd = gather(database, folder, 1)
    with files_step(folder) as step:
        step.keep(is_complete=False)
    with pytest.raises(CityFilesError, match="population export"):
        run(crowd, folder)


def run_until(url: str, folder: Path, statement: int, later: timedelta) -> None:
    """Rescore, and end as a power cut would before or after the n-th statement."""
    database = Database(url)
    left = statement

    def count_down(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for point in ("before_cursor_execute", "after_cursor_execute", "begin", "commit"):
        event.listen(database.engine, point, count_down)
    run(Crowd(database, DAY), folder, later=later)


def read_moments(database: Database) -> dict[UUID, datetime]:
    with database.reading() as session:
        return {row.subject_id: row.kept_at for row in session.query(StoredScoreRow)}


def read_as_readers_do(crowd: Crowd, right: Mapping[UUID, NewScore]) -> None:
    """Whatever a reader would serve is right."""
    for subject_id, score in right.items():
        kept = find_kept_score(crowd.database, subject_id)
        if kept is not None and is_right(kept.score, Basis(score.facts_version, score.since, score.rules_digest), DAY):
            assert kept.score == score


def die_and_go_on(database: Database, url: str, folder: Path, *, kills: int, people: int) -> None:
    chance = Random(11)  # noqa: S311 - as above
    crowd = gather(database, folder, people)
    right = crowd.compute()
    moments: dict[UUID, datetime] = {}
    died = 0
    for turn in range(1, kills + 1):
        process = start(run_until, url, folder, chance.randint(1, POINTS), timedelta(seconds=turn))
        if turn % 4 == 0:
            time.sleep(chance.uniform(0, 2))
            kill(process)
        while process.is_alive():
            read_as_readers_do(crowd, right)
            time.sleep(0.1)
        process.join()
        died += process.exitcode == -signal.SIGKILL
        after = read_moments(database)
        assert moments.items() <= after.items()  # nobody twice
        moments = after
        read_as_readers_do(crowd, right)
    assert died > kills // 2  # one may have come to its end before
    found = run(crowd, folder, later=timedelta(days=0, hours=1))
    assert (found.passed_over, found.written) == (len(moments), len(right) - len(moments))
    assert moments.items() <= read_moments(database).items()
    assert crowd.read_kept() == right


def test_who_is_killed_goes_on_where_he_was(postgresql_url: str, folder: Path) -> None:
    with migrated_database(postgresql_url) as database:
        die_and_go_on(database, postgresql_url, folder, kills=KILLS, people=60)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_who_is_killed_twenty_times_goes_on_where_he_was(database: Database, database_url: str, folder: Path) -> None:
    die_and_go_on(database, database_url, folder, kills=LONG_KILLS, people=500)
