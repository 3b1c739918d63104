"""`evaluate`: records in, a score that adds up out. The steps stand in the order of the rules' own logic."""

from collections.abc import Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from scoring.bounds import Sheet, apply_limit, freeze, keep_highest
from scoring.days import new_year_after
from scoring.pricing import Curve, Price, Streak
from scoring.records import Record, as_known
from scoring.rulebook import Level, Rule, Rulebook
from scoring.statement import Line, LineKind, Reason, Score, Uncounted

# Raise it with every change that can give another score for the same records and rules: kept scores carry it.
ENGINE = 1
NO_VETO = 2


class UnreconciledError(AssertionError):
    """The lines of a score do not add up to it: a defect of this system, never of its input."""


class Weighed(NamedTuple):
    """A known record with its rule, its price alone, and the day on which it lapses."""

    record: Record
    rule: Rule
    price: Price
    ends_on: date | None

    @property
    def weight(self) -> tuple[int, int, int, int, date, str]:
        """Order records of one act: the severest veto first, then points, plus before minus, amount, the earlier."""
        return (
            NO_VETO if self.rule.veto is None else -self.rule.veto.severity,
            -abs(self.price.points),
            -self.price.points,
            -self.amount,
            self.record.occurred_on,
            self.record.record_id,
        )

    @property
    def amount(self) -> int:
        """Give what the record adds to a curve's sum; 0 under any other rule."""
        pricing = self.rule.pricing
        return int(self.record.fields[pricing.field]) if isinstance(pricing, Curve) else 0

    @property
    def is_adverse(self) -> bool:
        """Tell whether the record speaks against the person."""
        return self.price.points < 0 or self.rule.veto is not None

    @property
    def is_suspended(self) -> bool:
        """Tell whether it waits for the decision about an objection; a plus never does."""
        return self.record.suspended and self.is_adverse


_in_order = attrgetter("record.occurred_on", "record.record_id")


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
    counts. The order of the records does not matter. Never raises on admitted records.
    """
    weighed, uncounted = _weigh(records, rulebook, as_of, known_at)
    standing = _keep_one_of_each_act(weighed, uncounted)
    sheet = Sheet()
    sheet.add(Line(LineKind.BASE, rulebook.base, ""))
    _price(_drop_lapsed(standing, as_of, uncounted), standing, rulebook, sheet)
    _add_streaks(weighed, rulebook, as_of, since, sheet)
    for limit in rulebook.rule_limits:
        apply_limit(limit, sheet)
    for group in rulebook.exclusives:
        keep_highest(group, sheet)
    for limit in rulebook.dimension_limits:
        apply_limit(limit, sheet)
    vetoes = tuple(line for line in sheet.lines if line.kind is LineKind.RECORD and line.rule and line.rule.veto)
    if vetoes:
        freeze(sheet)
    dimensions = _sum_dimensions(rulebook, sheet)
    points = _clamp(rulebook, sheet, dimensions)
    uncounted.sort(key=_in_order)
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
    """Find each record's rule; what has none or has not begun yet is set aside as uncounted."""
    weighed: list[Weighed] = []
    uncounted: list[Uncounted] = []
    for reported in records:
        record = as_known(reported, known_at) if reported.events or reported.known_at > known_at else reported
        if record is None:
            continue
        found = rulebook.match(record.indicator, record.fields)
        if found is None:
            uncounted.append(Uncounted(record, Reason.UNSCORED, None, 0, None))
            continue
        rule, price = found
        ends_on = price.validity.ends_on(record.occurred_on, record.ended_on)
        if record.occurred_on > as_of:
            uncounted.append(Uncounted(record, Reason.NOT_YET, rule, price.points, ends_on))
        else:
            weighed.append(Weighed(record, rule, price, ends_on))
    weighed.sort(key=_in_order)
    return weighed, uncounted


def _keep_one_of_each_act(weighed: list[Weighed], uncounted: list[Uncounted]) -> list[Weighed]:
    """Of records sharing an act keep the weightiest; then set aside what waits for an objection.

    The weightiest is chosen among all records of the act, lapsed and suspended ones included: an act counts once and
    for all, so that a lighter record does not come up when the weightier one lapses or is objected to.
    """
    best: dict[str, Weighed] = {}
    for item in weighed:
        act = item.record.act
        if act is not None and (act not in best or item.weight < best[act].weight):
            best[act] = item
    standing: list[Weighed] = []
    for item in weighed:
        act = item.record.act
        if act is not None and best[act] is not item:
            uncounted.append(_set_aside(item, Reason.SAME_ACT))
        elif item.is_suspended:
            uncounted.append(_set_aside(item, Reason.SUSPENDED))
        else:
            standing.append(item)
    return standing


