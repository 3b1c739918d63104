"""Many kept scores at once: whose are found, whose are written, and that nobody waits and nobody returns."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.clock import today
from backend.people.tables import (
    close_enrolment,
    find_subject,
    lock_subject,
    open_enrolment,
    put_in_doubt,
    raise_facts_version,
)
from backend.scores.closing import leave
from backend.scores.current import Basis, is_right
from backend.scores.refresh_tables import Account, find_outdated, hold_unless_held, keep_scores
from backend.scores.tables import NewScore, StoredScoreRow, keep_score
from backend.storage.database import Database
from tests.backend.builders import NOON, add_person, settle
from tests.databases import migrated_database

DAY, RULES = date(2026, 3, 20), "1.2:digest"
ONE_DAY = timedelta(days=1)
NOW = NOON + timedelta(days=18)
OPENED = today(NOON)
STATES = ("open", "closed", "in doubt", "never", "opened twice", "organisation")


def make_score(**changes: Any) -> NewScore:  # noqa: ANN401 - whatever the test is about
    values: dict[str, Any] = {
        "facts_version": 2,
        "since": OPENED,
        "rules_digest": RULES,
        "computed_on": DAY,
        "changes_on": None,
        "points": 104,
        "level": "B",
        "payload": {"dimensions": {"ethics": 4}, "incentives_suspended": False, "in_force": ["ZZ-\\x\t\"'，"]},
    }
    return NewScore(**(values | changes))


KEPT = (
    None,
    make_score(),
    make_score(computed_on=DAY - ONE_DAY, changes_on=DAY + ONE_DAY),
    make_score(computed_on=DAY - ONE_DAY, changes_on=DAY),
    make_score(computed_on=DAY + ONE_DAY),
    make_score(facts_version=1),
    make_score(facts_version=1, computed_on=DAY + ONE_DAY),
    make_score(facts_version=3),
    make_score(since=OPENED - ONE_DAY),
    make_score(rules_digest="1.2:another"),
)


class Given(NamedTuple):
    """Somebody in some state, with a kept score or none, and what the files would say of him."""

    state: str
    kept: NewScore | None
    account: Account

    @property
    def is_open(self) -> bool:
        return self.state in {"open", "opened twice"} and self.account[1:] == (2, OPENED)

    @property
    def is_outdated(self) -> bool:
        kept = self.kept
        if kept is None or not self.is_open:
            return self.is_open
        gives_way = kept.facts_version < 2 or (kept.facts_version == 2 and kept.computed_on <= DAY)
        return gives_way and not is_right(kept, Basis(2, OPENED, RULES), DAY)


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    with migrated_database(postgresql_url) as database:
        yield database


def make_people(session: Session) -> list[Given]:
    """Make one of each sort that there can be."""
    accounts = ((2, OPENED), (1, OPENED), (2, OPENED + ONE_DAY), (2, OPENED - ONE_DAY))
    return [
        Given(state, kept, Account(_add(session, state, kept), *account))
        for state, kept, account in product(STATES, KEPT, accounts)
    ]


def _add(session: Session, state: str, kept: NewScore | None) -> UUID:
    subject_id = add_person(session)
    for _ in range(2):
        raise_facts_version(session, subject_id)
    row = find_subject(session, subject_id)
    assert row is not None
    if state == "organisation":
        row.kind = "enterprise"
    if state != "never":
        opened_at = NOON - 40 * ONE_DAY if state == "opened twice" else NOON
        open_enrolment(session, subject_id, agreement_version="1", now=opened_at)
    if state in {"closed", "opened twice"}:
        close_enrolment(session, subject_id, because="closed", now=NOON)
    if state == "opened twice":
        open_enrolment(session, subject_id, agreement_version="1", now=NOON)
    if state == "in doubt":
        put_in_doubt(row, "name_differs")
    session.flush()
    if kept is not None:
        keep_score(session, subject_id, kept, now=NOON)
    return subject_id


def read_kept(database: Database) -> dict[UUID, tuple[NewScore, datetime]]:
    """Read all kept scores, and when each was kept."""
    with database.reading() as session:
        return {row.subject_id: read_score(row) for row in session.query(StoredScoreRow)}


def read_score(row: StoredScoreRow) -> tuple[NewScore, datetime]:
    return NewScore(**{each.name: getattr(row, each.name) for each in fields(NewScore)}), row.kept_at


def test_whoever_is_behind_is_found_and_written_as_keep_score_would(database: Database) -> None:
    with database.transaction() as session:
        people = make_people(session)
    with database.reading() as session:
        found = find_outdated(session, [each.account for each in people], rules_digest=RULES, day=DAY)
    assert sorted(found) == sorted(each.account.subject_id for each in people if each.is_outdated)

    wanted = before = read_kept(database)
    scores = {
        each.account.subject_id: make_score(points=number, facts_version=each.account[1], since=each.account.since)
        for number, each in enumerate(people)
    }
    with database.transaction() as session:
        for each in people:
            if each.is_open:
                keep_score(session, each.account.subject_id, scores[each.account.subject_id], now=NOW)
        wanted = {row.subject_id: read_score(row) for row in session.query(StoredScoreRow)}
        session.rollback()
    assert before != wanted
    with database.transaction() as session:
        assert hold_unless_held(session, list(scores)) == set(scores)
        written = keep_scores(session, list(scores.items()), now=NOW)
    assert read_kept(database) == wanted
    assert written == sum(1 for each in wanted if wanted[each] != before.get(each))


def test_an_account_that_was_left_stays_without_a_score(database: Database) -> None:
    person, gone = settle(database), settle(database)
    with database.transaction() as session:
        for each in (person, gone):
            open_enrolment(session, each, agreement_version="1", now=NOON)
    with database.transaction() as session:
        assert leave(session, gone, because="closed", now=NOW) is None
    with database.transaction() as session:
        assert hold_unless_held(session, [person, gone]) == {person, gone}
        score = make_score(facts_version=0)
        assert keep_scores(session, [(person, score), (gone, score)], now=NOW) == 1
    assert read_kept(database).keys() == {person}


def test_whoever_is_held_is_passed_over_and_a_closing_waits(postgresql_database: Database) -> None:
    database = postgresql_database
    one, other = settle(database), settle(database)
    with database.transaction() as session:
        for each in (one, other):
            open_enrolment(session, each, agreement_version="1", now=NOON)
    with ThreadPoolExecutor(1) as pool, database.transaction() as holder:
        lock_subject(holder, other)
        with database.transaction() as session:
            assert hold_unless_held(session, [one, other]) == {one}
            with database.transaction(patient=False) as department:
                raise_facts_version(department, one)  # departments go on
            closing = pool.submit(close, database, one)
            assert keep_scores(session, [(one, make_score(facts_version=1))], now=NOW) == 1
            assert not closing.done()
        closing.result()
    assert read_kept(database) == {}


def close(database: Database, subject_id: UUID) -> None:
    with database.transaction() as session:
        assert leave(session, subject_id, because="closed", now=NOW) is None
