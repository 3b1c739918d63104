from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.cli.purging import PORTION
from backend.clock import SystemClock
from backend.people.tables import UsedTicketRow, use_ticket
from backend.storage.database import Database
from backend.storage.idempotency import KEPT_FOR, Answer, find_answer, keep_answer
from tests.backend.cli.prompt import run

MINUTE = timedelta(minutes=1)


def keep(session: Session, key: str, kept_at: datetime) -> None:
    answer = Answer(status=201, body="{}")
    keep_answer(session, principal="citizen:1", key=key, request_hash=b"h", answer=answer, now=kept_at)


@pytest.fixture
def installation(environment: dict[str, str], database: Database) -> dict[str, str]:
    """An installation that holds one old and one live answer, and more old tickets than go into a portion."""
    now = SystemClock().now()
    with database.transaction() as session:
        keep(session, "old", now - KEPT_FOR - MINUTE)
        keep(session, "live", now - KEPT_FOR + 10 * MINUTE)
        old = [{"jti": f"old-{number}", "expires_at": now - MINUTE} for number in range(PORTION + 3)]
        session.execute(insert(UsedTicketRow), old)
        use_ticket(session, "live", expires_at=now + 10 * MINUTE)
    return environment


def test_what_is_old_goes_in_portions_and_the_rest_stays(installation: dict[str, str], database: Database) -> None:
    result = run(["purge"], installation)
    assert (result.exit_code, result.output) == (0, f"deleted 1 kept answers and {PORTION + 3} used tickets\n")
    with database.transaction() as session:
        found = find_answer(session, principal="citizen:1", key="live", request_hash=b"h", now=SystemClock().now())
        assert isinstance(found, Answer)
        assert session.scalars(select(UsedTicketRow.jti)).all() == ["live"]
        assert not use_ticket(session, "live", expires_at=SystemClock().now())


def test_purging_again_is_harmless(installation: dict[str, str], database: Database) -> None:
    assert run(["purge"], installation).exit_code == 0
    assert run(["purge"], installation).output == "deleted 0 kept answers and 0 used tickets\n"
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsedTicketRow)) == 1
