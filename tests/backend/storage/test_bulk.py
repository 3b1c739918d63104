"""Rows written by the thousand against the same rows written one by one: the database cannot tell them apart."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Float

from backend.storage.bulk import insert_rows, insert_unless_known, is_one_of, update_rows
from backend.storage.database import Database
from backend.storage.postgres_texts import write_array
from backend.storage.tables import Row
from tests.backend.builders import NOON


class Sheet(DeclarativeBase):
    """Keeps the row of this test out of the schema of the application."""

    type_annotation_map = Row.type_annotation_map


class SampleRow(Sheet):
    """One column of each type that is written in bulk."""

    __tablename__ = "bulk_sample"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int | None]
    text: Mapped[str | None]
    moment: Mapped[datetime | None]
    day: Mapped[date | None]
    content: Mapped[dict[str, Any] | None]
    raw: Mapped[bytes | None]
    truth: Mapped[bool | None]


COLUMNS = ("key", "number", "text", "moment", "day", "content", "raw", "truth")
SHANGHAI = timezone(timedelta(hours=8))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["\\", "\\N", "\t", "\n", "\r\n", '"', "{}", ",", "NULL", "\\.", "郑交罚〔2026〕1号", "'"]
)
contents = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts, max_size=3)
moments = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.sampled_from([UTC, SHANGHAI]))  # noqa: DTZ001 - bounds are naive by hypothesis' own rule
samples = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | texts,
        st.none() | moments,
        st.none() | st.dates(date(1900, 1, 1), date(2150, 1, 1)),
        st.none() | contents,
        st.none() | st.binary(max_size=9),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SAMPLE: Any = SampleRow  # a row like any other, but of no table of the application


@pytest.fixture
def sheets(database_url: str) -> Iterator[Database]:
    """A database with the sample table."""
    database = Database(database_url)
    Sheet.metadata.create_all(database.engine)
    yield database
    Sheet.metadata.drop_all(database.engine)
    database.dispose()


def read(database: Database, keys: list[UUID]) -> list[tuple[Any, ...]]:
    """The rows with these keys, without the keys, in the order given."""
    with database.reading() as session:
        found = session.execute(select(*(getattr(SampleRow, name) for name in COLUMNS))).all()
    by_key = {row[0]: tuple(row[1:]) for row in found}
    return [by_key[key] for key in keys if key in by_key]


def test_all_at_once_is_as_one_by_one(sheets: Database) -> None:
    @QUIET
    @given(samples)
    def search(rows: list[tuple[Any, ...]]) -> None:
        ours, theirs = [uuid4() for _ in rows], [uuid4() for _ in rows]
        with sheets.transaction() as session:
            insert_rows(session, SAMPLE, COLUMNS, [(key, *row) for key, row in zip(ours, rows, strict=True)])
            for key, row in zip(theirs, rows, strict=True):
                session.execute(insert(SampleRow).values(dict(zip(COLUMNS, (key, *row), strict=True))))
        assert read(sheets, ours) == read(sheets, theirs) == rows

    search()


def test_updating_all_at_once_is_as_one_by_one(sheets: Database) -> None:
    names = ("number", "text", "moment", "day", "raw", "truth")

    @QUIET
    @given(samples)
    def search(rows: list[tuple[Any, ...]]) -> None:
        keys, other = [uuid4() for _ in rows], uuid4()
        changes = [(key, *row[:4], *row[5:]) for key, row in zip(keys, rows, strict=True)]
        with sheets.transaction() as session:
            insert_rows(session, SAMPLE, ("key", "number"), [(key, 7) for key in (*keys, other)])
            update_rows(session, SAMPLE, key="key", columns=names, values=changes)
        assert read(sheets, keys) == [(*row[:4], None, *row[5:]) for row in rows]
        assert read(sheets, [other]) == [(7, None, None, None, None, None, None)]

    search()


def test_what_is_known_is_passed_over(sheets: Database) -> None:
    known, new = uuid4(), uuid4()
    with sheets.transaction() as session:
        insert_rows(session, SAMPLE, ("key", "text"), [(known, "first")])
        insert_unless_known(
            session, SAMPLE, ("key", "text", "raw"), [(known, "x", b"\\"), (new, 'a"b', None)], key="key"
        )
    assert [row[1] for row in read(sheets, [known, new])] == ["first", 'a"b']


def test_rows_are_found_by_one_column_and_by_several(sheets: Database) -> None:
    keys = [uuid4() for _ in range(4)]
    with sheets.transaction() as session:
        insert_rows(session, SAMPLE, ("key", "number", "text"), [(key, n, f"t{n}") for n, key in enumerate(keys)])
    with sheets.reading() as session:
        by_key = is_one_of(session, [SampleRow.key], [(keys[0],), (keys[2],), (uuid4(),)])
        assert set(session.scalars(select(SampleRow.number).where(by_key))) == {0, 2}
        by_both = is_one_of(session, [SampleRow.number, SampleRow.text], [(1, "t1"), (2, "t3")])
        assert session.scalars(select(SampleRow.number).where(by_both)).all() == [1]


def test_nothing_is_nothing(sheets: Database) -> None:
    with sheets.transaction() as session:
        insert_rows(session, SAMPLE, COLUMNS, [])
        insert_unless_known(session, SAMPLE, COLUMNS, [], key="key")
        update_rows(session, SAMPLE, key="key", columns=("number",), values=[])


def test_a_fault_of_the_database_is_the_usual_one_and_names_no_value(sheets: Database) -> None:
    key = uuid4()
    with pytest.raises(IntegrityError) as caught, sheets.transaction() as session:
        insert_rows(session, SAMPLE, ("key", "text"), [(key, "a secret"), (key, "a secret")])
    assert "a secret" not in str(caught.value)
    assert read(sheets, [key]) == []


def test_what_only_one_engine_would_take_is_refused(sheets: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    for column, value in (("moment", naive), ("day", NOON), ("content", {"x": float("nan")})):
        with pytest.raises(Exception, match=r"zone|moment|Out of range|JSON"), sheets.transaction() as session:
            insert_rows(session, SAMPLE, ("key", column), [(uuid4(), value)])


def test_a_type_without_a_text_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no text form"):
        write_array(Float(), [1.5])
