from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.people.session_tables import (
    SHOWN_FOR,
    NewSession,
    add_link,
    add_session,
    end_sessions,
    find_link,
    find_linked_subject,
    find_session,
    list_sessions,
    mark_proven,
    purge_sessions,
    raise_generation,
    remove_link,
)
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from tests.backend.builders import NOON, add_person
from tests.databases import run_sql

HOUR = timedelta(hours=1)


def open_for(session: Session, subject_id: UUID, *, method: str = "ticket", opened_at: datetime = NOON) -> UUID:
    session_id = new_id(opened_at)
    new = NewSession(
        subject_id=subject_id,
        session_id=session_id,
        method=method,
        device=None,
        opened_at=opened_at,
        proven_at=None,
        expires_at=opened_at + HOUR,
    )
    add_session(session, new)
    return session_id


def test_the_step_is_taken_once_and_only_from_its_own_generation(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session)
        session_id = open_for(session, subject_id)
        steps = [
            raise_generation(
                session, subject_id, session_id, generation=generation, expires_at=NOON + 2 * HOUR, now=NOON
            )
            for generation in (2, 1, 1, 2)
        ]
        assert steps == [False, True, False, True]
        row = find_session(session, subject_id, session_id)
        assert row is not None
        assert (row.generation, row.used_at, row.expires_at) == (3, NOON, NOON + 2 * HOUR)


def test_no_step_is_taken_from_an_ended_or_expired_session(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session)
        ended, expired = open_for(session, subject_id), open_for(session, subject_id)
        later = NOON + HOUR / 2
        assert end_sessions(session, subject_id, because="signed_out", session_id=ended, now=later) == [ended]
        for session_id, now in ((ended, NOON), (expired, NOON + HOUR)):
            assert not raise_generation(session, subject_id, session_id, generation=1, expires_at=now + HOUR, now=now)


def test_sessions_are_ended_all_or_by_id_or_by_method_and_once(database: Database) -> None:
    with database.transaction() as session:
        mine, other = add_person(session), add_person(session)
        one, two = open_for(session, mine), open_for(session, mine, method="mini_program")
        three, strange = open_for(session, mine), open_for(session, other)
        assert end_sessions(session, mine, because="signed_out", session_id=strange, now=NOON) == []
        assert end_sessions(session, mine, because="unlinked", method="mini_program", now=NOON) == [two]
        assert end_sessions(session, mine, because="signed_out", session_id=one, now=NOON) == [one]
        assert end_sessions(session, mine, because="signed_out_everywhere", now=NOON) == [three]
        assert end_sessions(session, mine, because="signed_out_everywhere", now=NOON) == []
        found = {row.session_id: row.ended_because for row in list_sessions(session, mine, 10)}
        assert found == {one: "signed_out", two: "unlinked", three: "signed_out_everywhere"}
        row = find_session(session, other, strange)
        assert row is not None
        assert row.ended_at is None


def test_the_newest_sessions_come_first(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session)
        made = [open_for(session, subject_id, opened_at=NOON + number * HOUR) for number in range(3)]
        assert [row.session_id for row in list_sessions(session, subject_id, 2)] == [made[2], made[1]]


def test_a_fresh_proof_is_noted_for_its_session_alone(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session)
        one, two = open_for(session, subject_id), open_for(session, subject_id)
        mark_proven(session, subject_id, one, now=NOON + HOUR)
        found = [find_session(session, subject_id, session_id) for session_id in (one, two)]
        assert [row and row.proven_at for row in found] == [NOON + HOUR, None]


def test_sessions_are_forgotten_thirty_days_after_their_end_in_portions(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session)
        for _ in range(3):
            open_for(session, subject_id)
        live = open_for(session, subject_id, opened_at=NOON + HOUR)
        now = NOON + HOUR + SHOWN_FOR
        assert purge_sessions(session, now - timedelta(microseconds=1), limit=10) == 0
        assert [purge_sessions(session, now, limit=2) for _ in range(3)] == [2, 1, 0]
        assert [row.session_id for row in list_sessions(session, subject_id, 10)] == [live]


def test_a_link_joins_one_account_and_one_person(database: Database) -> None:
    with database.transaction() as session:
        mine, other = add_person(session), add_person(session)
        assert add_link(session, mine, digest=b"a", key_id="k1", now=NOON)
        assert not add_link(session, mine, digest=b"b", key_id="k1", now=NOON)
        assert not add_link(session, other, digest=b"a", key_id="k1", now=NOON)
        assert add_link(session, other, digest=b"b", key_id="k1", now=NOON)
        assert [find_linked_subject(session, [b"x", digest]) for digest in (b"a", b"b", b"c")] == [mine, other, None]
        assert [remove_link(session, mine), remove_link(session, mine)] == [True, False]
        assert (find_link(session, mine), find_linked_subject(session, [b"a"])) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        "method = 'guess'",
        "generation = 0",
        "ended_because = 'bored', ended_at = expires_at",
        "ended_because = 'reused'",
        "ended_at = expires_at",
        "ended_because = 'reused', ended_at = opened_at",
        "subject_id = session_id",
    ],
)
def test_a_session_that_contradicts_itself_is_refused(database: Database, change: str) -> None:
    with database.transaction() as session:
        open_for(session, add_person(session))
    with pytest.raises(IntegrityError):
        run_sql(database, f"UPDATE sign_in_session SET {change}")  # noqa: S608 - the changes stand above
