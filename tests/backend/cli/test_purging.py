import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.cli.purging import PORTION
from backend.clock import SystemClock
from backend.people.session_tables import SHOWN_FOR, NewSession, SignInSessionRow, add_session
from backend.people.tables import UsedTicketRow, use_ticket
from backend.storage.database import Database
from backend.storage.idempotency import KEPT_FOR, Answer, find_answer, keep_answer
from backend.storage.identifiers import new_id
from backend.storage.revocations import RevocationRow, revoke
from tests.backend.builders import add_person
from tests.backend.cli.prompt import run

MINUTE = timedelta(minutes=1)


def keep(session: Session, key: str, kept_at: datetime) -> None:
    answer = Answer(status=201, body="{}")
    keep_answer(session, principal="citizen:1", key=key, request_hash=b"h", answer=answer, now=kept_at)


def open_for(session: Session, expires_at: datetime, device: str) -> None:
    new = NewSession(
        subject_id=add_person(session),
        session_id=new_id(expires_at),
        method="ticket",
        device=device,
        opened_at=expires_at - MINUTE,
        proven_at=None,
        expires_at=expires_at,
    )
    add_session(session, new)


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
        for name, expires_at in (("old", now - SHOWN_FOR), ("live", now - SHOWN_FOR + 10 * MINUTE)):
            open_for(session, expires_at, device=name)
            revoke(session, f"client:{name}", now=now - MINUTE, until=expires_at + SHOWN_FOR)
    return environment


def test_what_is_old_goes_in_portions_and_the_rest_stays(installation: dict[str, str], database: Database) -> None:
    result = run(["purge"], installation)
    told = f"{PORTION + 3} used tickets, 0 used assertions, 1 sessions, 1 revocations, 0 pieces of files"
    assert (result.exit_code, result.output.startswith(f"deleted 1 kept answers, {told}, ")) == (0, True), result.output
    with database.transaction() as session:
        found = find_answer(session, principal="citizen:1", key="live", request_hash=b"h", now=SystemClock().now())
        assert isinstance(found, Answer)
        assert session.scalars(select(UsedTicketRow.jti)).all() == ["live"]
        assert session.scalars(select(SignInSessionRow.device)).all() == ["live"]
        assert session.scalars(select(RevocationRow.key)).all() == ["client:live"]
        assert not use_ticket(session, "live", expires_at=SystemClock().now())


def test_purging_again_is_harmless(installation: dict[str, str], database: Database) -> None:
    assert run(["purge"], installation).exit_code == 0
    again = run(["purge"], installation).output
    assert again.startswith("deleted 0 kept answers, 0 used tickets, 0 used assertions, "), again
    assert re.findall(r"[1-9]", again) == []
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsedTicketRow)) == 1
