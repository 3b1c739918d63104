from datetime import UTC, datetime, timedelta

import pytest

from backend.clock import FixedClock
from backend.storage.database import Database
from backend.storage.moved_clock import FARTHEST, MovedClock, is_sandbox, mark_as_sandbox, move_clock

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def move(database: Database, ahead: timedelta) -> bool:
    with database.transaction() as session:
        return move_clock(session, ahead)


def test_a_clock_is_moved_for_everybody_forward_only_and_not_too_far(database: Database) -> None:
    clock = MovedClock(FixedClock(NOON), database)
    with pytest.raises(LookupError, match="no sandbox"):
        clock.now()
    assert not move(database, DAY)
    with database.transaction() as session:
        assert not is_sandbox(session)
        mark_as_sandbox(session)
        assert is_sandbox(session)
    assert clock.now() == NOON
    assert [move(database, ahead) for ahead in (DAY, DAY, DAY / 2, FARTHEST + DAY)] == [True, True, False, False]
    assert (clock.now(), clock.machine_now()) == (NOON + DAY, NOON)
    assert MovedClock(FixedClock(NOON), database).now() == NOON + DAY
    assert move(database, FARTHEST)
