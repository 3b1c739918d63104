"""Portions of all sizes, one after the other, give every row once and in order; alike on both engines."""

from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend.storage.chains import table_of
from backend.storage.database import Database
from backend.storage.portions import Place, find_end_of_portion, order_after


class CellarRow(DeclarativeBase):
    """The root of rows that no migration makes."""


class BarrelRow(CellarRow):
    """Barrels, each in a place of a shelf, half of them full."""

    __tablename__ = "test_barrel"

    shelf: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    is_full: Mapped[bool]


KEY = BarrelRow.shelf, BarrelRow.place
BARRELS = list(product(range(3), range(4)))
FULL = [(shelf, place) for shelf, place in BARRELS if (shelf + place) % 2]
BEGINNING: Place = (-1, 0)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 7])
def test_portions_give_every_row_once_and_in_order(database_url: str, size: int) -> None:
    database, wanted = Database(database_url), select(*KEY).where(BarrelRow.is_full)
    table_of(BarrelRow).create(database.engine)
    found, sizes, after = list[Place](), list[int](), BEGINNING
    with database.transaction() as session:
        session.add_all(BarrelRow(shelf=each[0], place=each[1], is_full=each in FULL) for each in reversed(BARRELS))
        session.flush()
        while after and len(found) <= len(FULL):
            rows = session.execute(order_after(wanted, KEY, after).limit(size)).all()
            found += [tuple(row) for row in rows]
            sizes.append(len(rows))
            after = find_end_of_portion(session, wanted, KEY, after, size=size) or ()
    table_of(BarrelRow).drop(database.engine)
    database.dispose()
    assert found == FULL
    assert sizes == [size] * (len(FULL) // size) + [len(FULL) % size]
