"""Pausing: for a while nobody gives this person a benefit, and to merchants that is a no like any other."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.card_tables import CardEnd, end_card_rows
from backend.benefits.consent_tables import find_pause, put_pause
from backend.grants.places import open_account
from backend.people.tables import lock_subject
from backend.web.problems import ProblemCode, Refusal

MOST_DAYS = 366


def pause_benefits(session: Session, subject_id: UUID, until: datetime, *, now: datetime) -> datetime | Refusal:
    """Pause everything until a moment, and give it; another pause replaces the one before. Refusal: `window_refused`.

    Holds the person, so that no answer from before is on its way when this returns. What is in use goes on; cards end.
    """
    if not now < until <= now + timedelta(days=MOST_DAYS):
        return Refusal(ProblemCode.WINDOW_REFUSED, {"most_days": MOST_DAYS})
    lock_subject(session, subject_id)
    open_account(session, subject_id)
    put_pause(session, subject_id, until)
    end_card_rows(session, subject_id, because=CardEnd.PAUSED, now=now)
    return until


def resume_benefits(session: Session, subject_id: UUID) -> None:
    """End a pause; without one nothing changes."""
    lock_subject(session, subject_id)
    put_pause(session, subject_id, None)


def find_end_of_pause(session: Session, subject_id: UUID, *, now: datetime) -> datetime | None:
    """Find until when a person has paused everything; None where nothing is paused at `now`."""
    until = find_pause(session, subject_id)
    return until if until is not None and now < until else None
