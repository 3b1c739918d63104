"""The rulebook as everybody may read it: each rule with its figures, its basis, and where the figure comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

from backend.scores.wording import Wording
from scoring.catalogue import Indicator
from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Graded, Span, Streak, Validity
from scoring.rulebook import Exclusive, Limit, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a rule. `points_to` differs from `points` only where the deciding document sets the points."""

    when: str
    points: int
    points_to: int
    valid_months: int | None
    runs_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRule:
    """One rule in the reader's language."""

    rule_id: str
    name: str
    dimension: str
    indicator: str | None
    kind: str
    figures: tuple[Figure, ...]
    suspends_incentives: bool
    level_at_most: str | None
    repairable_after_months: int | None
    basis: str
    origin: str
    origin_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLimit:
    """One limit or highest-only group in the reader's language."""

    limit_id: str
    name: str
    rule_ids: tuple[str, ...]
    kind: str
    points: int | None
    basis: str
    origin: str
    origin_note: str | None


def publish_rules(wording: Wording) -> Iterator[PublishedRule]:
    """Word every rule of the rulebook."""
    for rule in wording.rulebook.rules:
        veto = rule.veto
        yield PublishedRule(
            rule_id=rule.id,
            name=wording.name(rule),
            dimension=rule.dimension,
            indicator=rule.indicator or None,
            kind=_kind_of(rule),
            figures=tuple(_figures_of(rule, wording)),
            suspends_incentives=veto is not None,
            level_at_most=veto.level_at_most.code if veto and veto.level_at_most else None,
            repairable_after_months=rule.repairable_after_months,
            basis=rule.grounds.basis,
            origin=rule.grounds.origin,
            origin_note=rule.grounds.origin_note or None,
        )


def publish_limits(wording: Wording) -> Iterator[PublishedLimit]:
    """Word every limit and highest-only group of the rulebook."""
    for group in wording.rulebook.exclusives:
        yield _publish_bound(group, wording, kind="highest_only", points=None)
    for limit in wording.rulebook.limits:
        points = limit.at_most if limit.at_most is not None else limit.at_least
        yield _publish_bound(limit, wording, kind="calendar_year" if limit.by_year else "in_force", points=points)


def _publish_bound(bound: Exclusive | Limit, wording: Wording, *, kind: str, points: int | None) -> PublishedLimit:
    return PublishedLimit(
        limit_id=bound.id,
        name=wording.name(bound),
        rule_ids=tuple(sorted(bound.rules)),
        kind=kind,
        points=points,
        basis=bound.grounds.basis,
        origin=bound.grounds.origin,
        origin_note=bound.grounds.origin_note or None,
    )


def _kind_of(rule: Rule) -> str:
    match rule.pricing:
        case Each():
            return "each"
        case ByTable():
            return "table"
        case Graded():
            return "graded"
        case Curve():
            return "curve"
        case Streak():
            return "streak"


def _figures_of(rule: Rule, wording: Wording) -> Iterator[Figure]:
    indicator = wording.rulebook.catalogue.indicators.get(rule.indicator)
    always = [describe_condition(condition, indicator) for condition in rule.conditions]
    match rule.pricing:
        case Each(points=points, validity=validity, times=times):
            unit = [f"× {times}"] if times else []
            yield _figure([*always, *unit], points, points, validity)
        case ByTable(rows=rows):
            for row in rows:
                here = describe_condition(row.condition, indicator)
                yield _figure([*always, here], row.points, row.points, row.validity)
        case Graded(least=least, most=most, validity=validity):
            yield _figure(always, least, most, validity)
        case Curve() as curve:
            yield from _figures_of_curve(curve, always)
        case Streak(points=points, most=most):
            yield Figure(
                when=f"× 1..{most}", points=points, points_to=points, valid_months=None, runs_from="calendar_year"
            )


def _figures_of_curve(curve: Curve, always: list[str]) -> Iterator[Figure]:
    start = 0
    for segment in curve.segments:
        here = f"{curve.field} {start + 1}..{segment.to or ''} ÷ {segment.per}"
        yield _figure([*always, here], segment.points, segment.points, curve.validity)
        start = segment.to or start
    for stair in curve.stairs:
        yield _figure([*always, f"{curve.field} ≥ {stair.from_amount}"], stair.points, stair.points, curve.validity)


def _figure(when: list[str], points: int, points_to: int, validity: Validity) -> Figure:
    runs_from = "day" if not validity.from_end else "end"
    return Figure(
        when="，".join(when), points=points, points_to=points_to, valid_months=validity.months, runs_from=runs_from
    )


def describe_condition(condition: Condition, indicator: Indicator | None) -> str:
    """Say when a figure applies: the labels of the choices, or the bounds with the item's unit."""
    item = indicator.items.get(condition.field) if indicator else None
    title = item.title if item else condition.field
    if isinstance(condition, Choice):
        labels = item.choices if item else {}
        return f"{title}：{'、'.join(sorted(labels.get(str(value), str(value)) for value in condition.allowed))}"
    return f"{title}：{_describe_span(condition)}{item.unit if item else ''}"


def _describe_span(span: Span) -> str:
    if span.least == span.most and span.least is not None:
        return str(span.least)
    return f"{'' if span.least is None else span.least}..{'' if span.most is None else span.most}"
