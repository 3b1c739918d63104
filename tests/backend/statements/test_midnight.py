"""Calls on both sides of a midnight: whoever began first and got there last changes no day that another one saw end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.benefits.grant_proof import prove
from backend.clock import today
from backend.grants import life as grant_life
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant, GrantState
from backend.grants.life import Mover, cancel_reserved, lower, start
from backend.people.account import close_account
from backend.people.tables import open_enrolment
from backend.statements import closing
from backend.statements.closing import close_all, close_days
from backend.statements.tables import list_closed
from backend.storage.database import Database, StorageUnavailableError
from backend.web.problems import ProblemCode, Refusal
from scoring.days import end_of
from tests.backend.grants.giving import HOTEL, LIBRARY, NOON, make_scenario, settle_in, want
from tests.databases import migrated_database, run_sql

FIRST = today(NOON)
MIDNIGHT = end_of(FIRST)
EARLY, LATE = MIDNIGHT - timedelta(milliseconds=20), MIDNIGHT + timedelta(milliseconds=10)
LATER = MIDNIGHT + timedelta(days=4)
SHOP = Mover(Actor.MERCHANT, merchant=LIBRARY)


def give(database: Database, subject_id: UUID, *, reserved_minutes: int = 15) -> Grant:
    """A grant of the evening, for which eighty yuan are held."""
    scenario = make_scenario(lasting_days=1, reserved_minutes=reserved_minutes)
    with database.transaction() as session:
        given = give_grant(session, want(subject_id, scenario, amount_fen=8_000), now=EARLY)
    assert isinstance(given, Grant), given
    return given


def overtake(database: Database, grant: Grant, act: Callable[[Session], object]) -> object:
    """Lower a grant after midnight, and do what began before midnight as soon as that lets go of the account."""
    begun = Event()

    def follow() -> object:
        begun.set()
        with database.transaction() as session:
            return act(session)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert isinstance(lower(session, grant.grant_id, SHOP, 6_000, now=LATE), Grant)
            followed = pool.submit(follow)
            begun.wait()
            Event().wait(0.2)  # it waits for the account; were it slower, it would find more, and never less
        return followed.result()


def test_who_began_first_and_comes_last_does_not_come_before(database: Database) -> None:
    subject_id, leaver = settle_in(database, persons=2)
    lowered, started, cancelled = (give(database, subject_id) for _ in range(3))
    overtake(database, lowered, lambda session: lower(session, lowered.grant_id, SHOP, 5_000, now=EARLY))
    used = overtake(database, started, lambda session: start(session, started.grant_id, SHOP, now=EARLY))
    assert isinstance(used, Grant)
    assert (used.started_at, used.ends_at) == (LATE, LATE + timedelta(days=1))
    let_go = overtake(database, cancelled, lambda session: cancel_reserved(session, subject_id, now=EARLY))
    assert isinstance(let_go, list)
    assert {grant.ended_at for grant in let_go} == {LATE}
    with database.transaction() as session:
        assert open_enrolment(session, leaver, agreement_version="1", now=NOON)
    left, untouched = give(database, leaver), give(database, leaver)
    overtake(database, left, lambda session: close_account(session, leaver, because="closed", now=EARLY))
    assert close_all(database, now=LATER) == (8, {})
    check(database)
    assert find_states(database, untouched, left) == {GrantState.CANCELLED}


def test_who_leaves_while_a_grant_is_given_has_left_it(database: Database) -> None:
    (subject_id,) = settle_in(database)
    with database.transaction() as session:
        assert open_enrolment(session, subject_id, agreement_version="1", now=NOON)
    given = give(database, subject_id)
    with database.transaction() as session:
        assert close_account(session, subject_id, because="closed", now=EARLY - timedelta(milliseconds=5))
        again = give_grant(session, want(subject_id, make_scenario()), now=LATE)
        assert open_enrolment(session, subject_id, agreement_version="1", now=LATE + timedelta(seconds=1))
        anew = give_grant(session, want(subject_id, make_scenario()), now=LATE + timedelta(seconds=2))
        assert isinstance(again, Grant)
        assert isinstance(anew, Grant)
        for grant in (given, again):
            refused = start(session, grant.grant_id, SHOP, now=LATE + timedelta(seconds=3))
            assert isinstance(refused, Refusal)
            assert refused.code is ProblemCode.GRANT_ALREADY_CANCELLED
        assert isinstance(start(session, anew.grant_id, SHOP, now=LATE + timedelta(seconds=3)), Grant)
    check(database)


def check(database: Database) -> None:
    with database.reading() as session:
        assert [each for found in prove(session).values() for each in found] == []


def find_states(database: Database, *grants: Grant) -> set[str]:
    with database.reading() as session:
        found = [grant_life.look_at(session, grant.grant_id, SHOP, now=LATER) for grant in grants]
    return {grant.state for grant in found if isinstance(grant, Grant)}


def test_a_merchant_whose_day_cannot_be_closed_keeps_no_other_one_waiting(database: Database) -> None:
    (subject_id,) = settle_in(database)
    give(database, subject_id)
    run_sql(database, "UPDATE benefit_grant SET agreed_fen = agreed_fen + 1")
    done = close_all(database, now=LATER)
    assert (done.closed, list(done.faults)) == (4, [LIBRARY])
    assert "holds something else than its ledger" in str(done.faults[LIBRARY])
    with database.reading() as session:
        assert [len(list_closed(session, shop, before=None, limit=9)) for shop in (LIBRARY, HOTEL)] == [0, 4]
    run_sql(database, "UPDATE benefit_grant SET agreed_fen = agreed_fen - 1")
    assert close_all(database, now=LATER) == (4, {})


def test_those_to_whom_time_does_nothing_are_not_asked_for_ever(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with migrated_database(sqlite_url) as database:
        for subject_id in settle_in(database, persons=3):
            give(database, subject_id, reserved_minutes=0)
        monkeypatch.setattr(closing, "AT_ONCE", 2)
        asked: list[UUID] = []
        with monkeypatch.context() as patch:
            patch.setattr(closing, "settle_person", lambda _session, subject_id, **_: asked.append(subject_id))
            with pytest.raises(StorageUnavailableError, match="still being noted"):
                close_days(database, LIBRARY, until=FIRST, now=LATER)
        assert len(asked) == len(set(asked)) >= 2
        assert close_days(database, LIBRARY, until=FIRST, now=LATER) == 1
