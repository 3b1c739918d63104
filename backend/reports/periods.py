"""Which days a report may be asked about."""

from datetime import date

from backend.reports.counts import Span
from backend.web.problems import ProblemCode, Refusal

LONGEST_DAYS = 366


def find_period_refusal(span: Span, *, last: date) -> Refusal | None:
    """Refuse a span that ends before it begins, has more than 366 days, or ends after the day `last`."""
    if span.first_on <= span.last_on <= last and (span.last_on - span.first_on).days < LONGEST_DAYS:
        return None
    return Refusal(ProblemCode.PERIOD_REFUSED, {"longest": LONGEST_DAYS, "last": last.isoformat()})
