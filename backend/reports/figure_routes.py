"""Figures of the city: for officers in whole tens, for everybody so that nothing of a small group can be told."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.gateways.working_days import read_published_calendar
from backend.principals import PrincipalKind
from backend.reports import figure_examples as examples
from backend.reports.benefit_figures import measure_benefits
from backend.reports.city_report import Audience, read_people
from backend.reports.departments import compare_departments
from backend.reports.figure_descriptions import (
    describe_benefits,
    describe_departments,
    describe_dimensions,
    describe_people,
    describe_public_benefits,
    describe_refusals,
)
from backend.reports.figure_schemas import (
    BenefitsSchema,
    DepartmentsSchema,
    MonthQuerySchema,
    PublicFiguresSchema,
    RefusalsSchema,
    ScoresQuerySchema,
    ScoresSchema,
    SpanQuerySchema,
)
from backend.reports.figure_tables import find_picture
from backend.reports.periods import choose_month, choose_span, find_period_refusal
from backend.reports.public_figures import read_public_people
from backend.reports.quality import measure_quality
from backend.reports.refusals import find_month_refusal, measure_refusals
from backend.web.answers import Reply
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

ANYONE, OPERATOR = {PrincipalKind.ANYONE}, {PrincipalKind.OPERATOR}
READ = "reports:read"
SVG = "image/svg+xml"
# The pictures have their colours in style attributes, and nothing else that a browser could load or run.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

blueprint = Blueprint("figures", __name__, description="Figures of the city: scores, benefits, refusals, departments")


@blueprint.operation(
    "GET",
    "/figures",
    kinds=ANYONE,
    summary="Read the figures of the city: levels, points, drift and benefits, as lower bounds in whole twenties",
    response=PublicFiguresSchema,
    example=examples.PUBLIC_FIGURES,
    problems={ProblemCode.FIGURES_NOT_FOUND},
)
def get_figures(*, session: Session) -> Reply | Refusal:
    """Give the figures of the day that was counted last, and how far people have drifted in 30 days.

    Counts of people are lower bounds: each cell may hold up to 38 more. Every sum is of shown cells only.
    """
    people = read_public_people(session)
    if people is None:
        return Refusal(ProblemCode.FIGURES_NOT_FOUND)
    context, language = current_context(), current_notes().language
    found, rulebook = people.now, context.rules.rulebook_on(people.day)
    value = describe_people(found, people.drifts, rulebook, language)
    benefits = describe_public_benefits(found, context.benefits.catalogue_on(people.day), language)
    return _reply({**value, "benefits": benefits})


@blueprint.operation(
    "GET",
    "/figures/pictures/<code:picture>",
    kinds=ANYONE,
    summary="Look at the figures of the city: levels, points or benefits as SVG",
    media_type=SVG,
    example=examples.PICTURE,
    problems={ProblemCode.FIGURES_NOT_FOUND},
)
def get_figures_picture(*, picture: str, session: Session) -> Reply | Refusal:
    """Give a picture as it was drawn when the day was counted."""
    return _show(session, Audience.PUBLIC, picture)


@blueprint.operation(
    "GET",
    "/reports/scores",
    kinds=OPERATOR,
    scope=READ,
    summary="Read who is where on a counted day, in whole tens: levels, points, dimensions, and the drift",
    query=ScoresQuerySchema,
    response=ScoresSchema,
    example=examples.SCORES,
    problems={ProblemCode.FIGURES_NOT_FOUND},
)
def get_score_report(*, query: dict[str, Any], session: Session) -> Reply | Refusal:
    """Give the figures of a day; the drift since 30 days before, unless told otherwise."""
    people = read_people(session, Audience.OPERATORS, day=query["day"], since_on=query["since_on"])
    if people is None:
        return Refusal(ProblemCode.FIGURES_NOT_FOUND)
    language = current_notes().language
    rulebook = current_context().rules.rulebook_on(people.day)
    value = describe_people(people.now, people.drifts, rulebook, language)
    return _reply({**value, "dimensions": describe_dimensions(people.now, rulebook, language)})


@blueprint.operation(
    "GET",
    "/reports/benefits",
    kinds=OPERATOR,
    scope=READ,
    summary="Read what was given of each scenario over some days, what became of it, and amounts, in whole tens",
    query=SpanQuerySchema,
    response=BenefitsSchema,
    example=examples.BENEFITS,
    problems={ProblemCode.PERIOD_REFUSED},
)
def get_benefit_report(*, query: dict[str, Any], session: Session, now: datetime) -> Reply | Refusal:
    """Give the grants of some city days by scenario, those of visitors apart."""
    day = today(now)
    span = choose_span(query["from_on"], query["to_on"], today=day)
    refusal = find_period_refusal(span, last=day)
    if refusal is not None:
        return refusal
    figures = measure_benefits(session, span.first_on, span.last_on)
    days, benefits = (span.first_on, span.last_on), current_context().benefits
    return _reply(describe_benefits(figures, days, benefits, current_notes().language))


@blueprint.operation(
    "GET",
    "/reports/refusals",
    kinds=OPERATOR,
    scope=READ,
    summary="Read why merchants' questions of a month that is over came to nothing, without small groups",
    query=MonthQuerySchema,
    response=RefusalsSchema,
    example=examples.REFUSALS,
    problems={ProblemCode.MONTH_NOT_OVER},
)
def get_refusal_report(*, query: dict[str, Any], session: Session, now: datetime) -> Reply | Refusal:
    """Give people by scenario and reason."""
    day, wanted = today(now), query["month"]
    month = choose_month(None if wanted is None else date.fromisoformat(f"{wanted}-01"), today=day)
    refusal = find_month_refusal(month.last_on, today=day)
    if refusal is not None:
        return refusal
    days = (month.first_on, month.last_on)
    figures = measure_refusals(session, month.last_on)
    return _reply(describe_refusals(figures, days, current_context().benefits, current_notes().language))


@blueprint.operation(
    "GET",
    "/reports/departments",
    kinds=OPERATOR,
    scope=READ,
    summary="Compare departments: how timely, how often refused, corrected and withdrawn, over days of receipt",
    query=SpanQuerySchema,
    response=DepartmentsSchema,
    example=examples.DEPARTMENTS,
    problems={ProblemCode.PERIOD_REFUSED},
)
def get_department_report(*, query: dict[str, Any], session: Session, now: datetime) -> Reply | Refusal:
    """Give the rates of each department; those of fewer than 20 rows stay untold."""
    day = today(now)
    span = choose_span(query["from_on"], query["to_on"], today=day)
    refusal = find_period_refusal(span, last=day)
    if refusal is not None:
        return refusal
    rules = current_context().rules
    quality = measure_quality(session, span, rules=rules, calendar=read_published_calendar(), today=day)
    figures, days = compare_departments(quality), (span.first_on, span.last_on)
    return _reply(describe_departments(figures, days, rules.catalogue_on(day), current_notes().language))


@blueprint.operation(
    "GET",
    "/reports/pictures/<code:picture>",
    kinds=OPERATOR,
    scope=READ,
    summary="Look at the latest report as SVG: levels, points, dimensions, drift, benefits, refusals or departments",
    media_type=SVG,
    example=examples.PICTURE,
    problems={ProblemCode.FIGURES_NOT_FOUND},
)
def get_report_picture(*, picture: str, session: Session) -> Reply | Refusal:
    """Give a picture as it was drawn when the day was counted, over the 30 whole days before, or the month."""
    return _show(session, Audience.OPERATORS, picture)


def _show(session: Session, audience: Audience, name: str) -> Reply | Refusal:
    language = current_notes().language
    svg = find_picture(session, audience, name, language)
    if svg is None:
        return Refusal(ProblemCode.FIGURES_NOT_FOUND)
    current_notes().headers["Content-Security-Policy"] = PICTURE_POLICY
    return Reply(value=svg, headers={"Content-Language": language.value})


def _reply(value: dict[str, object]) -> Reply:
    return Reply(value=value, headers={"Content-Language": current_notes().language.value})
