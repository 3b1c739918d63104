"""The lines of what sums do not tell: acts that several records share, repeats, clean years, intertwined rules.

Each line has its place in the order of `evaluation`: by day and record, a repeat right after its record, clean years
last, without a day.
"""

from datetime import date

import ibis
from ibis.expr.types import BooleanValue, Table

from scoring.population.clean_years import price_years
from scoring.population.columns import ORDER
from scoring.population.pots import Pots
from scoring.population.weighing import NO_POT, read_curve
from scoring.pricing import Curve, Streak
from scoring.rulebook import Rulebook

OF_RECORD, OF_REPEAT, OF_YEARS = 0, 1, 2
LATE = date(9999, 12, 31)
_LINE = ("subject_no", "rule_no", *ORDER)


def judge_acts(weighed: Table, as_of: date) -> Table:
    """Judge records that may share an act with others (see `judge`): of each act the weightiest stands (`evaluation`).

    What has not begun takes no part.
    """
    begun = weighed.occurred_on <= as_of
    order = [-weighed.veto, -weighed.alone.abs(), -weighed.alone, -weighed.amount, *(weighed[name] for name in ORDER)]
    place = ibis.row_number().over(group_by=[weighed.subject_no, weighed.act, begun], order_by=order)
    placed = weighed.mutate(place=place)
    behind = (placed.occurred_on <= as_of) & placed.act.notnull() & (placed.place > 0)
    return judge(placed.mutate(is_behind=behind).drop("place"), as_of)


def judge(weighed: Table, as_of: date) -> Table:
    """Tell of each record that `is_behind` another of its act, or is not, what it `is_begun`, `stands` and `counts`.

    What waits for an objection does not stand (`evaluation`); what stands and has not lapsed counts.
    """
    begun = weighed.occurred_on <= as_of
    stands = begun & ~weighed.is_behind & ~(weighed.suspended & weighed.is_adverse)
    return weighed.mutate(is_begun=begun, stands=stands, counts=stands & is_alive(weighed, as_of))


def is_alive(weighed: Table, as_of: date) -> BooleanValue:
    """Tell which records have not lapsed."""
    return weighed.ends_on.isnull() | (weighed.ends_on > as_of)


def find_repeating(judged: Table, rulebook: Rulebook) -> Table:
    """Find the minus records that repeat an earlier one of their class while it was in force (`repeats.Minuses`)."""
    numbers = {name: number for number, name in enumerate(sorted({rule.repeat_class for rule in rulebook.rules}))}
    classes = [(judged.rule_no == number, numbers[rule.repeat_class]) for number, rule in enumerate(rulebook.rules)]
    minuses = judged.mutate(repeat_class=ibis.cases(*classes) if classes else ibis.literal(0))
    minuses = minuses.filter(minuses.stands, minuses.alone < 0)
    key = ["subject_no", "repeat_class"]
    days = minuses.group_by(*key, "occurred_on").aggregate(latest=minuses.ends_on.fill_null(LATE).max())
    earlier = days.latest.max().over(group_by=key, order_by="occurred_on", rows=(None, -1))
    days = days.mutate(earlier=earlier)
    days = days.filter(days.earlier.notnull(), days.earlier > days.occurred_on)
    return minuses.filter(minuses.counts).semi_join(days, [*key, "occurred_on"]).drop("repeat_class")


def draw_lines(judged: Table, repeating: Table | None, accounts: Table, rulebook: Rulebook, pots: Pots) -> Table:
    """Draw the lines of intertwined rules. Columns: subject_no, rule_no, the order of records, turn, points.

    `accounts` tell the whole years that are `clean`.
    """
    priced = _climb(judged.filter(judged.counts, judged.pot == NO_POT), rulebook)
    drawn = [priced.select(*_LINE, turn=ibis.literal(OF_RECORD, "int8"), points=priced.points.cast("int64"))]
    if repeating is not None and rulebook.repeats is not None:
        inside = repeating.filter(repeating.pot == NO_POT)
        more = (inside.alone * (rulebook.repeats.factor - 1)).cast("int64")
        drawn.append(inside.select(*_LINE, turn=ibis.literal(OF_REPEAT, "int8"), points=more))
    drawn.extend(
        _draw_years(accounts, number, rule.pricing)
        for number, rule in enumerate(rulebook.rules)
        if rule.id in pots.intertwined and isinstance(rule.pricing, Streak)
    )
    return ibis.union(*drawn) if len(drawn) > 1 else drawn[0]


def _draw_years(accounts: Table, number: int, streak: Streak) -> Table:
    years = accounts.filter(accounts.clean > 0)
    return years.select(
        "subject_no",
        rule_no=ibis.literal(number, "int16"),
        occurred_on=ibis.null("date"),
        record_hi=ibis.null("int64"),
        record_lo=ibis.null("int64"),
        turn=ibis.literal(OF_YEARS, "int8"),
        points=price_years(years.clean, streak),
    )


def _climb(counting: Table, rulebook: Rulebook) -> Table:
    """Give what each record adds to the sum of those before it along a curve; any other counts as alone."""
    curves = {number: rule.pricing for number, rule in enumerate(rulebook.rules) if isinstance(rule.pricing, Curve)}
    if not curves:
        return counting.mutate(points=counting.alone)
    by_year = counting.rule_no.isin([number for number, curve in curves.items() if curve.by_year])
    keyed = counting.mutate(year=by_year.ifelse(counting.occurred_on.year(), 0))
    climbing = keyed.filter(keyed.rule_no.isin(list(curves)))
    reached = (
        climbing.amount.sum()
        .over(group_by=["subject_no", "rule_no", "year"], order_by=list(ORDER), rows=(None, 0))
        .cast("int64")
    )
    climbing = climbing.mutate(reached=reached)
    points = [
        (
            climbing.rule_no == number,
            read_curve(curve, climbing.reached) - read_curve(curve, climbing.reached - climbing.amount),
        )
        for number, curve in curves.items()
    ]
    climbed = climbing.mutate(points=ibis.cases(*points).cast("int64")).drop("reached", "year")
    others = keyed.filter(keyed.rule_no.notin(list(curves)))
    return climbed.union(others.mutate(points=others.alone).drop("year"))
