"""`evaluate`: records in, a score that adds up out. The steps stand in the order of the rules' own logic."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import TypeAlias

from scoring.bounds import Sheet, apply_limit, freeze, keep_highest
from scoring.days import add_months, check_day, new_year_after
from scoring.pricing import Curve, Streak, Validity
from scoring.records import Record, as_known
from scoring.repeats import Minuses
from scoring.rulebook import Level, Rule, Rulebook
from scoring.statement import Line, LineKind, Reason, Score, Uncounted

# Raise it with every change that can give another score for the same records and rules: kept scores carry it.
ENGINE = 1
NO_VETO = 2


class UnreconciledError(AssertionError):
    """The lines of a score do not add up to it: a defect of this system, never of its input."""


# A known record with its rule, its points alone, how long they last, and the day on which it lapses. A plain tuple, as
# one is made for every record of every evaluation: a named one takes several times as long to make.
Weighed: TypeAlias = tuple[Record, Rule, int, Validity, date | None]

_make_line = partial(tuple.__new__, Line)  # as Line._make does, which counts the items once more
_in_order = attrgetter("occurred_on", "record_id")
_by_record = attrgetter("record.occurred_on", "record.record_id")


def evaluate(
    records: Iterable[Record],
    rulebook: Rulebook,
    *,
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> Score:
    """Compute the score of a city day from the records as they were known at a moment.

    `since` is the day from which clean years are counted, normally the opening of the account; without it no streak
    counts. The order of the records does not matter. Never raises on admitted records; on other days than
    `check_day` lets pass, ValueError.
    """
    check_day(as_of)
    weighed, uncounted = _weigh(records, rulebook, as_of, known_at)
    standing = _keep_one_of_each_act(weighed, uncounted)
    lines = [Line(LineKind.BASE, rulebook.base, "")]
    vetoes = _price(standing, rulebook, as_of, lines, uncounted)
    _add_streaks(weighed, rulebook, as_of, since, lines)
    sheet = Sheet(lines)
    for limit in rulebook.rule_limits:
        apply_limit(limit, sheet)
    for group in rulebook.exclusives:
        keep_highest(group, sheet)
    for limit in rulebook.dimension_limits:
        apply_limit(limit, sheet)
    if vetoes:
        freeze(sheet)
    total, dimensions = _add_up(rulebook, sheet)
    points = _clamp(rulebook, sheet, total)
    uncounted.sort(key=_by_record)
    return Score(
        points=points,
        level=_level(rulebook, points, vetoes),
        lines=tuple(sheet.lines),
        uncounted=tuple(uncounted),
        dimensions=dimensions,
        vetoes=vetoes,
        changes_on=_first_change(weighed, uncounted, rulebook, as_of, since),
        as_of=as_of,
        known_at=known_at,
        rulebook=rulebook,
    )


def _weigh(
    records: Iterable[Record], rulebook: Rulebook, as_of: date, known_at: datetime
) -> tuple[list[Weighed], list[Uncounted]]:
    """Find each record's rule, in the order of their days; what has none or has not begun yet is set aside."""
    states = [as_known(each, known_at) if each.events or each.known_at > known_at else each for each in records]
    known = sorted(filter(None, states), key=_in_order)
    weighed: list[Weighed] = []
    uncounted: list[Uncounted] = []
    finders = rulebook.finders
    for record in known:
        find = finders.get(record.indicator)
        found = None if find is None else find(record.fields)
        if found is None:
            uncounted.append(Uncounted(record, Reason.UNSCORED, None, 0, None))
            continue
        rule, points, validity = found
        occurred_on = record.occurred_on
        if validity.from_end:
            ends_on = validity.ends_on(occurred_on, record.ended_on)
        else:  # what `ends_on` does for nearly all records, a call less
            ends_on = add_months(occurred_on, validity.months or 0)
        if occurred_on > as_of:
            uncounted.append(Uncounted(record, Reason.NOT_YET, rule, points, ends_on))
        else:
            weighed.append((record, rule, points, validity, ends_on))
    return weighed, uncounted


def _keep_one_of_each_act(weighed: list[Weighed], uncounted: list[Uncounted]) -> list[Weighed]:
    """Of records sharing an act keep the weightiest; then set aside what waits for an objection.

    The weightiest is chosen among all records of the act, lapsed and suspended ones included: an act counts once and
    for all, so that a lighter record does not come up when the weightier one lapses or is objected to.
    """
    best: dict[str, Weighed] = {}
    for item in weighed:
        act = item[0].act
        if act is not None and (act not in best or _weight(item) < _weight(best[act])):
            best[act] = item
    standing: list[Weighed] = []
    for item in weighed:
        act = item[0].act
        if act is not None and best[act] is not item:
            uncounted.append(_set_aside(item, Reason.SAME_ACT))
        elif item[0].suspended and _is_adverse(item):
            uncounted.append(_set_aside(item, Reason.SUSPENDED))
        else:
            standing.append(item)
    return standing


def _weight(item: Weighed) -> tuple[int, int, int, int, date, str]:
    """Order records of one act: the severest veto first, then points, plus before minus, amount, the earlier."""
    record, rule, points, _, _ = item
    return (
        NO_VETO if rule.veto is None else -rule.veto.severity,
        -abs(points),
        -points,
        -int(record.fields[rule.pricing.field]) if isinstance(rule.pricing, Curve) else 0,
        record.occurred_on,
        record.record_id,
    )


