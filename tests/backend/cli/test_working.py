"""Workers that die, fail or are told to stop, on files that wait to be read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.cli import working
from backend.cli.working import Worker, tell_retried
from backend.storage.database import StorageUnavailableError
from backend.storage.jobs import LEASED_FOR, MOST_ATTEMPTS, list_parked, retry_parked, take_job
from tests.backend.city import City, make_person, running_city
from tests.backend.records.filing import let_work, make_line, send_file, write_csv
from tests.backend.records.handing import TRAFFIC, get, open_offices, read_answer
from tests.databases import count_rows

ADA = make_person("陈岸")


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url) as made:
        open_offices(made)
        yield made


def send(city: City, rows: int = 3) -> str:
    content = write_csv([make_line(ADA) for _ in range(rows)])
    return str(read_answer(send_file(city, content), 202)["file_id"])


def see(city: City, file_id: str) -> dict[str, Any]:
    return read_answer(get(city, TRAFFIC, f"/files/{file_id}"), 200)


def test_a_file_whose_worker_died_is_read_by_the_next_one(city: City) -> None:
    file_id = send(city)
    with city.database.transaction() as session:
        assert take_job(session, tuple(working.HANDLERS), now=city.now()) is not None  # and then it dies
    let_work(city)
    assert see(city, file_id)["state"] == "waiting"  # it is leased
    city.clock.move(LEASED_FOR)
    let_work(city)
    assert (see(city, file_id)["state"], count_rows(city.database, "ledger_entry")) == ("done", 3)


def test_a_worker_that_dies_between_chunks_leaves_whole_chunks(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.records.file_reading.CHUNK_ROWS", 2)
    file_id = send(city, rows=7)
    worker, chunks = Worker(city.context), []

    class Killed(BaseException):
        pass

    def watch(_: Session) -> None:
        chunks.append(1)
        if len(chunks) == 3:
            raise Killed

    monkeypatch.setattr(worker, "_watch", lambda _: watch)
    with pytest.raises(Killed):
        worker.do_one()
    assert count_rows(city.database, "ledger_entry") == 4
    city.clock.move(LEASED_FOR)
    let_work(city)
    assert see(city, file_id)["state"] == "done"
    assert (count_rows(city.database, "ledger_entry"), count_rows(city.database, "receipt")) == (7, 7)


def test_a_worker_told_to_stop_gives_its_file_back_at_once(city: City) -> None:
    file_id = send(city)
    worker = Worker(city.context)
    worker.stop()
    assert worker.do_one()
    assert see(city, file_id)["state"] == "waiting"
    let_work(city)
    assert see(city, file_id)["state"] == "done"


def test_a_sign_of_life_keeps_another_worker_from_taking_a_slow_file(city: City) -> None:
    send(city)
    with city.database.transaction() as session:
        job = take_job(session, tuple(working.HANDLERS), now=city.now())
    assert job is not None
    for _ in range(2 * MOST_ATTEMPTS):
        city.clock.move(LEASED_FOR / 2)
        Worker(city.context).beat(job)
        with city.database.transaction() as session:
            assert take_job(session, tuple(working.HANDLERS), now=city.now()) is None


def test_a_file_that_cannot_be_read_for_our_fault_says_so_and_goes_on_later(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = send(city)
    with monkeypatch.context() as broken:
        broken.setattr(working, "read_file", lambda *_, **__: 1 / 0)
        for _ in range(MOST_ATTEMPTS):
            let_work(city)
            city.clock.move(timedelta(hours=2))
    failed = see(city, file_id)
    assert (failed["state"], failed["fault"]["code"]) == ("failed", "reading_failed")
    with city.database.transaction() as session:
        (row,) = list_parked(session, limit=10)
        assert row.fault == "ZeroDivisionError"
        job = retry_parked(session, row.job_id, now=city.now())
        assert job is not None
        tell_retried(session, job)
    let_work(city)
    assert (see(city, file_id)["state"], count_rows(city.database, "ledger_entry")) == ("done", 3)


def test_a_database_that_is_away_is_no_fault_of_the_file(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id, worker = send(city), Worker(city.context)

    def fail(*_: object, **__: object) -> None:
        raise StorageUnavailableError

    with monkeypatch.context() as away:
        away.setattr(working, "read_file", fail)
        for _ in range(2 * MOST_ATTEMPTS):
            with pytest.raises(StorageUnavailableError):
                worker.do_one()
    let_work(city)
    assert see(city, file_id)["state"] == "done"


def test_a_file_that_kills_its_workers_is_given_up(city: City) -> None:
    file_id = send(city)
    for _ in range(MOST_ATTEMPTS):
        with city.database.transaction() as session:
            take_job(session, tuple(working.HANDLERS), now=city.now())
        city.clock.move(LEASED_FOR)
    let_work(city)
    assert see(city, file_id)["fault"]["code"] == "reading_failed"


def test_rows_are_judged_by_the_day_on_which_the_file_was_received(city: City) -> None:
    five_years_ago = city.now().date() - timedelta(days=5 * 365 - 10)
    content = write_csv([make_line(ADA, occurred_on=five_years_ago.isoformat())])
    file_id = read_answer(send_file(city, content), 202)["file_id"]
    city.clock.move(timedelta(days=60))  # by now it would be too old to be handed in
    let_work(city)
    assert [each["outcome"] for each in see(city, file_id)["reasons"]] == ["accepted"]
    assert count_rows(city.database, "ledger_entry") == 1
