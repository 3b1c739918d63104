from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from backend.scores.tables import NewScore, StoredScoreRow, find_kept_score, forget_score, keep_score
from backend.storage.database import Database
from tests.backend.builders import NOON, settle

TODAY = date(2026, 3, 2)
ONE_DAY = timedelta(days=1)


def make_score(**changes: Any) -> NewScore:  # noqa: ANN401 - whatever the test is about
    values: dict[str, Any] = {
        "facts_version": 5,
        "since": date(2026, 1, 1),
        "rules_digest": "2026.1",
        "computed_on": TODAY,
        "changes_on": None,
        "points": 104,
        "level": "B",
        "payload": {"lines": [{"points": 100}, {"points": 4}]},
    }
    return NewScore(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"facts_version": 6}, True),
        ({"facts_version": 6, "computed_on": TODAY - ONE_DAY}, True),
        ({"facts_version": 4}, False),
        ({"facts_version": 4, "computed_on": TODAY + ONE_DAY}, False),
        ({}, True),
        ({"rules_digest": "2026.2"}, True),
        ({"computed_on": TODAY + ONE_DAY}, True),
        ({"computed_on": TODAY - ONE_DAY}, False),
    ],
)
def test_a_score_gives_way_to_newer_facts_and_later_days_only(
    database: Database, changes: dict[str, Any], *, kept: bool
) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        assert keep_score(session, subject_id, make_score(), now=NOON)
        new = make_score(points=110, changes_on=TODAY + ONE_DAY, **changes)
        assert keep_score(session, subject_id, new, now=NOON + ONE_DAY) is kept
        row = session.get(StoredScoreRow, subject_id)
        assert row is not None
        assert (row.points, row.kept_at) == ((110, NOON + ONE_DAY) if kept else (104, NOON))
        assert row.changes_on == (TODAY + ONE_DAY if kept else None)
        assert row.payload == {"lines": [{"points": 100}, {"points": 4}]}


def test_of_many_at_once_the_newest_facts_stay(database: Database) -> None:
    subject_id = settle(database)

    def keep(version: int) -> None:
        with database.transaction() as session:
            keep_score(session, subject_id, make_score(facts_version=version, points=version), now=NOON)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, [3, 9, 1, 7, 12, 2, 8, 4, 11, 5, 10, 6]))
    with database.reading() as session:
        row = session.get(StoredScoreRow, subject_id)
        assert row is not None
        assert (row.facts_version, row.points) == (12, 12)


def test_a_score_can_be_forgotten(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        keep_score(session, subject_id, make_score(), now=NOON)
        forget_score(session, subject_id)
        assert session.get(StoredScoreRow, subject_id) is None


def test_nobody_unknown_has_a_score(database: Database) -> None:
    assert find_kept_score(database, uuid4()) is None
    with pytest.raises(IntegrityError), database.transaction() as session:
        keep_score(session, uuid4(), make_score(), now=NOON)
