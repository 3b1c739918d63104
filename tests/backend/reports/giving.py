"""Grants and merchants' questions, put straight into the tables: every state and day is what the test says."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.benefits.verification_tables import VerificationRow
from backend.grants.grant import OPEN, GrantState
from backend.grants.tables import GrantRow
from backend.visits.tables import VisitorUseRow
from scoring.days import CITY_TIME, day_of
from tests.backend.builders import add_person

SHOP = "city_library"
_orders = count(1)


def noon(day: str) -> datetime:
    """Noon in the city."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), CITY_TIME) + timedelta(hours=12)


def give(
    session: Session,
    subject_id: UUID,
    scenario: str,
    state: GrantState,
    day: str,
    *,
    via: str = "code",
    agreed_fen: int = 10_000,
    final_fen: int | None = None,
) -> UUID:
    """Add a grant of somebody that stands so now; an open one holds all that was agreed."""
    at, grant_id, is_open = noon(day), uuid4(), state in OPEN
    session.add(
        GrantRow(
            subject_id=subject_id,
            grant_id=grant_id,
            merchant=SHOP,
            order_no=f"order-{next(_orders)}",
            scenario=scenario,
            catalogue_version="test-1",
            via=via,
            state=state,
            agreed_fen=agreed_fen,
            held_fen=agreed_fen if is_open else 0,
            final_fen=final_fen,
            lasting_days=2,
            overdue_days=3,
            places="",
            granted_on=day_of(at),
            granted_at=at,
            due_at=at + timedelta(days=2) if is_open else None,
            closes_at=at + timedelta(days=5) if is_open else None,
            ended_at=None if is_open else at,
        )
    )
    session.flush()
    return grant_id


def note_use(session: Session, subject_id: UUID, grant_id: UUID) -> None:
    """Note that a grant was had by the word of a home city."""
    row = VisitorUseRow(
        subject_id=subject_id, grant_id=grant_id, partner="hangzhou", question_id=uuid4(), told_state=None
    )
    row.event_no, row.step, row.found_at = 0, 0, noon("2026-11-01")
    session.add(row)
    session.flush()


def ask(session: Session, day: str, scenario: str = "library_card", **values: Any) -> None:  # noqa: ANN401 - any column
    """Add a question of the shop that came to nothing, about somebody of whom we know unless told otherwise."""
    given: dict[str, Any] = {
        "merchant": SHOP,
        "order_no": f"order-{next(_orders)}",
        "verification_id": uuid4(),
        "digest": b"digest",
        "via": "code",
        "scenario": scenario,
        "asked_at": noon(day),
        "answered_at": noon(day),
        "answer": "not_granted",
        "reason": "not_available",
        "subject_id": add_person(session) if "subject_id" not in values else None,
    }
    session.add(VerificationRow(**(given | values)))
    session.flush()
