"""What is wrong with a rulebook by its rules alone: overlaps, rules that can never apply, gaps.

The items of an indicator span a space; each rule covers boxes of it. Two rules that share a point of the space would
both match one record; a rule without a point can never apply; a point that no rule covers is a gap.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple, TypeAlias

from scoring.catalogue import Indicator, Item
from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Graded, Span, Streak
from scoring.rulebook import Rule, Rulebook

Box: TypeAlias = Mapping[str, Condition]


class Region(NamedTuple):
    """One box of a rule's cover, with the words that point to it in a fault."""

    rule: Rule
    place: str
    box: Box


class Gap(NamedTuple):
    """A stretch of an indicator's items that no rule counts."""

    indicator: str
    where: str


def find_defects(rulebook: Rulebook) -> list[str]:
    """Say what makes a rulebook unusable: ids that stand twice, overlaps, dead rules, senseless groups and limits."""
    found = list(_find_repeated_ids(rulebook))
    for code, rules in rulebook.rules_by_indicator.items():
        space = _space_of(rulebook.catalogue.indicators[code])
        regions = [region for rule in rules for region in _regions_of(rule)]
        found.extend(_find_dead(regions, space))
        found.extend(_find_overlaps(regions, space))
    found.extend(_find_senseless_bounds(rulebook))
    found.extend(_find_huge_figures(rulebook))
    found.extend(_find_unfair_bounds(rulebook))
    found.extend(_find_idle_extras(rulebook))
    return found


def find_gaps(rulebook: Rulebook) -> list[Gap]:
    """List what is left unscored of every indicator that some rule counts, what is declared `unscored` aside."""
    gaps: list[Gap] = []
    for code, rules in rulebook.rules_by_indicator.items():
        left = [_space_of(rulebook.catalogue.indicators[code])]
        meant = [_box(each.conditions) for each in rulebook.unscored if each.indicator == code]
        for box in meant:
            left = [rest for piece in left for rest in _subtract(piece, box)]
        for rule in rules:
            for box in [region.box for region in _regions_of(rule)] + list(_meant_gaps(rule)):
                left = [rest for piece in left for rest in _subtract(piece, box)]
        gaps.extend(Gap(code, _describe(piece)) for piece in left)
    return gaps


def find_unscored_indicators(rulebook: Rulebook) -> list[str]:
    """List the codes of indicators that are collected but that no rule counts."""
    return sorted(rulebook.catalogue.indicators.keys() - rulebook.rules_by_indicator.keys())


def _find_repeated_ids(rulebook: Rulebook) -> Iterator[str]:
    ids = [each.id for group in (rulebook.rules, rulebook.exclusives, rulebook.limits) for each in group]
    codes = [each.code for each in rulebook.levels], [each.code for each in rulebook.dimensions]
    for named in codes:
        for repeated in sorted({each for each in named if named.count(each) > 1}):
            yield f"{repeated}: stands twice; each level and each dimension needs a code of its own"
    for repeated in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"{repeated}: stands twice; each rule, group and limit needs an id of its own"


def _find_dead(regions: list[Region], space: Box) -> Iterator[str]:
    for region in regions:
        if _intersect(space, region.box) is None:
            yield f"{region.place}: can never apply; no value of the catalogue's items meets {_describe(region.box)}"


def _find_overlaps(regions: list[Region], space: Box) -> Iterator[str]:
    for one, other in combinations(regions, 2):
        within = _intersect(space, one.box)
        shared = within and _intersect(within, other.box)
        if shared is not None and within is not None:
            yield (
                f"{one.place} and {other.place}: both match {_describe(shared)};"
                " let their conditions differ, at most one may match a record"
            )


def _find_senseless_bounds(rulebook: Rulebook) -> Iterator[str]:
    for group in rulebook.exclusives:
        for rule_id in sorted(group.rules):
            if _adds_nothing(rulebook.rule(rule_id)):
                yield f"{group.id}: {rule_id} adds no points; only plus rules can exclude one another"
    for limit in rulebook.limits:
        if limit.at_most is not None and all(_adds_nothing(rulebook.rule(each)) for each in limit.rules):
            yield f"{limit.id}: can never bite; none of its rules adds points"
        if limit.at_least is not None and not any(_adds_nothing(rulebook.rule(each)) for each in limit.rules):
            yield f"{limit.id}: can never bite; none of its rules deducts points"
        if limit.by_year and any(not rulebook.rule(each).indicator for each in limit.rules):
            yield f'{limit.id}: a streak belongs to no single year; use per = "in_force"'


def _find_unfair_bounds(rulebook: Rulebook) -> Iterator[str]:
    """Find bounds under which one more good deed could cost points: what one of them keeps, the next would cut."""
    dimensions = {rule.id: rule.dimension for rule in rulebook.rules}
    bounds = [(group.id, group.rules) for group in rulebook.exclusives]
    bounds += [(limit.id, limit.rules) for limit in rulebook.rule_limits]
    for bound_id, rules in bounds:
        if len({dimensions[rule_id] for rule_id in rules}) > 1:
            yield f"{bound_id}: spans several dimensions; let it bind rules of one"
    for limit in rulebook.dimension_limits:
        if limit.by_year:
            yield f'{limit.id}: limits a dimension by year; use per = "in_force", or limit its rules by year'


def _find_huge_figures(rulebook: Rulebook) -> Iterator[str]:
    """Find points beyond the whole scale: a slip of the pen."""
    most = rulebook.ceiling - rulebook.floor
    for rule in rulebook.rules:
        if any(abs(points) > most for points in list_points(rule)):
            yield f"{rule.id}: gives more points than the whole scale of {most} has"


