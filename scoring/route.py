"""`route`: the smallest sets of open actions that reach the next level, and the day on which waiting gets there."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import combinations, islice
from typing import NamedTuple

from scoring.days import add_months
from scoring.evaluation import evaluate
from scoring.forecast import forecast
from scoring.records import Record
from scoring.rulebook import Level, Limit, Rule, Rulebook, rulebook_on
from scoring.statement import Line, LineKind, Score

MOST_ACTIONS = 3  # more than three things at once is no advice
MOST_REPAIRS = 6  # the heaviest; each more multiplies the sets to try
MOST_WAYS = 12


class Open(NamedTuple):
    """An open action: a record that the citizen can earn (`amount` units of a curve, else 1), or one to be repaired."""

    rule: Rule
    amount: int
    repairs: Record | None


class Way(NamedTuple):
    """A set of actions that reaches the level, and the score it reaches."""

    actions: tuple[Open, ...]
    points: int


class CapUsed(NamedTuple):
    """How much of a limit on plus points is used, in points; `year` for a yearly limit."""

    limit: Limit
    year: int | None
    used: int
    at_most: int


class Route(NamedTuple):
    """The way up. `target` is None at the top level; `waiting_on` None when waiting alone does not get there.

    `blocked_by` are the veto lines that keep any action from lifting the level.
    """

    score: Score
    target: Level | None
    missing: int
    ways: tuple[Way, ...]
    caps: tuple[CapUsed, ...]
    waiting_on: date | None
    blocked_by: tuple[Line, ...]


def route(
    records: Iterable[Record],
    editions: Iterable[Rulebook],
    *,
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> Route:
    """Find the smallest sets of at most three open actions that reach the next level today, the first twelve of them.

    A set is smallest when nothing in it can be left out or climbed less. Actions are those that the rulebook declares,
    and the repair of minus records whose waiting time has passed.
    """
    held, books = list(records), list(editions)
    rulebook = rulebook_on(books, as_of)
    score = evaluate(held, rulebook, as_of=as_of, known_at=known_at, since=since)
    caps = _list_caps(score)
    if score.level.rank == 0:
        return Route(score, None, 0, (), caps, None, score.vetoes)
    target = rulebook.levels[score.level.rank - 1]
    at_least = rulebook.floor if target.at_least is None else target.at_least
    missing = max(0, at_least - score.points)

    def reach(actions: tuple[Open, ...]) -> Score:
        supposed = _suppose(held, actions, as_of, known_at)
        return evaluate(supposed, rulebook, as_of=as_of, known_at=known_at, since=since)

    ways = tuple(islice(_find_ways(list(_list_open(score)), target, reach), MOST_WAYS))
    coming = forecast(held, books, as_of=as_of, known_at=known_at, since=since)
    waiting_on = next((step.on for step in coming if step.after.level.rank <= target.rank), None)
    return Route(score, target, missing, ways, caps, waiting_on, score.vetoes)


def _list_open(score: Score) -> Iterator[Open]:
    for rule in score.rulebook.rules:
        if rule.action is not None:
            yield Open(rule, max(1, rule.action.most), None)
    repairable = [line for line in score.lines if line.kind is LineKind.RECORD and _is_repairable(line, score)]
    for line in sorted(repairable, key=_by_weight)[:MOST_REPAIRS]:
        if line.rule is not None:
            yield Open(line.rule, 1, line.record)


def _by_weight(line: Line) -> tuple[bool, int]:
    """Put vetoes first, whatever their points: nothing else lifts the level while one is in force."""
    return line.rule is None or line.rule.veto is None, line.points


def _is_repairable(line: Line, score: Score) -> bool:
    """Tell whether the waiting time of a minus record has passed: from the day it happened, or from its end."""
    rule, record = line.rule, line.record
    if rule is None or record is None or rule.repairable_after_months is None:
        return False
    if record.ended_on is None and score.rulebook.catalogue.indicators[rule.indicator].continuing:
        return False  # it still goes on
    done_on = record.ended_on or record.occurred_on
    return add_months(done_on, rule.repairable_after_months) <= score.as_of


def _suppose(records: list[Record], actions: tuple[Open, ...], as_of: date, known_at: datetime) -> list[Record]:
    """Give the records as they would be after some actions, done today."""
    repaired = {action.repairs.record_id for action in actions if action.repairs}
    supposed = [record for record in records if record.record_id not in repaired]
    for index, action in enumerate(actions):
        if action.repairs is None and action.rule.action is not None:
            fields = dict(action.rule.action.fields)
            if action.rule.adds_up:
                fields[_curve_field(action.rule)] = action.amount
            supposed.append(Record(f"~{index}", action.rule.indicator, known_at, as_of, fields=fields))
    return supposed


def _curve_field(rule: Rule) -> str:
    return str(getattr(rule.pricing, "field", ""))


def _find_ways(actions: list[Open], target: Level, reach: Callable[[tuple[Open, ...]], Score]) -> Iterator[Way]:
    """Try sets of one, two and three actions, the smaller first, and give those that no other way undercuts."""
    found: list[tuple[Open, ...]] = []
    for size in range(1, MOST_ACTIONS + 1):
        for chosen in combinations(actions, size):
            held = [way for way in found if _holds(chosen, way)]
            curves = sum(action.rule.adds_up and action.repairs is None for action in chosen)
            if held and curves != 1:
                continue  # with no curve there is nothing to do less of; with two, less of one is more of the other
            if reach(chosen).level.rank > target.rank:
                continue
            least = _lessen(chosen, target, reach)
            if not any(_undercuts(way, least) for way in held):
                found.append(least)
                yield Way(least, reach(least).points)


def _holds(way: tuple[Open, ...], other: tuple[Open, ...]) -> bool:
    """Tell whether a way has every action of another, whatever the amounts."""
    return all(any(_is_same(mine, action) for mine in way) for action in other)


def _undercuts(way: tuple[Open, ...], other: tuple[Open, ...]) -> bool:
    """Tell whether a way asks no more of any action than another that has them all."""
    return all(any(_is_same(mine, its) and mine.amount <= its.amount for its in other) for mine in way)


def _is_same(one: Open, other: Open) -> bool:
    return one.rule is other.rule and one.repairs is other.repairs


def _lessen(way: tuple[Open, ...], target: Level, reach: Callable[[tuple[Open, ...]], Score]) -> tuple[Open, ...]:
    """Climb each curve of a way only as far as is needed, by bisection, one curve after the other."""
    for index, action in enumerate(way):
        if action.repairs is not None or not action.rule.adds_up or action.rule.action is None:
            continue
        step = action.rule.action.step
        low, high = 1, -(-action.amount // step)
        while low < high:
            middle = (low + high) // 2
            tried = _with_amount(way, index, middle * step)
            if reach(tried).level.rank <= target.rank:
                high = middle
            else:
                low = middle + 1
        way = _with_amount(way, index, high * step)
    return way


def _with_amount(way: tuple[Open, ...], index: int, amount: int) -> tuple[Open, ...]:
    return (*way[:index], way[index]._replace(amount=amount), *way[index + 1 :])


def _list_caps(score: Score) -> tuple[CapUsed, ...]:
    """Tell how much of each limit on plus points is used: this calendar year's, or everything in force."""
    caps = []
    for limit in score.rulebook.limits:
        if limit.at_most is None:
            continue
        used = sum(line.points for line in score.lines if _is_under(line, limit, score.as_of.year))
        year = score.as_of.year if limit.by_year else None
        caps.append(CapUsed(limit, year, min(used, limit.at_most), limit.at_most))
    return tuple(caps)


def _is_under(line: Line, limit: Limit, year: int) -> bool:
    """Tell whether a line uses a limit: a plus of its rules, or what a narrower bound has cut of them before."""
    if line.bound is not None:
        return line.bound.id != limit.id and not limit.by_year and line.bound.rules <= limit.rules and line.points < 0
    if line.rule is None or line.rule.id not in limit.rules or line.points <= 0:
        return False
    return not limit.by_year or (line.record is not None and line.record.occurred_on.year == year)
