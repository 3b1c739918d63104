"""How long before its day people are told of an edition by which somebody loses.

The model is Art. 32 of the Regulations on Procedures for the Formulation of Rules (规章制定程序条例): rules of
government take force 30 days after they were published, or at once where waiting would stand in the way of carrying
them out. A rulebook is no such rule; to be bound like one is a choice of the city (`SHANGDING_RULE_NOTICE_DAYS`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from backend.clock import today
from backend.governance.states import is_ahead
from backend.impact.document import FORM
from scoring.days import ONE_DAY

_LOSSES = ("falls", "level_falls", "newly_suspended")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePeriod:
    """How many days before its day an edition is announced at least, and the first day that it may be for now.

    `is_adverse` tells whether somebody loses by it. Where nobody does, or it is urgent, `days` is 0: the deadline of
    the day before is all that counts then.
    """

    is_adverse: bool
    days: int
    first_on: date


def find_notice_period(
    comparisons: Sequence[Mapping[str, Any]], *, urgency: str | None, notice_days: int, now: datetime
) -> NoticePeriod:
    """Find how long before its day an edition must be announced, by the reports of its impact (their JSON form)."""
    is_adverse = any(_has_losers(each["report"]) for each in comparisons)
    days = notice_days if is_adverse and urgency is None else 0
    first_on = today(now) + timedelta(days=max(1, days))
    if not is_ahead(first_on, now):
        first_on += ONE_DAY
    return NoticePeriod(is_adverse=is_adverse, days=days, first_on=first_on)


def _has_losers(report: Mapping[str, Any]) -> bool:
    """Tell whether a report tells of anybody who loses; a count that is kept back (None) is of some people.

    What is taken away of a scenario, such as an amount or a place, is a loss, whoever would have used it.
    """
    if report.get("form") != FORM:  # what an older report tells is not told in this way: it is measured again
        return True
    return bool(report["narrowed"]) or any(count != 0 for count in _list_losses(report))


def _list_losses(report: Mapping[str, Any]) -> Iterator[int | None]:
    totals = report["totals"]
    yield from (totals[name] for name in _LOSSES)
    yield from (benefit["lost"] for benefit in report["benefits"])
