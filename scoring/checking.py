"""What is wrong with a rulebook by its rules alone: overlaps, rules that can never apply, gaps.

The items of an indicator span a space; each rule covers boxes of it. Two rules that share a point of the space would
both match one record; a rule without a point can never apply; a point that no rule covers is a gap.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from scoring.boxes import Box, box_of, describe_box, intersect, list_near, subtract
from scoring.catalogue import Indicator, Item
from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Graded, Span, Streak
from scoring.rulebook import Rule, Rulebook

MOST_OVERLAPS = 200  # that are named of an indicator
MOST_COMPARED = 100_000  # boxes with boxes, of a whole rulebook: a second; cities need some thousands
_TOO_MANY = "has too many rules and rows to compare them all; merge some, or let one item keep them apart"


class Region(NamedTuple):
    """One box of a rule's cover, with the words that point to it in a fault."""

    rule: Rule
    place: str
    box: Box


class _Effort:
    """How much more is compared; a rulebook that is wrong throughout would be compared for minutes."""

    def __init__(self) -> None:
        self._left = MOST_COMPARED

    @property
    def is_spent(self) -> bool:
        """Whether no more is compared."""
        return self._left <= 0

    def spend(self, amount: int = 1) -> None:
        """Note that so many pairs were compared."""
        self._left -= amount


class Gap(NamedTuple):
    """A stretch of an indicator's items that no rule counts."""

    indicator: str
    where: str


def find_defects(rulebook: Rulebook) -> list[str]:
    """Say what makes a rulebook unusable: ids that stand twice, overlaps, dead rules, senseless groups and limits."""
    found = list(_find_repeated_ids(rulebook))
    effort = _Effort()
    for code, rules in rulebook.rules_by_indicator.items():
        space = _space_of(rulebook.catalogue.indicators[code])
        regions = [region for rule in rules for region in _regions_of(rule)]
        found.extend(_find_dead(regions, space))
        found.extend(_find_overlaps(regions, space, effort))
        if effort.is_spent:
            found.append(f"{code}: {_TOO_MANY}")
            break
    found.extend(_find_senseless_bounds(rulebook))
    found.extend(_find_huge_figures(rulebook))
    found.extend(_find_unfair_bounds(rulebook))
    found.extend(_find_idle_extras(rulebook))
    return found


def find_gaps(rulebook: Rulebook) -> list[Gap]:
    """List what is left unscored of every indicator that some rule counts, what is declared `unscored` aside.

    Of a rulebook with too many rules for it, the last one says so.
    """
    gaps: list[Gap] = []
    effort = _Effort()
    meant: defaultdict[str, list[Box]] = defaultdict(list)
    for each in rulebook.unscored:
        meant[each.indicator].append(box_of(each.conditions))
    for code, rules in rulebook.rules_by_indicator.items():
        boxes = meant[code]
        for rule in rules:
            boxes += [*(region.box for region in _regions_of(rule)), *_meant_gaps(rule)]
        left = [_space_of(rulebook.catalogue.indicators[code])]
        for box in boxes:
            cut: list[Box] = []
            for piece in left:
                cut += subtract(piece, box)
                effort.spend(1 + len(piece))  # it may leave two pieces for each of its items, each as large
                if effort.is_spent:
                    return [*gaps, Gap(code, _TOO_MANY)]
            left = cut
        gaps.extend(Gap(code, describe_box(piece)) for piece in left)
    return gaps


def find_unscored_indicators(rulebook: Rulebook) -> list[str]:
    """List the codes of indicators that are collected but that no rule counts."""
    return sorted(rulebook.catalogue.indicators.keys() - rulebook.rules_by_indicator.keys())


def find_purposeless(rulebook: Rulebook) -> list[str]:
    """List the codes of indicators that no rule counts and no `unscored` speaks of: collected for nothing said."""
    meant = {each.indicator for each in rulebook.unscored}
    return [code for code in find_unscored_indicators(rulebook) if code not in meant]


