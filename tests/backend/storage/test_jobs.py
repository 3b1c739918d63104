from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from backend.storage.database import Database
from backend.storage.jobs import (
    LEASED_FOR,
    MOST_ATTEMPTS,
    Job,
    complete_job,
    fail_job,
    give_back_job,
    leave_job,
    list_parked,
    note_progress,
    park_lost_jobs,
    prolong_lease,
    retry_parked,
    take_job,
)
from tests.backend.web.probe import NOON
from tests.databases import migrated_database

KINDS = ("read_file",)
SECOND = timedelta(seconds=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with migrated_database(database_url) as made:
        yield made


def leave(database: Database, number: int = 0) -> None:
    with database.transaction() as session:
        leave_job(session, "read_file", {"number": number}, now=NOON)


def take(database: Database, now: datetime = NOON) -> Job | None:
    with database.transaction() as session:
        return take_job(session, KINDS, now=now)


def take_one(database: Database, now: datetime = NOON) -> Job:
    job = take(database, now)
    assert job is not None
    return job


def test_a_job_is_held_by_one_worker_until_its_lease_runs_out(database: Database) -> None:
    leave(database)
    first = take_one(database)
    assert take(database) is None
    second = take_one(database, NOON + LEASED_FOR)
    assert (first.job_id, first.attempts, second.attempts) == (second.job_id, 1, 2)


def test_who_lost_his_lease_can_neither_complete_nor_prolong_nor_fail(database: Database) -> None:
    leave(database)
    slow = take_one(database)
    quick = take_one(database, NOON + LEASED_FOR)
    with database.transaction() as session:
        assert not complete_job(session, slow)
        assert not note_progress(session, slow, now=NOON)
        assert fail_job(session, slow, fault="late", now=NOON) is False
        assert not give_back_job(session, slow, now=NOON)
    with database.transaction() as session:
        assert complete_job(session, quick)
    assert take(database, NOON + 9 * LEASED_FOR) is None


def test_a_prolonged_lease_holds_longer(database: Database) -> None:
    leave(database)
    job = take_one(database)
    with database.transaction() as session:
        assert prolong_lease(session, job, now=NOON + LEASED_FOR / 2)
    assert take(database, NOON + LEASED_FOR) is None


def test_a_job_is_left_only_if_its_cause_commits(database: Database) -> None:
    with database.transaction() as session:
        leave_job(session, "read_file", {}, now=NOON)
        session.rollback()
    assert take(database) is None


def test_a_job_that_failed_waits_and_the_others_flow(database: Database) -> None:
    leave(database)
    leave(database, 1)
    job = take_one(database)
    with database.transaction() as session:
        assert fail_job(session, job, fault="SheetError", now=NOON) is False
    assert take_one(database).payload["number"] == 1
    assert take(database, NOON + SECOND) is None
    assert take_one(database, NOON + 2 * SECOND).payload["number"] == 0


def take_if_first(database: Database, now: datetime) -> bool:
    """Tell whether the failed job is due at `now`, without keeping it."""
    with database.transaction() as session:
        job = take_job(session, KINDS, now=now)
        found = job is not None and job.payload["number"] == 0
        session.rollback()
    return found


def test_waits_double_and_the_last_failure_parks(database: Database) -> None:
    leave(database)
    now, waits = NOON, list[int]()
    for _ in range(MOST_ATTEMPTS):
        with database.transaction() as session:
            job = take_job(session, KINDS, now=now)
            assert job is not None
            assert fail_job(session, job, fault="SheetError", now=now) is (len(waits) == MOST_ATTEMPTS - 1)
        step = 1
        while step < 1000 and not take_if_first(database, now + step * SECOND):
            step *= 2
        waits.append(step)
        now += step * SECOND
    assert waits == [2, 4, 8, 16, 32, 64, 128, 1024]  # the last one never comes back by itself
    with database.transaction() as session:
        (parked,) = list_parked(session, limit=10)
        assert (parked.fault, parked.attempts) == ("SheetError", MOST_ATTEMPTS)
        assert retry_parked(session, parked.job_id, now=now)
        assert not retry_parked(session, parked.job_id, now=now)
    assert take_one(database, now).attempts == 1


def test_a_job_that_kills_its_workers_is_parked(database: Database) -> None:
    leave(database)
    for attempt in range(MOST_ATTEMPTS):
        assert take_one(database, NOON + attempt * LEASED_FOR).attempts == attempt + 1
    late = NOON + MOST_ATTEMPTS * LEASED_FOR
    assert take(database, late) is None
    with database.transaction() as session:
        assert [job.payload for job in park_lost_jobs(session, now=late)] == [{"number": 0}]
        assert park_lost_jobs(session, now=late) == []
    with database.reading() as session:
        assert [row.fault for row in list_parked(session, limit=10)] == ["worker_lost"]


def test_getting_ahead_and_being_told_to_stop_are_no_failures(database: Database) -> None:
    leave(database)
    now = NOON
    for _ in range(MOST_ATTEMPTS + 2):
        job = take_one(database, now)
        with database.transaction() as session:
            assert note_progress(session, job, now=now)
        now += LEASED_FOR
    for _ in range(MOST_ATTEMPTS + 2):
        job = take_one(database, now)
        with database.transaction() as session:
            assert give_back_job(session, job, now=now)
    assert take_one(database, now).attempts < MOST_ATTEMPTS


def test_who_got_ahead_after_many_failures_has_all_attempts_again(database: Database) -> None:
    leave(database)
    now = NOON
    for _ in range(MOST_ATTEMPTS - 1):
        job = take_one(database, now)
        with database.transaction() as session:
            fail_job(session, job, fault="SheetError", now=now)
        now += timedelta(hours=2)
    last = take_one(database, now)
    with database.transaction() as session:
        assert note_progress(session, last, now=now)
    with database.transaction() as session:
        assert fail_job(session, last, fault="SheetError", now=now) is False


def test_a_mere_sign_of_life_is_no_progress(database: Database) -> None:
    leave(database)
    now = NOON
    for _ in range(MOST_ATTEMPTS):
        job = take_one(database, now)
        with database.transaction() as session:
            assert prolong_lease(session, job, now=now)
        now += LEASED_FOR
    assert take(database, now) is None


def test_many_workers_share_the_work_without_sharing_a_job(database: Database) -> None:
    for number in range(40):
        leave(database, number)

    def work(_: int) -> list[int]:
        done = []
        while (job := take(database)) is not None:
            done.append(int(job.payload["number"]))
            with database.transaction() as session:
                assert complete_job(session, job)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = [number for numbers in pool.map(work, range(4)) for number in numbers]
    assert sorted(done) == list(range(40))
