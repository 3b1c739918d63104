import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from backend.storage.database import Database, StorageUnavailableError
from backend.storage.revocations import Revocations, purge_revocations, revoke
from tests.backend.web.probe import NOON
from tests.databases import migrated_database, run_sql

HOUR = timedelta(hours=1)
ALWAYS = timedelta(0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with migrated_database(database_url) as made:
        yield made


def end(database: Database, key: str) -> None:
    with database.transaction() as session:
        revoke(session, key, now=NOON, until=NOON + HOUR)


def test_what_was_issued_up_to_the_revocation_is_refused_and_what_came_later_is_not(database: Database) -> None:
    end(database, "session:1")
    known = Revocations(database, fresh_for=ALWAYS)
    found = [
        known.is_revoked(("citizen:1", "session:1"), NOON + step, NOON)
        for step in (-timedelta(minutes=5), ALWAYS, timedelta(milliseconds=1))
    ]
    assert found == [True, True, False]


def test_another_key_is_none_of_it(database: Database) -> None:
    end(database, "session:1")
    known = Revocations(database, fresh_for=ALWAYS)
    assert not known.is_revoked(("session:2", "citizen:1"), NOON - HOUR, NOON)


def test_a_second_revocation_of_a_key_reaches_further(database: Database) -> None:
    end(database, "session:1")
    with database.transaction() as session:
        revoke(session, "session:1", now=NOON + HOUR, until=NOON + 2 * HOUR)
    assert Revocations(database, fresh_for=ALWAYS).is_revoked(("session:1",), NOON + HOUR, NOON + HOUR)


def test_between_two_readings_the_database_is_left_alone(database: Database) -> None:
    known = Revocations(database, fresh_for=HOUR)
    assert not known.is_revoked(("session:1",), NOON, NOON)
    end(database, "session:1")
    assert not known.is_revoked(("session:1",), NOON, NOON)  # the copy is used, as long as it is fresh
    assert Revocations(database, fresh_for=HOUR).is_revoked(("session:1",), NOON, NOON)


def test_a_clock_that_is_set_back_does_not_make_old_news_fresh(database: Database) -> None:
    known = Revocations(database, fresh_for=timedelta(milliseconds=1))
    assert not known.is_revoked(("session:1",), NOON, NOON)
    with time_machine.travel(NOON - 10 * HOUR):
        end(database, "session:1")
        time.sleep(0.01)
        assert known.is_revoked(("session:1",), NOON, NOON)


def test_who_cannot_know_says_so(database: Database) -> None:
    known = Revocations(database, fresh_for=ALWAYS)
    assert not known.is_revoked(("session:1",), NOON, NOON)
    run_sql(database, "DROP TABLE revocation")
    with pytest.raises(Exception, match="revocation"):
        known.is_revoked(("session:1",), NOON, NOON)


def test_a_database_that_is_away_is_not_taken_for_no_revocation(sqlite_url: str) -> None:
    gone = Database(sqlite_url.replace("test.sqlite", "no-such-folder/test.sqlite"))
    with pytest.raises(StorageUnavailableError):
        Revocations(gone, fresh_for=ALWAYS).is_revoked(("session:1",), NOON, NOON)


def test_what_has_expired_is_forgotten(database: Database) -> None:
    end(database, "session:1")
    end(database, "session:2")
    with database.transaction() as session:
        assert purge_revocations(session, NOON, limit=10) == 0
        assert purge_revocations(session, NOON + HOUR, limit=1) == 1
        assert purge_revocations(session, NOON + HOUR, limit=10) == 1
