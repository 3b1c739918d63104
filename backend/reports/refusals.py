"""Why merchants' questions came to no benefit, by scenario and reason, over a whole month that is over.

Reasons are noted for the person alone, so an officer reads of groups of 20 and more, in whole tens, and of months
that cannot grow any more: from the figures of two days that follow each other one could take one person.
"""

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.benefits.verification_tables import CANNOT_SAY, NOT_GRANTED, PENDING, VerificationRow
from backend.impact.telling import tell_people
from backend.web.problems import ProblemCode, Refusal
from scoring.days import ONE_DAY, end_of

UNANSWERED = "unanswered"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalFigures:
    """A scenario in a month: people by reason in whole tens, the commonest first; None for too few to be told.

    Of a question about somebody who is not known here nobody can say whom it was about: each counts as a person.
    """

    scenario: str
    reasons: tuple[tuple[str, int | None], ...]


def find_month_refusal(month: date, *, today: date) -> Refusal | None:
    """Refuse a month that is not over; `month` is any day of it."""
    last = end_of_month(month)
    return None if last < today else Refusal(ProblemCode.MONTH_NOT_OVER)


def end_of_month(month: date) -> date:
    """Give the last day of a month."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def measure_refusals(session: Session, month: date) -> tuple[RefusalFigures, ...]:
    """Measure the questions of a month that came to nothing, by scenario; `month` is any day of it.

    The reason is the one noted for the person, else the one told to the merchant; `unanswered` where nobody answered.
    """
    row = VerificationRow
    since = end_of(month.replace(day=1) - ONE_DAY) + _MICROSECOND
    before = end_of(end_of_month(month)) + _MICROSECOND
    expired = row.expires_at.is_not(None) & row.because.is_(None)
    reason = case((expired, UNANSWERED), else_=func.coalesce(row.because, row.reason))
    unknown = func.sum(case((row.subject_id.is_(None), 1), else_=0))
    wanted = (
        select(row.scenario, reason, func.count(row.subject_id.distinct()) + unknown)
        .where(row.asked_at >= since, row.asked_at < before, row.answer.in_((NOT_GRANTED, CANNOT_SAY, PENDING)))
        .group_by(row.scenario, reason)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for scenario, why, people in session.execute(wanted):
        found[scenario][why] = int(people)
    return tuple(_close(scenario, found[scenario]) for scenario in sorted(found))


def _close(scenario: str, people: dict[str, int]) -> RefusalFigures:
    told = {why: tell_people(number) for why, number in people.items()}
    order = sorted(told, key=lambda why: (-(told[why] or 0), why))
    return RefusalFigures(scenario=scenario, reasons=tuple((why, told[why]) for why in order))
