"""What home cities said is forgotten when it may be used no more; a sweep does it, and nobody believes it meanwhile.

That they were asked stays for the visitor to see, for three years.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.partners.partners import find_partner
from backend.partners.tables import list_ended_partners
from backend.people.tables import lock_subject
from backend.storage.database import Database
from backend.visits.endings import AT_ONCE, Ended, end_answer
from backend.visits.tables import (
    find_question_of,
    list_of_partners,
    list_outlived,
    purge_questions,
    purge_withdrawn,
)

# Longer than any answer or card can be on its way.
WITHDRAWN_KEPT_FOR = timedelta(days=400)
# As long as the home city keeps on record what it told (PIPL Art. 55 and 56), so that the visitor finds both together.
QUESTIONS_KEPT_FOR = timedelta(days=3 * 366)


def purge_answers(database: Database, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Forget the content of at most `limit` answers that are over, each in a transaction of its own; gives how many.

    Over is also what a city has said that is no partner any more. While it gives any there may be more. Raises
    StorageUnavailableError.
    """
    with database.reading() as session:
        over = list_outlived(session, now, limit=limit)
        ended = list_ended_partners(session)
        if ended:
            over += list_of_partners(session, ended, limit=limit)
    for subject_id, question_id in over[:limit]:
        _forget(database, subject_id, question_id, now=now)
    return len(over[:limit])


def forget_withdrawals(session: Session, now: datetime, *, limit: int = AT_ONCE) -> int:
    """Forget at most `limit` withdrawals of so long ago that nothing can come any more that they speak against."""
    return purge_withdrawn(session, now - WITHDRAWN_KEPT_FOR, limit=limit)


def forget_questions(session: Session, now: datetime, *, limit: int = AT_ONCE) -> int:
    """Forget at most `limit` questions of three years ago of whose answer nothing is kept; gives how many.

    Whatever a home city may still say to one is taken as what is said to a question that nobody knows.
    """
    return purge_questions(session, now - QUESTIONS_KEPT_FOR, limit=limit)


def _forget(database: Database, subject_id: UUID, question_id: UUID, *, now: datetime) -> None:
    with database.transaction() as session:
        lock_subject(session, subject_id)
        row = find_question_of(session, subject_id, question_id)
        if row is None or row.until is None:
            return
        partner = find_partner(session, row.partner)
        if partner is None or partner.is_ended:
            end_answer(session, row, Ended.PARTNER_ENDED, now=now)
        elif row.until <= now:  # it may have been corrected meanwhile
            end_answer(session, row, Ended.OUTLIVED, now=now)
