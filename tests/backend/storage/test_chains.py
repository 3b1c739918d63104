"""Chains stop at the first link that does not hold, and tell how far they came; alike on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import exists, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend.storage.chains import Chain, Change, Hold, Link, give, table_of
from backend.storage.database import Database
from backend.storage.inserts import Insert
from backend.storage.questions import Listing, ask_in_turn_within
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


LEAVE = Chain(
    [
        Change(GuestRow, {"seated_at": "later"}, [GUESTS.c.name == give(GUESTS.c.name, "name")]),
        Link(SeatRow, {"hall": "hall", "taken": "one"}, take_seat),
        Change(SeatRow, {"taken": "none"}, [SEATS.c.hall == give(SEATS.c.hall, "cloakroom")]),
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


def leave(database: Database, name: str, *, seats: int = 9) -> int:
    with database.short_transaction() as transaction:
        given = {"hall": "big", "cloakroom": "small", "name": name, "later": NOON, "one": 1, "none": 0, "seats": seats}
        return transaction.run(LEAVE, given)


def test_a_chain_changes_what_is_there_and_nothing_behind_what_is_not(halls: Database) -> None:
    assert seat(halls, "ann") == 3
    assert leave(halls, "bob") == 0
    assert count_rows(halls, "test_seat WHERE taken = 1") == 2
    assert leave(halls, "ann", seats=1) == 1
    assert leave(halls, "ann") == 3
    assert count_rows(halls, "test_seat WHERE taken = 0") == count_rows(halls, "test_seat WHERE taken = 2") == 1


def test_a_short_transaction_that_raises_leaves_nothing(halls: Database) -> None:
    given = {"hall": "big", "cloakroom": "small", "name": "ann", "now": NOON, "one": 1, "seats": 9}
    with pytest.raises(KeyError), halls.short_transaction() as transaction:
        given[str(transaction.run(CHAIN, given))]
    assert count_rows(halls, "test_seat") == 0
    assert seat(halls, "ann") == 3
    with pytest.raises(IntegrityError), halls.short_transaction() as transaction:
        transaction.run(CHAIN, given)
    assert count_rows(halls, "test_guest") == 1
    assert count_rows(halls, "test_seat WHERE taken = 1") == 2


ONCE = Chain(
    [
        Link(
            SeatRow,
            {"hall": "hall", "taken": "one"},
            lambda insert: insert.on_conflict_do_nothing(),
            [~exists(select(literal_column("1")).where(GUESTS.c.name == give(GUESTS.c.name, "unwanted")))],
        ),
        Hold(GuestRow, [GUESTS.c.name == give(GUESTS.c.name, "name")]),
    ]
)


def test_a_link_has_guards_and_a_hold_holds_who_is_there(halls: Database) -> None:
    assert seat(halls, "ann") == 3

    def hold(hall: str, name: str, unwanted: str) -> tuple[int, list[Any]]:
        values = {"hall": hall, "one": 1, "name": name, "unwanted": unwanted}
        with halls.transaction() as session:
            held, guests = ask_in_turn_within(session, values, ONCE, Listing(select(GUESTS.c.name)))
            return held, guests

    assert hold("new", "ann", "bob") == (2, [("ann",)])
    assert hold("new", "ann", "bob") == (0, [("ann",)])  # it is there
    assert hold("newer", "ann", "ann") == (0, [("ann",)])  # its guard does not hold
    assert hold("newer", "bob", "bob") == (1, [("ann",)])  # nobody to hold
