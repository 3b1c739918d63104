"""Notices: never lost, never held by two, sent until they are confirmed; and taken in once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from backend.partners.message_tables import NoticeRow, SeenNonceRow
from backend.partners.nonces import purge_nonces, use_nonce
from backend.partners.notices import (
    HeldNotice,
    NoticeKind,
    Waiting,
    hasten_notices,
    keep_taken,
    leave_notice,
    list_partners_with_notices,
    list_waiting,
    release_notices,
    settle_notice,
    take_in,
    take_notices,
)
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from tests.backend.partners.cities import NOON, THEIRS

SECOND = timedelta(seconds=1)
SUBJECT = UUID(int=7)
DIGEST = bytes(32)


def leave(session: Session, partner: str = THEIRS, now: datetime = NOON) -> UUID:
    """Leave a notice about somebody."""
    return leave_notice(
        session,
        partner=partner,
        kind=NoticeKind.WITHDRAWN,
        about=UUID(int=1),
        subject_id=SUBJECT,
        content={"question_ids": ["a"]},
        now=now,
    )


def take(database: Database, now: datetime, limit: int = 9) -> list[HeldNotice]:
    """Take what is due."""
    with database.transaction() as session:
        return take_notices(session, THEIRS, limit=limit, now=now)


def fail(database: Database, held: HeldNotice, now: datetime) -> bool:
    """Note that sending failed."""
    with database.transaction() as session:
        return settle_notice(session, held, fault="unreachable", now=now)


def test_a_notice_is_tried_until_it_is_confirmed(database: Database) -> None:
    with database.transaction() as session:
        notice_id = leave(session)
        assert list_waiting(session) == [Waiting(THEIRS, 1, 0, NOON)]
    assert is_due(database, NOON - SECOND)  # it was left by a clock that was ahead, and has been set back
    now, waits = NOON, []
    for _ in range(9):
        (held,) = take(database, now)
        assert fail(database, held, now)
        assert not fail(database, held, now)  # it holds it no more
        waits.append(next(step for step in range(1, 61) if is_due(database, now + step * SECOND)))
        now += waits[-1] * SECOND
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30, 30]
    (held,) = take(database, now)
    assert take(database, now + 59 * SECOND) == []
    (again,) = take(database, now + 60 * SECOND)  # the lease has run out, and another worker sends it as well
    with database.transaction() as session:
        assert settle_notice(session, held, confirmation={"deleted": ["a"]}, now=now)  # it is confirmed all the same
        assert not settle_notice(session, again, fault="unreachable", now=now)
        assert not settle_notice(session, held, confirmation={}, now=now)
        with pytest.raises(ValueError, match="either"):
            settle_notice(session, held, now=now)
        confirmed = session.get_one(NoticeRow, notice_id, populate_existing=True)
        assert (confirmed.confirmed_at, confirmed.attempts) == (now, 11)
        assert confirmed.confirmation == {"deleted": ["a"]}
        assert list_waiting(session) == []


def is_due(database: Database, now: datetime) -> bool:
    """Tell whether anything is due at a moment."""
    with database.reading() as session:
        return list_partners_with_notices(session, now) == [THEIRS]


def test_after_a_success_everything_is_due_at_once(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(3):
            leave(session)
        leave(session, "nanjing", NOON + 5 * SECOND)
    first, second, third = take(database, NOON)
    for held in (first, second):
        fail(database, held, NOON)
    with database.transaction() as session:
        settle_notice(session, third, confirmation={}, now=NOON)
        assert hasten_notices(session, THEIRS, NOON) == 2
    assert {each.notice_id for each in take(database, NOON)} == {first.notice_id, second.notice_id}
    with database.transaction() as session:
        assert hasten_notices(session, THEIRS, NOON) == 0  # what is held is not given to others


def test_what_was_not_sent_is_given_back_by_whoever_holds_it_still(database: Database) -> None:
    with database.transaction() as session:
        late, mine = leave(session), leave(session)
    held = take(database, NOON)
    later = NOON + timedelta(seconds=60)
    (theirs,) = take(database, later, limit=1)  # the lease has run out, and another worker has it
    assert theirs.notice_id == late
    with database.transaction() as session:
        release_notices(session, held, now=later)
        release_notices(session, [], now=later)
        attempts = {each: session.get_one(NoticeRow, each).attempts for each in (late, mine)}
    assert attempts == {late: 2, mine: 0}
    assert [each.notice_id for each in take(database, later)] == [mine]


def test_two_workers_never_hold_one_notice(postgresql_database: Database) -> None:
    workers, notices = 4, 40
    with postgresql_database.transaction() as session:
        for _ in range(notices):
            leave(session)
    barrier = Barrier(workers, timeout=10)

    def work(_: int) -> list[UUID]:
        barrier.wait()
        held: list[UUID] = []
        while taken := take(postgresql_database, NOON, limit=3):
            held += [each.notice_id for each in taken]
        return held

    with ThreadPoolExecutor(workers) as pool:
        times = Counter(each for held in pool.map(work, range(workers)) for each in held)
    assert len(times) == notices
    assert set(times.values()) == {1}


def test_a_notice_is_taken_in_once_and_a_nonce_used_once(database: Database) -> None:
    notices, workers = [uuid4() for _ in range(10)], 4
    barrier = Barrier(workers, timeout=10)

    def take_all(worker: int) -> list[object]:
        found: list[object] = []
        for notice_id in notices:
            barrier.wait()
            with database.transaction() as session:
                found.append(take_in(session, THEIRS, notice_id, DIGEST))
                if found[-1] is None:
                    confirmation, kind = {"by": worker}, "used"
                    keep_taken(
                        session, THEIRS, notice_id, digest=DIGEST, kind=kind, confirmation=confirmation, now=NOON
                    )
        return found

    def use(_: int) -> bool:
        barrier.wait()
        with database.transaction() as session:
            return use_nonce(session, THEIRS, "n" * 16, expires_at=NOON)

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(take_all, range(workers)))
        assert sorted(pool.map(use, range(workers))) == [False] * (workers - 1) + [True]
    with database.transaction() as session:
        for notice_id, *answers in zip(notices, *found, strict=True):
            winner = answers.index(None)
            assert take_in(session, THEIRS, notice_id, DIGEST) == {"by": winner}
            assert [each for each in answers if each is not None] == [{"by": winner}] * (workers - 1)
            assert take_in(session, THEIRS, notice_id, b"x" * 32) == Refusal(ProblemCode.NOTICE_REUSED)
        assert use_nonce(session, "nanjing", "n" * 16, expires_at=NOON + SECOND)
        assert purge_nonces(session, NOON, limit=9) == 1
        assert [row.partner for row in session.query(SeenNonceRow)] == ["nanjing"]
