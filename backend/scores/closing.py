"""A person leaves: computing stops and the score is gone; what the law has put on record stays."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.people.account import close_account
from backend.scores.tables import forget_score
from backend.web.problems import ProblemCode, Refusal


def leave(session: Session, subject_id: UUID, *, because: str, now: datetime) -> Refusal | None:
    """Close the account (`closed` or `consent_withdrawn`) and delete the kept score (PIPL Art. 15, 47).

    A Refusal `not_enrolled` when no account is open. Records of statutory origin are untouched.
    """
    if not close_account(session, subject_id, because=because, now=now):
        return Refusal(ProblemCode.NOT_ENROLLED)
    forget_score(session, subject_id)
    return None