def _find_idle_extras(rulebook: Rulebook) -> Iterator[str]:
    """Find a repair that can never be asked for and an action that would earn nothing."""
    for rule in rulebook.rules:
        adverse = rule.veto is not None or any(points < 0 for points in list_points(rule))
        months = rule.repairable_after_months
        if months is not None and (months < 0 or not adverse):
            yield f"{rule.id}: repairable_after_months is 0 or more, and belongs to minus and veto rules"
        if rule.action is None:
            continue
        items = dict(rule.action.fields)
        if isinstance(rule.pricing, Curve):
            items[rule.pricing.field] = max(1, rule.action.most)
        faults = rulebook.catalogue.indicators[rule.indicator].find_field_faults(items) if rule.indicator else ()
        if adverse or faults or rule.price(items) is None:
            yield f"{rule.id}: its action earns nothing under the rule{''.join(f'; {fault}' for fault in faults)}"


def list_points(rule: Rule) -> tuple[int, ...]:
    """Give every point figure of a rule."""
    pricing = rule.pricing
    parts = [part.points for name in ("rows", "segments", "stairs") for part in getattr(pricing, name, ())]
    match pricing:
        case Graded(least=least, most=most):
            bounds = [least, most]
        case Each(points=points) | Streak(points=points):
            bounds = [points]
        case _:
            bounds = []
    return tuple(parts + bounds)


def _adds_nothing(rule: Rule) -> bool:
    match rule.pricing:
        case ByTable(rows=rows):
            return all(row.points <= 0 for row in rows)
        case Graded(most=most):
            return most <= 0
        case Curve():
            return False
        case pricing:
            return pricing.points <= 0


def _regions_of(rule: Rule) -> Iterator[Region]:
    """Give the boxes that a rule covers: one, or one for each row of a table."""
    match rule.pricing:
        case ByTable(rows=rows):
            for index, row in enumerate(rows):
                yield Region(rule, f"{rule.id} row {index + 1}", _box((*rule.conditions, row.condition)))
        case Graded(field=field, least=least, most=most):
            yield Region(rule, rule.id, _box((*rule.conditions, Span(field, least, most))))
        case Curve(field=field):
            yield Region(rule, rule.id, _box((*rule.conditions, Span(field, 0, None))))
        case _:
            yield Region(rule, rule.id, _box(rule.conditions))


def _meant_gaps(rule: Rule) -> Iterator[Box]:
    if isinstance(rule.pricing, ByTable) and rule.pricing.unscored:
        unscored = Choice(rule.pricing.field, frozenset[str | bool](rule.pricing.unscored))
        yield _box((*rule.conditions, unscored))


def _box(conditions: tuple[Condition, ...]) -> Box:
    box: dict[str, Condition] = {}
    for condition in conditions:
        held = box.get(condition.field)
        both = condition if held is None else _meet(held, condition)
        box[condition.field] = both if both is not None else Choice(condition.field, frozenset())
    return box


def _space_of(indicator: Indicator) -> Box:
    return {item.name: _domain_of(item) for item in indicator.items.values()}


def _domain_of(item: Item) -> Condition:
    match item.type:
        case "choice":
            return Choice(item.name, frozenset[str | bool](item.choices))
        case "flag":
            return Choice(item.name, frozenset[str | bool]({True, False}))
        case _:
            return Span(item.name, item.at_least, item.at_most)


def _meet(one: Condition, other: Condition) -> Condition | None:
    """Give what two conditions on one item share; None when nothing."""
    if isinstance(one, Choice) and isinstance(other, Choice):
        allowed = one.allowed & other.allowed
        return Choice(one.field, allowed) if allowed else None
    if isinstance(one, Span) and isinstance(other, Span):
        least = max((each for each in (one.least, other.least) if each is not None), default=None)
        most = min((each for each in (one.most, other.most) if each is not None), default=None)
        empty = least is not None and most is not None and least > most
        return None if empty else Span(one.field, least, most)
    return None


def _intersect(one: Box, other: Box) -> Box | None:
    """Give the box that two boxes share; an item that a box does not name is free in it. None when empty."""
    shared = dict(one)
    for field, condition in other.items():
        both = _meet(shared[field], condition) if field in shared else condition
        if both is None or (isinstance(both, Choice) and not both.allowed):
            return None
        shared[field] = both
    return shared


def _subtract(piece: Box, box: Box) -> Iterator[Box]:
    """Cut a box out of a piece of the space; the rest comes as pieces that do not overlap."""
    if _intersect(piece, box) is None:
        yield piece
        return
    core = dict(piece)
    for field, condition in box.items():
        for outside in _outside(core[field], condition):
            yield {**core, field: outside}
        inside = _meet(core[field], condition)
        if inside is not None:
            core[field] = inside


def _outside(domain: Condition, condition: Condition) -> Iterator[Condition]:
    if isinstance(domain, Choice) and isinstance(condition, Choice):
        rest = domain.allowed - condition.allowed
        if rest:
            yield Choice(domain.field, rest)
    elif isinstance(domain, Span) and isinstance(condition, Span):
        if condition.least is not None and (domain.least is None or domain.least < condition.least):
            yield Span(domain.field, domain.least, condition.least - 1)
        if condition.most is not None and (domain.most is None or domain.most > condition.most):
            yield Span(domain.field, condition.most + 1, domain.most)


def _describe(box: Box) -> str:
    words = []
    for condition in box.values():
        if isinstance(condition, Choice):
            words.append(f"{condition.field} = {' | '.join(sorted(map(str, condition.allowed)))}")
        else:
            least = "" if condition.least is None else condition.least
            most = "" if condition.most is None else condition.most
            words.append(f"{condition.field} = {least}..{most}")
    return ", ".join(words) or "every record"