def find_notices(rulebook: Rulebook, former: Rulebook | None, named: Collection[str] = ()) -> list[str]:
    """Say what refuses no rulebook and should be meant: what is collected without a purpose, and levels renamed.

    `former` is the edition whose place it takes; `named` are indicators that something else rests on.
    """
    idle = [code for code in find_purposeless(rulebook) if code not in named]
    notices = [
        f"{code}: is collected, but no rule counts it and no `unscored` entry says why not; leave it out, or say why"
        for code in idle
    ]
    before = {} if former is None else {level.code: level for level in former.levels}
    for level in rulebook.levels:
        was = before.get(level.code)
        if was is not None and (was.name, was.name_en) != (level.name, level.name_en):
            notices.append(
                f"level {level.code}: is named {level.name} ({level.name_en}), and was {was.name} ({was.name_en})"
                " before; people read the new name from the first day on"
            )
    return notices


def _find_repeated_ids(rulebook: Rulebook) -> Iterator[str]:
    ids = [each.id for group in (rulebook.rules, rulebook.exclusives, rulebook.limits) for each in group]
    codes = [each.code for each in rulebook.levels], [each.code for each in rulebook.dimensions]
    for named in codes:
        for repeated in _list_repeated(named):
            yield f"{repeated}: stands twice; each level and each dimension needs a code of its own"
    for repeated in _list_repeated(ids):
        yield f"{repeated}: stands twice; each rule, group and limit needs an id of its own"


def _list_repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _find_dead(regions: list[Region], space: Box) -> Iterator[str]:
    for region in regions:
        if intersect(space, region.box) is None:
            yield f"{region.place}: can never apply; no value of the catalogue's items meets {describe_box(region.box)}"


def _find_overlaps(regions: list[Region], space: Box, effort: _Effort) -> Iterator[str]:
    """Find regions that share a point; of a rulebook that is wrong throughout, the first are enough."""
    clipped = [(region, intersect(space, region.box)) for region in regions]
    living = [(region, box) for region, box in clipped if box is not None]
    named = 0
    for first, second in list_near(space, [box for _, box in living]):
        effort.spend()
        (one, box), (other, others) = living[first], living[second]
        shared = intersect(box, others)
        if shared is not None:
            named += 1
            yield (
                f"{one.place} and {other.place}: both match {describe_box(shared)};"
                " let their conditions differ, at most one may match a record"
            )
        if named == MOST_OVERLAPS or effort.is_spent:
            return


def _find_senseless_bounds(rulebook: Rulebook) -> Iterator[str]:
    idle = {rule.id for rule in rulebook.rules if _adds_nothing(rule)}
    streaks = {rule.id for rule in rulebook.streaks}
    for group in rulebook.exclusives:
        for rule_id in sorted(group.rules):
            if rule_id in idle:
                yield f"{group.id}: {rule_id} adds no points; only plus rules can exclude one another"
    for limit in rulebook.limits:
        if limit.at_most is not None and limit.rules <= idle:
            yield f"{limit.id}: can never bite; none of its rules adds points"
        if limit.at_least is not None and not limit.rules & idle:
            yield f"{limit.id}: can never bite; none of its rules deducts points"
        if limit.by_year and limit.rules & streaks:
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
                yield Region(rule, f"{rule.id} row {index + 1}", box_of((*rule.conditions, row.condition)))
        case Graded(field=field, least=least, most=most):
            yield Region(rule, rule.id, box_of((*rule.conditions, Span(field, least, most))))
        case Curve(field=field):
            yield Region(rule, rule.id, box_of((*rule.conditions, Span(field, 0, None))))
        case _:
            yield Region(rule, rule.id, box_of(rule.conditions))


def _meant_gaps(rule: Rule) -> Iterator[Box]:
    if isinstance(rule.pricing, ByTable) and rule.pricing.unscored:
        unscored = Choice(rule.pricing.field, frozenset[str | bool](rule.pricing.unscored))
        yield box_of((*rule.conditions, unscored))


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
