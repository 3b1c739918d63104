"""Questions ask the driver itself; what they give and refuse is what SQLAlchemy would."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    event,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, MultipleResultsFound

from backend.storage.database import Database, StorageUnavailableError, _refuse_dead
from backend.storage.questions import Question
from backend.storage.types import Day, Json, Moment
from tests.databases import run_sql

ANN, BOB, NOBODY = UUID(int=1), UUID(int=2), UUID(int=3)
THING = Table(
    "thing",
    MetaData(),
    Column("thing_id", Uuid(), primary_key=True),
    Column("kind", Text()),
    Column("seen_on", Day()),
    Column("seen_at", Moment()),
    Column("sealed", LargeBinary()),
    Column("content", Json()),
)
EVERYTHING = select(THING)
WANTED = EVERYTHING.where(THING.c.thing_id == bindparam("thing_id"), THING.c.kind == "100% :a")
WANTED_LATER = EVERYTHING.where(THING.c.seen_at > bindparam("moment"), THING.c.seen_on == bindparam("day"))


@pytest.fixture
def things(database_url: str) -> Iterator[Database]:
    """A database with two things: all that Ann's may hold is there, all that Bob's may lack is not."""
    database = Database(database_url)
    THING.create(database.engine)
    full = {
        "thing_id": ANN,
        "kind": "100% :a",
        "seen_on": date(2026, 3, 1),
        "seen_at": datetime(2026, 3, 1, 4, 5, 6, 789, UTC),
        "sealed": b"\x00\xff",
        "content": {"名": [1, 2.5, None]},
    }
    with database.transaction() as session:
        session.execute(THING.insert(), full)
        session.execute(THING.insert(), {"thing_id": BOB, "kind": "100% :a"})
    yield database
    THING.drop(database.engine)
    database.dispose()


@pytest.mark.parametrize("thing_id", [ANN, BOB, NOBODY])
def test_a_question_gives_what_a_session_gives(things: Database, thing_id: UUID) -> None:
    with things.reading() as session:
        row = session.execute(WANTED, {"thing_id": thing_id}).one_or_none()
    question = Question(WANTED)
    # psycopg prepares a statement on the server once it has seen it often.
    found = [things.ask(question, {"thing_id": thing_id}) for _ in range(7)]
    assert found == [None if row is None else tuple(row)] * 7
    assert (row is None) == (thing_id == NOBODY)


def test_values_are_written_by_their_types(things: Database) -> None:
    values: dict[str, Any] = {"moment": datetime(2026, 3, 1, 4, 5, 6, 788, UTC), "day": date(2026, 3, 1)}
    question = Question(WANTED_LATER)
    found = things.ask(question, values)
    assert found is not None
    assert found[0] == ANN
    assert things.ask(question, values | {"moment": datetime(2026, 3, 1, 4, 5, 6, 789, UTC)}) is None
    with pytest.raises(ValueError, match="no time zone"):
        things.ask(question, values | {"moment": datetime(2026, 3, 1)})  # noqa: DTZ001 - that is what is refused
    with pytest.raises(KeyError, match="day"):
        things.ask(question, {"moment": values["moment"]})


def test_a_question_has_one_answer(things: Database) -> None:
    with pytest.raises(MultipleResultsFound):
        things.ask(Question(EVERYTHING), {})


def test_a_question_has_no_list_among_its_values(things: Database) -> None:
    with pytest.raises(ValueError, match="a list among its values"):
        things.ask(Question(EVERYTHING.where(THING.c.thing_id.in_([ANN]))), {})


def test_what_was_committed_is_seen_and_what_was_not_is_not(things: Database) -> None:
    question = Question(select(THING.c.kind).where(THING.c.thing_id == bindparam("thing_id")))
    with things.transaction() as session:
        session.execute(text("UPDATE thing SET kind = 'changed'"))
        assert things.ask(question, {"thing_id": ANN}) == ("100% :a",)
    assert things.ask(question, {"thing_id": ANN}) == ("changed",)


def test_a_question_cannot_write_and_leaves_nothing_behind(database_url: str) -> None:
    database = Database(database_url, pool_size=1, pool_overflow=0)
    if database.dialect_name == "postgresql":
        asked = Question(select(func.current_setting("transaction_read_only") == "on"))
    else:
        asked = Question(select(literal_column("query_only")).select_from(text("pragma_query_only")))
    assert database.ask(asked, {}) in {(True,), (1,)}
    run_sql(database, "CREATE TABLE afterwards (id INTEGER)")  # the same connection may write again
    assert database.ask(asked, {}) in {(True,), (1,)}
    run_sql(database, "DROP TABLE afterwards")
    database.dispose()


def test_a_fault_of_the_statement_stays_what_it_is(things: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        things.ask(
            Question(select(literal_column("missing")).select_from(THING).where(THING.c.kind == bindparam("kind"))),
            {"kind": "秘密"},
        )
    assert "秘密" not in str(caught.value)
    assert things.ask(Question(WANTED), {"thing_id": ANN}) is not None


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.sqlite", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"])
def test_a_database_out_of_reach_is_unavailable(url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="try again later"):
        Database(url).ask(Question(WANTED), {"thing_id": ANN})


def test_an_exhausted_pool_is_unavailable(sqlite_url: str) -> None:
    database = Database(sqlite_url, pool_size=1, pool_overflow=0, wait_seconds=0.05)
    with database.reading() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(StorageUnavailableError, match="in use"):
            database.ask(Question(select(literal_column("1"))), {})
    database.dispose()


PID = Question(select(func.pg_backend_pid()))


def end_idle_connection(database: Database, url: str) -> None:
    """End the one idle connection of `database` from outside, and wait until the server has done so."""
    found = database.ask(PID, {})
    assert found is not None
    other = Database(url)
    run_sql(other, f"SELECT pg_terminate_backend({found[0]}, 5000)")
    other.dispose()


def test_a_connection_that_ended_while_idle_is_replaced(postgresql_url: str) -> None:
    database = Database(postgresql_url, pool_size=1)
    end_idle_connection(database, postgresql_url)
    assert database.ask(PID, {}) is not None
    end_idle_connection(database, postgresql_url)
    run_sql(database, "CREATE TABLE afterwards (id INTEGER)")
    run_sql(database, "DROP TABLE afterwards")
    database.dispose()


def test_planted_defect_nobody_looks_at_idle_connections(postgresql_url: str) -> None:
    database = Database(postgresql_url, pool_size=1)
    event.remove(database.engine, "checkout", _refuse_dead)
    end_idle_connection(database, postgresql_url)
    with pytest.raises(StorageUnavailableError):
        database.ask(PID, {})
    assert database.ask(PID, {}) is not None  # it was thrown away then
    database.dispose()
