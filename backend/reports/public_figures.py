"""The figures for everybody, worked out once for each day that is counted: kept figures are never changed."""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from backend.reports.city_report import Audience, CityPeople, read_people
from backend.reports.figure_tables import find_day

_kept: WeakKeyDictionary[Engine | Connection, CityPeople] = WeakKeyDictionary()


def read_public_people(session: Session) -> CityPeople | None:
    """Read who is where as the public may know it, on the day that was counted last; None before the first."""
    latest = find_day(session)
    if latest is None:
        return None
    source: Any = session.get_bind()
    kept = _kept.get(source)
    if kept is None or kept.day != latest.day:
        kept = read_people(session, Audience.PUBLIC, day=latest.day)
        if kept is not None:
            _kept[source] = kept
    return kept
