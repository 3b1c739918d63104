"""All figures of the city as of the day that was counted last, for whoever reads or draws them."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules
from backend.gateways.working_days import WorkingCalendar
from backend.reports.benefit_figures import BenefitFigures, measure_benefits
from backend.reports.counts import Span
from backend.reports.departments import DepartmentFigures, compare_departments
from backend.reports.distribution import (
    Distribution,
    Drifts,
    find_days,
    measure_drifts,
    read_published,
    read_told,
)
from backend.reports.periods import USUAL_DAYS, choose_month, choose_span
from backend.reports.quality import measure_quality
from backend.reports.refusals import RefusalFigures, measure_refusals


class Audience(StrEnum):
    """Who reads figures."""

    PUBLIC = "public"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True, kw_only=True)
class CityPeople:
    """Who is where on the day that was counted last, and 30 days before, if it was counted then."""

    now: Distribution
    before: Distribution | None

    @property
    def day(self) -> date:
        """The day that was counted."""
        return self.now.counted.day

    @property
    def drifts(self) -> Drifts | None:
        """How far people have drifted between the two days."""
        return None if self.before is None else measure_drifts(self.before, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeFigures:
    """What officers alone read: benefits and departments over `span`, refusals over `month`, the last that is over.

    `day` is the one on which they were read, on which neither of the two goes on.
    """

    day: date
    span: Span
    month: Span
    benefits: tuple[BenefitFigures, ...]
    refusals: tuple[RefusalFigures, ...]
    departments: tuple[DepartmentFigures, ...]


def read_people(
    session: Session, audience: Audience, *, day: date | None = None, since_on: date | None = None
) -> CityPeople | None:
    """Read the last day that was counted (until `day`), and the last until 30 days before it (or `since_on`).

    None where no day was counted.
    """
    read = read_published if audience is Audience.PUBLIC else read_told
    found = find_days(session, day, since_on)
    if found is None:
        return None
    counted, earlier = found
    if since_on is None:
        before = find_days(session, counted.day - timedelta(days=USUAL_DAYS), None)
        earlier = None if before is None else before[0]
    return CityPeople(now=read(session, counted), before=None if earlier is None else read(session, earlier))


def read_office_figures(session: Session, today: date, *, rules: CityRules, calendar: WorkingCalendar) -> OfficeFigures:
    """Read what officers alone read on a day: over the 30 whole days until then, and the last whole month."""
    span, month = choose_span(None, None, today=today), choose_month(None, today=today)
    quality = measure_quality(session, span, rules=rules, calendar=calendar, today=today)
    return OfficeFigures(
        day=today,
        span=span,
        month=month,
        benefits=measure_benefits(session, span.first_on, span.last_on),
        refusals=measure_refusals(session, month.last_on),
        departments=compare_departments(quality),
    )
