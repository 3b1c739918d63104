import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.benefits import probe_tables
from backend.benefits.consent_tables import KEPT_FOR as CONSENTS_KEPT_FOR
from backend.benefits.probe_tables import ProbeWindowRow, count_miss, note_slowed
from backend.cli.purging import PORTION
from backend.clock import SystemClock
from backend.merchants.tables import add_merchant
from backend.people.session_tables import SHOWN_FOR, NewSession, SignInSessionRow, add_session
from backend.people.tables import ConsentRow, UsedTicketRow, add_consent, use_ticket
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


def test_windows_and_consents_go_when_nobody_needs_them_any_more(
    environment: dict[str, str], database: Database
) -> None:
    now = SystemClock().now()
    old, older = now - probe_tables.KEPT_FOR - MINUTE, now - probe_tables.SLOWED_KEPT_FOR - MINUTE
    with database.transaction() as session:
        called = {"name": "shop", "contact": "desk", "registered_at": older, "registered_by": "zhao"}
        add_merchant(session, {"code": "shop", **called})
        for starts_at, is_slowed in ((old, False), (old, True), (older, True), (now, False)):
            miss = "not_granted" if is_slowed else "code_unusable"
            count_miss(session, "shop", miss, starts_at)
            if is_slowed:
                note_slowed(session, "shop", miss, starts_at, now=starts_at)
        subject_id = add_person(session)
        ended_at = now - CONSENTS_KEPT_FOR
        consents = (("benefit_once", ended_at), ("benefit_once", ended_at + 10 * MINUTE), ("benefit", ended_at))
        for purpose, expires_at in consents:
            given = {
                "recipient": "merchant:shop",
                "scope": "*",
                "agreement_version": "1",
                "given_at": ended_at - MINUTE,
            }
            ids = {"subject_id": subject_id, "consent_id": new_id(now)}
            add_consent(session, ConsentRow(**ids, purpose=purpose, expires_at=expires_at, **given))
    result = run(["purge"], environment)
    assert "2 windows of misses, 1 consents for one answer, " in result.output
    with database.reading() as session:
        kept = session.execute(select(ProbeWindowRow.starts_at, ProbeWindowRow.slowed_at)).all()
        assert sorted((row[0], row[1] is not None) for row in kept) == [(old, True), (now, False)]
        ends = session.execute(select(ConsentRow.purpose, ConsentRow.expires_at)).all()
        assert sorted((row[0], row[1]) for row in ends) == [("benefit", ended_at), consents[1]]


def test_purging_again_is_harmless(installation: dict[str, str], database: Database) -> None:
    assert run(["purge"], installation).exit_code == 0
    again = run(["purge"], installation).output
    assert again.startswith("deleted 0 kept answers, 0 used tickets, 0 used assertions, "), again
    assert re.findall(r"[1-9]", again) == []
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsedTicketRow)) == 1
