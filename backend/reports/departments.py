"""Departments side by side: how timely, how often refused, corrected and withdrawn, over days of receipt.

The figures are those of `quality`, over all indicators of a department. A rate of fewer than 20 rows stays untold: it
says nothing about a department, and may say something about somebody. How many rows came, in time or at all, and how
many had a fault of form is the department's own work, and exact. A row that waits because nobody knows whose it is, or
that was corrected or withdrawn, such as by an objection, is somebody's case: those are told as people are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from backend.impact.telling import LEAST_GROUP, tell_people
from backend.records.receipts import Outcome
from backend.reports.figures import Punctuality, Share
from backend.reports.quality import QualityFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentFigures:
    """The rates of one department; None where there are too few rows, or none that a clock or catalogue speaks of.

    `refused` and `quarantined` are shares of all rows handed in, `timely` of those with a legal deadline that can be
    judged, `checked` (in time, by us) of those of which that is known, `corrected` and `withdrawn` of accepted ones.
    Of `quarantined`, `corrected` and `withdrawn` both numbers are in whole tens; None also for 1 to 19 such rows.
    """

    department: str
    handed_in: int | None
    timely: Share | None
    checked: Share | None
    refused: Share | None
    quarantined: Share | None
    corrected: Share | None
    withdrawn: Share | None


def compare_departments(figures: Iterable[QualityFigures]) -> tuple[DepartmentFigures, ...]:
    """Compare departments by the figures of `measure_quality`, in the order of their codes."""
    order = sorted(figures, key=lambda each: each.department)
    return tuple(
        _compare(department, tuple(those)) for department, those in groupby(order, key=lambda each: each.department)
    )


def _compare(department: str, figures: tuple[QualityFigures, ...]) -> DepartmentFigures:
    handed_in = sum(each.handed_in for each in figures)
    return DepartmentFigures(
        department=department,
        handed_in=handed_in if handed_in >= LEAST_GROUP else None,
        timely=_add(_list_in_time(each.timeliness for each in figures)),
        checked=_add(_list_in_time(each.check for each in figures)),
        refused=_add(each.outcomes[Outcome.REFUSED] for each in figures),
        quarantined=_tell(each.outcomes[Outcome.QUARANTINED] for each in figures),
        corrected=_tell(each.corrected for each in figures),
        withdrawn=_tell(each.withdrawn for each in figures),
    )


def _list_in_time(clocks: Iterable[Punctuality | None]) -> Iterable[Share]:
    return (clock.in_time for clock in clocks if clock is not None)


def _add(shares: Iterable[Share]) -> Share | None:
    """Add shares up; None where the whole is too small to be told."""
    parts = [*shares]
    whole = sum(share.whole for share in parts)
    return Share(sum(share.part for share in parts), whole) if whole >= LEAST_GROUP else None


def _tell(shares: Iterable[Share]) -> Share | None:
    """Add shares up whose parts are cases of people; None where either number is too small to be told."""
    share = _add(shares)
    if share is None:
        return None
    part, whole = tell_people(share.part), tell_people(share.whole)
    return None if part is None or whole is None else Share(part, whole)