def _drop_lapsed(standing: list[Weighed], as_of: date, uncounted: list[Uncounted]) -> list[Weighed]:
    counted: list[Weighed] = []
    for item in standing:
        if item.ends_on is not None and as_of >= item.ends_on:
            uncounted.append(_set_aside(item, Reason.LAPSED))
        else:
            counted.append(item)
    return counted


def _set_aside(item: Weighed, reason: Reason) -> Uncounted:
    return Uncounted(item.record, reason, item.rule, item.price.points, item.ends_on)


def _price(counted: list[Weighed], standing: list[Weighed], rulebook: Rulebook, sheet: Sheet) -> None:
    """Write a line for each counted record, and one more for each repeat.

    Along a curve a record's points are what it adds to the sum of those before it, so that the lines of the curve
    always add up to the curve.
    """
    climbed: dict[tuple[str, int], tuple[int, int]] = {}  # of each curve and year: the sum so far, and its points
    for record, rule, price, ends_on in counted:
        points = price.points
        if isinstance(rule.pricing, Curve):
            key = rule.id, record.occurred_on.year if rule.pricing.by_year else 0
            amount, reached = climbed.get(key, (0, 0))
            amount += int(record.fields[rule.pricing.field])
            climbed[key] = amount, rule.pricing.points_at(amount)
            points = climbed[key][1] - reached
        sheet.add(Line(LineKind.RECORD, points, rule.dimension, rule, record, ends_on))
        if rulebook.repeats and points < 0 and _is_repeat(record, rule, standing):
            extra = points * (rulebook.repeats.factor - 1)
            sheet.add(Line(LineKind.REPEAT, extra, rule.dimension, rule, record, ends_on))


def _is_repeat(record: Record, rule: Rule, standing: list[Weighed]) -> bool:
    """Tell whether a minus of the same class from an earlier day was in force when this one happened.

    Of two on one day neither is the earlier. A record that does not stand for its act repeats nothing.
    """
    for earlier in standing:
        if earlier.record.occurred_on >= record.occurred_on:
            return False
        if (
            earlier.price.points < 0
            and earlier.rule.repeat_class == rule.repeat_class
            and (earlier.ends_on is None or record.occurred_on < earlier.ends_on)
        ):
            return True
    return False


def _add_streaks(weighed: list[Weighed], rulebook: Rulebook, as_of: date, since: date | None, sheet: Sheet) -> None:
    """Add points for whole clean calendar years since the account was opened, counted back without a gap."""
    if since is None or not rulebook.streaks:
        return
    first = since.year if (since.month, since.day) == (1, 1) else since.year + 1
    marred: set[int] = set()
    for item in weighed:
        if item.is_adverse and not item.is_suspended:
            marred.update(range(item.record.occurred_on.year, _last_year(item, as_of) + 1))
    clean = 0
    while as_of.year - 1 - clean >= first and as_of.year - 1 - clean not in marred:
        clean += 1
    for rule in rulebook.streaks:
        if clean and isinstance(rule.pricing, Streak):
            count = min(clean, rule.pricing.most)
            sheet.add(Line(LineKind.STREAK, rule.pricing.points * count, rule.dimension, rule, years=count))


def _last_year(item: Weighed, as_of: date) -> int:
    """Give the last calendar year that an adverse record mars: that of its end when it is a continuing one."""
    if not item.price.validity.from_end:
        return item.record.occurred_on.year
    ended_on = item.record.ended_on
    return as_of.year if ended_on is None else max(ended_on.year, item.record.occurred_on.year)


def _clamp(rulebook: Rulebook, sheet: Sheet, dimensions: dict[str, int]) -> int:
    """Hold the sum within floor and ceiling, by a line of its own, and give the score.

    The sum is taken twice, over the lines and over the dimensions: a statement that does not add up must not leave.
    """
    total = sum(line.points for line in sheet.lines)
    if total != rulebook.base + sum(dimensions.values()):
        message = f"lines give {total}, base and dimensions give {rulebook.base + sum(dimensions.values())}"
        raise UnreconciledError(message)
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


def _sum_dimensions(rulebook: Rulebook, sheet: Sheet) -> dict[str, int]:
    sums = dict.fromkeys((dimension.code for dimension in rulebook.dimensions), 0)
    for line in sheet.lines:
        if line.dimension:
            sums[line.dimension] += line.points
    return sums


def _first_change(
    weighed: list[Weighed], uncounted: list[Uncounted], rulebook: Rulebook, as_of: date, since: date | None
) -> date | None:
    """Give the first later day on which a record begins or lapses, or a clean year may be complete."""
    days = [item.ends_on for item in weighed if item.ends_on is not None and item.ends_on > as_of]
    days.extend(item.record.occurred_on for item in uncounted if item.reason is Reason.NOT_YET)
    if since is not None and rulebook.streaks:
        days.append(new_year_after(as_of))
    return min(days, default=None)
