"""Which days a report is about, where nobody names them, and which it may be asked about."""

from datetime import date

from backend.reports.counts import Span
from backend.reports.refusals import end_of_month
from backend.web.problems import ProblemCode, Refusal
from scoring.days import ONE_DAY

USUAL_DAYS = 30
LONGEST_DAYS = 366


def choose_span(first_on: date | None, last_on: date | None, *, today: date) -> Span:
    """Give the city days of a report: unless told otherwise it ends yesterday, with the last whole day, and has 30.

    Whoever tells, answers or draws figures of some days takes them from here, so that all of them say the same.
    """
    last = today - ONE_DAY if last_on is None else last_on
    first = date.fromordinal(max(last.toordinal() - (USUAL_DAYS - 1), 1)) if first_on is None else first_on
    return Span(first_on=first, last_on=last)


def choose_month(month: date | None, *, today: date) -> Span:
    """Give the first and last day of a month, named by any day of it; of the last month that is over unless told."""
    last = today.replace(day=1) - ONE_DAY if month is None else end_of_month(month)
    return Span(first_on=last.replace(day=1), last_on=last)


def find_period_refusal(span: Span, *, last: date) -> Refusal | None:
    """Refuse a span that ends before it begins, has more than 366 days, or ends after the day `last`."""
    if span.first_on <= span.last_on <= last and (span.last_on - span.first_on).days < LONGEST_DAYS:
        return None
    return Refusal(ProblemCode.PERIOD_REFUSED, {"longest": LONGEST_DAYS, "last": last.isoformat()})
