"""What bounds the lines of intertwined rules, as `scoring.bounds` does: `left` is what remains of each."""

import ibis
from ibis.expr.types import BooleanValue, Table

from scoring.population.columns import ORDER
from scoring.population.pots import Pots
from scoring.rulebook import Exclusive, Limit, Rulebook

# In the order of the sheet: by day and record, a repeat after its record, clean years last.
_ORDER = (*ORDER, "turn", "rule_no")


def bound_lines(lines: Table, rulebook: Rulebook, pots: Pots) -> Table:
    """Apply the limits of rules, the highest-only groups and the limits of dimensions, in this order.

    Bounds that leave lines alone, because sums tell what they do, are not among them.
    """
    bounded = lines.mutate(left=lines.points)
    for limit in rulebook.rule_limits:
        if limit.rules & pots.intertwined:
            bounded = _apply_limit(bounded, limit, rulebook)
    for group in rulebook.exclusives:
        if group.rules & pots.intertwined:
            bounded = _keep_highest(bounded, group, rulebook)
    for limit in rulebook.dimension_limits:
        if limit not in pots.sum_limits:
            bounded = _apply_limit(bounded, limit, rulebook)
    return bounded


def _find_numbers(rules: frozenset[str], rulebook: Rulebook) -> list[int]:
    return [number for number, rule in enumerate(rulebook.rules) if rule.id in rules]


def _apply_limit(lines: Table, limit: Limit, rulebook: Rulebook) -> Table:
    """Cut what exceeds a limit, the latest first (`bounds.apply_limit`)."""
    bound = limit.at_most if limit.at_most is not None else limit.at_least
    if bound is None:
        return lines
    sign = 1 if limit.at_most is not None else -1
    touched = _is_touched(lines, limit.rules, rulebook) & (lines.left * sign > 0)
    inside = lines.filter(touched)
    year = inside.occurred_on.year().fill_null(0) if limit.by_year else ibis.literal(0)
    inside = inside.mutate(year=year)
    order = [inside.occurred_on.isnull(), *(inside[name] for name in _ORDER)]
    reached = (inside.left * sign).sum().over(group_by=["subject_no", "year"], order_by=order, rows=(None, 0))
    before = reached.cast("int64") - inside.left * sign
    room = ibis.greatest(bound * sign - before, 0)
    inside = inside.mutate(left=(ibis.least(inside.left * sign, room) * sign).cast("int64")).drop("year")
    return inside.union(lines.filter(~touched))


def _keep_highest(lines: Table, group: Exclusive, rulebook: Rulebook) -> Table:
    """Cut all but the highest unit of a group (`bounds.keep_highest`)."""
    touched = _is_touched(lines, group.rules, rulebook) & (lines.left > 0)
    inside = lines.filter(touched)
    adding_up = [number for number, rule in enumerate(rulebook.rules) if rule.adds_up]
    ranks = {rule_id: rank for rank, rule_id in enumerate(sorted(group.rules))}
    named = [
        (inside.rule_no == number, ranks[rule.id])
        for number, rule in enumerate(rulebook.rules)
        if rule.id in group.rules
    ]
    # A unit is one record; a curve with all its records, or clean years, which have no record at all.
    is_one = inside.rule_no.notin(adding_up) & inside.record_hi.notnull()
    inside = inside.mutate(
        unit_rank=ibis.cases(*named),
        unit_hi=is_one.ifelse(inside.record_hi, 0).cast("int64"),
        unit_lo=is_one.ifelse(inside.record_lo, 0).cast("int64"),
    )
    unit = ("unit_rank", "unit_hi", "unit_lo")
    units = inside.group_by("subject_no", *unit).aggregate(reached=inside.left.sum())
    best = ibis.row_number().over(
        group_by="subject_no", order_by=[units.reached.desc(), *(units[name] for name in unit)]
    )
    units = units.mutate(place=best)
    units = units.filter(units.place == 0).select("subject_no", **{f"best_{name}": name for name in unit})
    joined = inside.inner_join(units, "subject_no")
    is_best = ibis.and_(*(joined[name] == joined[f"best_{name}"] for name in unit))
    kept = joined.mutate(left=is_best.ifelse(joined.left, 0).cast("int64")).select(lines.columns)
    return kept.union(lines.filter(~touched))


def _is_touched(lines: Table, rules: frozenset[str], rulebook: Rulebook) -> BooleanValue:
    return lines.rule_no.isin(_find_numbers(rules, rulebook))
