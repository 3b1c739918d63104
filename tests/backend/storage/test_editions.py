from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from backend.storage.database import Database
from backend.storage.editions import (
    Edition,
    EditionKind,
    NewEdition,
    NotDone,
    announce_edition,
    find_deadline,
    find_settled_moment,
    list_editions,
    take_turn,
    withdraw_edition,
)
from scoring.days import day_of
from tests.backend.web.probe import NOON
from tests.databases import run_sql

NEW_YEAR = date(2027, 1, 1)
MOMENT = timedelta(microseconds=1)


def make(version: str = "2", effective_on: date = NEW_YEAR, kind: EditionKind = EditionKind.RULEBOOK) -> NewEdition:
    return NewEdition(kind=kind, version=version, effective_on=effective_on, digest="d", documents={"rulebook": "…"})


def announce(database: Database, new: NewEdition, now: datetime = NOON) -> Edition | NotDone:
    with database.transaction() as session:
        take_turn(session)
        return announce_edition(session, new, now=now)


def withdraw(database: Database, edition: Edition | NotDone, now: datetime = NOON) -> Edition | NotDone:
    assert isinstance(edition, Edition)
    with database.transaction() as session:
        take_turn(session)
        return withdraw_edition(session, edition.edition_id, now=now)


def test_nothing_about_a_day_is_decided_from_an_hour_before_it(database: Database) -> None:
    deadline = find_deadline(NEW_YEAR)
    assert deadline < find_settled_moment(NEW_YEAR)
    assert day_of(find_settled_moment(NEW_YEAR)) == NEW_YEAR - timedelta(days=1)
    assert announce(database, make(), deadline) is NotDone.TOO_LATE
    first = announce(database, make(), deadline - MOMENT)
    assert withdraw(database, first, deadline) is NotDone.TOO_LATE
    assert isinstance(withdraw(database, first, deadline - MOMENT), Edition)
    assert withdraw(database, first, deadline - MOMENT) is NotDone.ALREADY_WITHDRAWN
    with database.reading() as session:
        (kept,) = list_editions(session)
        assert (kept.withdrawn_at, kept.documents) == (deadline - MOMENT, {"rulebook": "…"})
    with database.transaction() as session:
        assert withdraw_edition(session, uuid4(), now=NOON) is NotDone.NOT_FOUND


def test_a_day_and_a_version_are_taken_until_they_are_withdrawn(database: Database) -> None:
    first = announce(database, make())
    assert announce(database, make("3")) is NotDone.DAY_TAKEN
    assert announce(database, make("2", date(2027, 2, 1))) is NotDone.VERSION_TAKEN
    assert isinstance(announce(database, make(kind=EditionKind.SCENARIOS)), Edition)
    withdraw(database, first)
    assert isinstance(announce(database, make()), Edition)


def test_of_two_who_announce_for_one_day_at_once_one_does(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: announce(database, make(str(number))), range(4)))
    assert sorted(type(each).__name__ for each in done) == ["Edition", "NotDone", "NotDone", "NotDone"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE edition SET version = '9'",
        "UPDATE edition SET urgency = 'x', withdrawn_at = announced_at WHERE withdrawn_at IS NULL",
        "UPDATE edition SET withdrawn_because = 'x' WHERE withdrawn_at IS NOT NULL",
        "UPDATE edition SET documents = '{}', withdrawn_at = announced_at WHERE withdrawn_at IS NULL",
        "UPDATE edition SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL",
        "DELETE FROM edition",
    ],
)
def test_an_edition_is_withdrawn_once_and_nothing_else_of_it_changes(database: Database, change: str) -> None:
    announce(database, make())
    withdraw(database, announce(database, make("3", date(2027, 2, 1))))
    with pytest.raises(DBAPIError, match="append-only"):
        run_sql(database, change)
