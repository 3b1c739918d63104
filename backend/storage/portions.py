"""Portions of many rows in the order of a key: so many after a place, so that no statement reads more than a portion.

Whoever goes through all portions has read one index once, where there is one that leads with the key.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])
Key = Sequence[InstrumentedAttribute[Any]]
Place = tuple[Any, ...]


def order_after(rows: Rows, key: Key, after: Place) -> Rows:
    """Leave of `rows` those after a place, in the order of `key`, whose values `after` are; none of them may be NULL.

    `rows` has no lower bound of its own: beside a second one, PostgreSQL begins to read at the farther of the two.
    """
    return rows.where(tuple_(*key) > tuple(after)).order_by(*key)


def find_end_of_portion(
    session: Session, rows: Select[*tuple[Any, ...]], key: Key, after: Place, *, size: int
) -> Place | None:
    """Find the key of the last of the `size` rows after a place; None when there are fewer than so many.

    One is given also where nothing comes after it, which the next portion shows.
    """
    wanted = order_after(rows.with_only_columns(*key), key, after).offset(size - 1).limit(1)
    found = session.execute(wanted).one_or_none()
    return None if found is None else tuple(found)
