"""Chains stop at the first link that does not hold, and tell how far they came; alike on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend.storage.chains import Chain, Link, give, table_of
from backend.storage.database import Database
from backend.storage.inserts import Insert
from backend.storage.tables import Row
from tests.databases import count_rows

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


class HallRow(DeclarativeBase):
    """The root of rows that no migration makes."""

    type_annotation_map = Row.type_annotation_map


class SeatRow(HallRow):
    """Seats of a hall, of which so many are taken."""

    __tablename__ = "test_seat"

    hall: Mapped[str] = mapped_column(primary_key=True)
    taken: Mapped[int]


class GuestRow(HallRow):
    """Who sits in a hall, and since when."""

    __tablename__ = "test_guest"

    name: Mapped[str] = mapped_column(primary_key=True)
    seated_at: Mapped[datetime]


SEATS, GUESTS = table_of(SeatRow), table_of(GuestRow)


def take_seat(insert: Insert) -> Insert:
    taken = SEATS.c.taken
    return insert.on_conflict_do_update(
        index_elements=["hall"], set_={"taken": taken + 1}, where=taken < give(taken, "seats")
    )


CHAIN = Chain(
    [
        Link(SeatRow, {"hall": "hall", "taken": "one"}, take_seat),
        Link(GuestRow, {"name": "name", "seated_at": "now"}),
        Link(SeatRow, {"hall": "cloakroom", "taken": "one"}, take_seat),
    ]
)


@pytest.fixture
def halls(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    for table in (SEATS, GUESTS):
        table.create(database.engine)
    yield database
    database.dispose()


def seat(database: Database, name: str, *, seats: int = 2) -> int:
    with database.transaction() as session:
        return CHAIN.run(
            session, {"hall": "big", "cloakroom": "small", "name": name, "now": NOON, "one": 1, "seats": seats}
        )


def test_a_chain_comes_as_far_as_its_guards_hold(halls: Database) -> None:
    assert [seat(halls, "ann"), seat(halls, "bob"), seat(halls, "cai")] == [3, 3, 0]
    assert count_rows(halls, "test_guest") == 2
    with halls.transaction() as session:
        session.execute(SEATS.update().where(SEATS.c.hall == "big").values(taken=0))
    assert seat(halls, "cai") == 2  # the cloakroom is full; what the others wrote stays
    assert count_rows(halls, "test_guest") == 3
    with pytest.raises(IntegrityError):  # as from any other statement
        seat(halls, "cai", seats=9)
    assert count_rows(halls, "test_guest") == 3
