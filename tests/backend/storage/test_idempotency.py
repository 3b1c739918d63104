import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.storage.database import Database
from backend.storage.idempotency import Answer, KeyRefusal, find_answer, keep_answer, purge_answers
from tests.backend.builders import NOON

ANSWER = Answer(status=201, body='{"b": 1, "a": "商鼎"}', headers={"Location": "/v1/account"})
HASH = b"h" * 32
DAY = timedelta(hours=24)


class PlannedFaultError(Exception):
    pass


def find(
    session: Session, *, key: str = "k", request_hash: bytes = HASH, late: timedelta = timedelta()
) -> Answer | KeyRefusal | None:
    return find_answer(session, principal="citizen:1", key=key, request_hash=request_hash, now=NOON + late)


def keep(session: Session, *, key: str = "k", late: timedelta = timedelta()) -> None:
    keep_answer(session, principal="citizen:1", key=key, request_hash=HASH, answer=ANSWER, now=NOON + late)


def test_a_repeat_gets_the_same_answer_to_the_letter(database: Database) -> None:
    with database.transaction() as session:
        assert find(session) is None
        keep(session)
    with database.transaction() as session:
        assert find(session) == ANSWER


def test_another_body_is_told_so(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
    with database.transaction() as session:
        assert find(session, request_hash=b"o" * 32) is KeyRefusal.REUSED


def test_keys_of_two_principals_do_not_meet(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
    with database.transaction() as session:
        found = find_answer(session, principal="citizen:2", key="k", request_hash=HASH, now=NOON)
    assert found is None


def keep_and_fail(session: Session) -> None:
    keep(session)
    raise PlannedFaultError


def test_an_answer_goes_with_its_effect(database: Database) -> None:
    with pytest.raises(PlannedFaultError), database.transaction() as session:
        keep_and_fail(session)
    with database.transaction() as session:
        assert find(session) is None


def test_an_answer_is_kept_for_a_day_and_then_replaced(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
    with database.transaction() as session:
        assert find(session, late=DAY - timedelta(microseconds=1)) == ANSWER
        assert find(session, late=DAY) is None
        keep(session, late=DAY)
    with database.transaction() as session:
        assert find(session, late=DAY) == ANSWER


def test_purging_takes_what_is_old_and_no_more(database: Database) -> None:
    with database.transaction() as session:
        keep(session, key="old")
        keep(session, key="new", late=timedelta(seconds=1))
    with database.transaction() as session:
        assert purge_answers(session, NOON + DAY, limit=10) == 1
    with database.transaction() as session:
        assert find(session, key="old") is None
        assert find(session, key="new") == ANSWER


def test_purging_takes_a_portion_at_a_time(database: Database) -> None:
    with database.transaction() as session:
        for number in range(5):
            keep(session, key=f"old-{number}")
        assert [purge_answers(session, NOON + DAY, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_second_call_is_told_that_the_first_still_runs(postgresql_database: Database) -> None:
    database = postgresql_database
    with database.transaction() as first:
        assert find(first) is None
        with database.transaction() as second:
            assert find(second) is KeyRefusal.RUNNING
            assert find(second, key="another") is None
        keep(first)
    with database.transaction() as third:
        assert find(third) == ANSWER


def test_on_sqlite_a_second_call_waits_and_gets_the_answer(sqlite_database: Database) -> None:
    database, found = sqlite_database, []

    def repeat() -> None:
        with database.transaction() as second:
            found.append(find(second))

    with database.transaction() as first:
        assert find(first) is None
        thread = threading.Thread(target=repeat)
        thread.start()
        keep(first)
    thread.join()
    assert found == [ANSWER]


def test_many_repeats_at_once_have_one_effect(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE effect (id INTEGER)"))
    outcomes: list[Answer | KeyRefusal | None] = []

    def call() -> None:
        with database.transaction() as session:
            found = find(session)
            if found is None:
                session.execute(text("INSERT INTO effect VALUES (1)"))
                keep(session)
            outcomes.append(found)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.scalars(text("SELECT count(*) FROM effect")).one() == 1
    assert outcomes.count(None) == 1
    assert all(outcome in (None, KeyRefusal.RUNNING, ANSWER) for outcome in outcomes)


def test_planted_defect_keeping_without_looking_is_a_fault(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
    with pytest.raises(IntegrityError), database.transaction() as session:
        keep(session)
