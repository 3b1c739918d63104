"""The lines of everybody's score: one for each record that counts, one for each repeat, one for clean years.

Each line has its place in the order of `evaluation`: `occurred_on`, `record_id` and `turn` (a repeat comes right after
its record, clean years come last, without a day).
"""

from datetime import date

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from scoring.days import ONE_DAY
from scoring.evaluation import NO_VETO
from scoring.population.weighing import read_curve
from scoring.pricing import Curve, Streak
from scoring.rulebook import Rulebook

OF_RECORD, OF_REPEAT, OF_YEARS = 0, 1, 2
LATE = date(9999, 12, 31)
_ORDER = ("occurred_on", "record_id")
_LINE = ("subject", "rule_no", "occurred_on", "record_id", "turn", "points")


def list_vetoes(rulebook: Rulebook) -> dict[int, int]:
    """Give the rank at which each rule with a veto caps the level, by the rule's number; -1 where it caps nothing."""
    return {number: rule.veto.severity for number, rule in enumerate(rulebook.rules) if rule.veto is not None}


def is_adverse(table: Table, rulebook: Rulebook) -> BooleanValue:
    """Tell which records speak against the person."""
    return (table.alone < 0) | table.rule_no.isin(list(list_vetoes(rulebook)))


def keep_one_of_each_act(weighed: Table, rulebook: Rulebook) -> Table:
    """Of records sharing an act keep the weightiest, then leave out what waits for an objection (`evaluation`)."""
    vetoes = [(weighed.rule_no == number, -severity) for number, severity in list_vetoes(rulebook).items()]
    severity = ibis.cases(*vetoes, else_=NO_VETO) if vetoes else ibis.literal(NO_VETO)
    order = [severity, -weighed.alone.abs(), -weighed.alone, -weighed.amount, weighed.occurred_on, weighed.record_id]
    place = ibis.row_number().over(group_by=[weighed.subject, weighed.act], order_by=order)
    ranked = weighed.mutate(is_best=weighed.act.isnull() | (place == 0))
    return ranked.filter(ranked.is_best, ~(ranked.suspended & is_adverse(ranked, rulebook))).drop("is_best")


def draw_lines(standing: Table, rulebook: Rulebook, as_of: date) -> Table:
    """Draw the lines of records and repeats. Columns: subject, rule_no, occurred_on, record_id, turn, points."""
    counting = standing.filter(standing.ends_on.isnull() | (standing.ends_on > as_of))
    priced = _climb(counting, rulebook)
    lines = _draw(priced, OF_RECORD, priced.points)
    if rulebook.repeats is None:
        return lines
    return lines.union(_repeat(standing, lines, rulebook, rulebook.repeats.factor))


def _draw(table: Table, turn: int, points: IntegerValue) -> Table:
    return table.mutate(turn=ibis.literal(turn, "int8"), points=points.cast("int64")).select(_LINE)


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
        .over(group_by=["subject", "rule_no", "year"], order_by=list(_ORDER), rows=(None, 0))
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


def _repeat(standing: Table, lines: Table, rulebook: Rulebook, factor: int) -> Table:
    """Draw a line for each minus record that repeats an earlier one of its class (`repeats.Minuses`)."""
    classes = {name: number for number, name in enumerate(sorted({rule.repeat_class for rule in rulebook.rules}))}
    by_rule = [classes[rule.repeat_class] for rule in rulebook.rules]

    def classed(table: Table) -> Table:
        return table.mutate(
            repeat_class=ibis.cases(*((table.rule_no == number, each) for number, each in enumerate(by_rule)))
        )

    minuses = classed(standing.filter(standing.alone < 0))
    days = minuses.group_by("subject", "repeat_class", "occurred_on").aggregate(
        latest=minuses.ends_on.fill_null(LATE).max()
    )
    earlier = days.latest.max().over(group_by=["subject", "repeat_class"], order_by="occurred_on", rows=(None, -1))
    days = days.mutate(earlier=earlier)
    days = days.filter(days.earlier.notnull(), days.earlier > days.occurred_on)
    minus_lines = classed(lines.filter(lines.points < 0))
    repeating = minus_lines.semi_join(days, ["subject", "repeat_class", "occurred_on"])
    return _draw(repeating, OF_REPEAT, repeating.points * (factor - 1))


def draw_clean_years(weighed: Table, accounts: Table, rulebook: Rulebook, as_of: date) -> Table | None:
    """Draw the lines of whole clean years since the account was opened; None without such a rule."""
    streaks = {number: rule.pricing for number, rule in enumerate(rulebook.rules) if isinstance(rule.pricing, Streak)}
    if not streaks:
        return None
    last_year = as_of.year - 1
    marring = weighed.filter(is_adverse(weighed, rulebook), ~weighed.suspended)
    begun = marring.occurred_on.year()
    ended = marring.from_end.ifelse(marring.ended_on.fill_null(as_of).year(), begun)
    marring = marring.mutate(begun=begun, ended=ibis.greatest(begun, ended))
    marring = marring.filter(marring.begun <= last_year)
    last_marred = marring.group_by("subject").aggregate(marred=ibis.least(marring.ended, last_year).max())
    counted = accounts.filter(accounts.since.notnull())
    is_new_year = (counted.since.month() == 1) & (counted.since.day() == 1)
    counted = counted.mutate(first=is_new_year.ifelse(counted.since.year(), counted.since.year() + 1))
    joined = counted.left_join(last_marred, "subject")
    clean = last_year - ibis.greatest(joined.first - 1, joined.marred.fill_null(0))
    joined = joined.select("subject", clean=clean.cast("int64"))
    joined = joined.filter(joined.clean > 0)
    found = [
        _draw(
            joined.mutate(
                rule_no=ibis.literal(number, "int16"), occurred_on=ibis.null("date"), record_id=ibis.null("string")
            ),
            OF_YEARS,
            ibis.least(joined.clean, streak.most) * streak.points,
        )
        for number, streak in streaks.items()
    ]
    return found[0].union(*found[1:]) if len(found) > 1 else found[0]


def begins_or_lapses(weighed: Table, as_of: date) -> Table:
    """Give for each person the first later day on which a record begins or lapses."""
    later = weighed.is_begun.ifelse(weighed.ends_on, weighed.occurred_on)
    days = weighed.mutate(later=later)
    days = days.filter(days.later.notnull(), days.later >= as_of + ONE_DAY)
    return days.group_by("subject").aggregate(changes_on=days.later.min())
