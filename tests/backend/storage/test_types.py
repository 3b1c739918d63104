import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select
from sqlalchemy.exc import StatementError

from backend.storage.database import Database
from backend.storage.types import Day, Json, Moment

SAMPLE = Table(
    "typed_sample",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", Moment),
    Column("on", Day),
    Column("content", Json),
)
SQLITE = create_engine("sqlite://").dialect
POSTGRESQL = create_engine("postgresql+psycopg://").dialect
NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
YEARS = (NOON.replace(year=1900, tzinfo=None), NOON.replace(year=2200, tzinfo=None))


@pytest.fixture
def samples(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    SAMPLE.create(database.engine)
    yield database
    SAMPLE.drop(database.engine)
    database.dispose()


def keep(database: Database, **values: object) -> None:
    with database.transaction() as session:
        session.execute(SAMPLE.insert().values(**values))


def read(database: Database, column: str) -> Any:  # noqa: ANN401 - whatever the column holds
    with database.reading() as session:
        return session.scalars(select(SAMPLE.c[column]).order_by(SAMPLE.c.id)).all()


def test_a_moment_comes_back_in_utc_to_the_microsecond(samples: Database) -> None:
    keep(samples, id=1, at=NOON)
    (moment,) = read(samples, "at")
    assert moment == NOON
    assert moment.tzinfo is UTC or moment.utcoffset() == timedelta(0)


def test_moments_sort_and_compare_in_the_database(samples: Database) -> None:
    for number in range(3):
        keep(samples, id=number, at=NOON + timedelta(microseconds=number))
    with samples.reading() as session:
        later = session.scalars(select(SAMPLE.c.id).where(SAMPLE.c.at > NOON)).all()
    assert sorted(later) == [1, 2]


def test_a_naive_moment_is_refused(samples: Database) -> None:
    with pytest.raises(StatementError, match="only an aware moment can be stored"):
        keep(samples, id=1, at=NOON.replace(tzinfo=None))


def test_a_day_comes_back_and_a_moment_is_no_day(samples: Database) -> None:
    keep(samples, id=1, on=date(2026, 2, 28))
    assert read(samples, "on") == [date(2026, 2, 28)]
    with pytest.raises(StatementError, match="give the day it falls on"):
        keep(samples, id=2, on=NOON)


def test_json_comes_back_and_none_is_null(samples: Database) -> None:
    content = {"姓名": "不在此", "hours": 12, "nested": [{"a": None, "b": True}], "big": 2**60}
    keep(samples, id=1, content=content)
    keep(samples, id=2, content=None)
    assert read(samples, "content") == [content, None]
    with samples.reading() as session:
        assert session.scalars(select(SAMPLE.c.id).where(SAMPLE.c.content.is_(None))).all() == [2]


def test_json_refuses_what_is_no_json(samples: Database) -> None:
    with pytest.raises((StatementError, ValueError), match="not JSON compliant"):
        keep(samples, id=1, content={"points": math.nan})


@given(st.datetimes(*YEARS, timezones=st.timezones()))
def test_a_moment_survives_the_way_through_sqlite(moment: datetime) -> None:
    kept = Moment().process_bind_param(moment, SQLITE)
    assert kept is not None
    assert kept.tzinfo is None
    assert Moment().process_result_value(kept, SQLITE) == moment.astimezone(UTC)
    assert Moment().process_bind_param(moment, POSTGRESQL) == moment.astimezone(UTC)