def _is_adverse(item: Weighed) -> bool:
    """Tell whether a record speaks against the person: only such a one waits for the decision about an objection."""
    _, rule, points, _, _ = item
    return points < 0 or rule.veto is not None


def _set_aside(item: Weighed, reason: Reason) -> Uncounted:
    record, rule, points, _, ends_on = item
    return Uncounted(record, reason, rule, points, ends_on)


def _price(
    standing: list[Weighed], rulebook: Rulebook, as_of: date, lines: list[Line], uncounted: list[Uncounted]
) -> tuple[Line, ...]:
    """Write a line for each record that has not lapsed, one more for each repeat, and give those with a veto.

    Along a curve a record's points are what it adds to the sum of those before it, so that the lines of the curve
    always add up to the curve.
    """
    of_record, repeats = LineKind.RECORD, rulebook.repeats
    climbed: dict[tuple[str, int], list[int]] = {}  # of each curve and year: the sum so far, and its points
    minuses = Minuses()
    vetoes: list[Line] = []
    for record, rule, alone, _, ends_on in standing:
        if repeats and alone < 0:
            minuses.add(record.occurred_on, rule.repeat_class, ends_on)
        if ends_on is not None and as_of >= ends_on:
            uncounted.append(Uncounted(record, Reason.LAPSED, rule, alone, ends_on))
            continue
        points, pricing = alone, rule.pricing
        if isinstance(pricing, Curve):
            key = rule.id, record.occurred_on.year if pricing.by_year else 0
            climb = climbed.get(key)
            if climb is None:
                climbed[key] = [int(record.fields[pricing.field]), alone]
            else:
                climb[0] += int(record.fields[pricing.field])
                reached = pricing.points_at(climb[0])
                points = reached - climb[1]
                climb[1] = reached
        line = _make_line((of_record, points, rule.dimension, rule, record, ends_on, None, 0))
        lines.append(line)
        if rule.veto is not None:
            vetoes.append(line)
        if repeats and points < 0 and minuses.has_earlier(record.occurred_on, rule.repeat_class):
            extra = points * (repeats.factor - 1)
            lines.append(Line(LineKind.REPEAT, extra, rule.dimension, rule, record, ends_on))
    return tuple(vetoes)


def _add_streaks(
    weighed: list[Weighed], rulebook: Rulebook, as_of: date, since: date | None, lines: list[Line]
) -> None:
    """Add points for whole clean calendar years since the account was opened, counted back without a gap."""
    if since is None or not rulebook.streaks:
        return
    first = since.year if (since.month, since.day) == (1, 1) else since.year + 1
    marred: set[int] = set()
    for record, rule, points, validity, _ in weighed:
        if (points < 0 or rule.veto is not None) and not record.suspended:
            year = record.occurred_on.year
            marred.add(year)
            if validity.from_end:  # a continuing act mars every year until its end
                marred.update(range(year, (record.ended_on or as_of).year + 1))
    clean = 0
    while as_of.year - 1 - clean >= first and as_of.year - 1 - clean not in marred:
        clean += 1
    for rule in rulebook.streaks:
        if clean and isinstance(rule.pricing, Streak):
            count = min(clean, rule.pricing.most)
            lines.append(Line(LineKind.STREAK, rule.pricing.points * count, rule.dimension, rule, years=count))


def _add_up(rulebook: Rulebook, sheet: Sheet) -> tuple[int, dict[str, int]]:
    """Sum the lines, all together and by dimension: a statement that does not add up both ways must not leave."""
    total = 0
    sums = {dimension.code: 0 for dimension in rulebook.dimensions}
    sums[""] = 0  # of the base, which belongs to no dimension
    for line in sheet.lines:
        points = line.points
        total += points
        sums[line.dimension] += points
    del sums[""]
    if total != rulebook.base + sum(sums.values()):
        message = f"lines give {total}, base and dimensions give {rulebook.base + sum(sums.values())}"
        raise UnreconciledError(message)
    return total, sums


def _clamp(rulebook: Rulebook, sheet: Sheet, total: int) -> int:
    """Hold the sum within floor and ceiling, by a line of its own, and give the score."""
    points = max(rulebook.floor, min(rulebook.ceiling, total))
    if points != total:
        sheet.add(Line(LineKind.CLAMP, points - total, ""))
    return points


def _level(rulebook: Rulebook, points: int, vetoes: tuple[Line, ...]) -> Level:
    """Give the level by the bands, lowered where a veto in force says so."""
    level = rulebook.level_of(points)
    for line in vetoes:
        if line.rule and line.rule.veto and line.rule.veto.level_at_most:
            level = max(level, line.rule.veto.level_at_most, key=attrgetter("rank"))
    return level


def _first_change(
    weighed: list[Weighed], uncounted: list[Uncounted], rulebook: Rulebook, as_of: date, since: date | None
) -> date | None:
    """Give the first later day on which a record begins or lapses, or a clean year may be complete."""
    days = [item[4] for item in weighed if item[4] is not None and item[4] > as_of]
    days.extend(item.record.occurred_on for item in uncounted if item.reason is Reason.NOT_YET)
    if since is not None and rulebook.streaks:
        days.append(new_year_after(as_of))
    return min(days, default=None)
