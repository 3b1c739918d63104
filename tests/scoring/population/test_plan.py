"""The plan gives everybody the score that `evaluate` gives, whatever the rulebook, the day and what was known."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any
from uuid import UUID

import ibis
import pytest
from ibis.backends.duckdb import Backend
from ibis.expr.types import DateValue, IntegerValue, Table

from scoring.days import FIRST_DAY, LAST_DAY, ONE_DAY, end_of
from scoring.evaluation import evaluate
from scoring.population import bounding, choosing, lining, plan, pouring, weighing
from scoring.population.cells import list_cells
from scoring.population.columns import CityTables
from scoring.population.knowing import find_fates
from scoring.population.lining import judge
from scoring.population.plan import plan_scores
from scoring.population.pots import make_pots
from scoring.population.rules import plan_rules
from scoring.population.weighing import name_in_force
from scoring.pricing import Curve
from scoring.records import Record
from scoring.rulebook import Limit, Rulebook
from scoring.statement import Line, LineKind, Reason, Score
from tests.scoring.population.crowds import Somebody, make_crowd, make_rulebook, make_tables, make_tidy_rulebook
from tests.scoring.small_city import RULEBOOK
from tests.scoring.strategies import FIRST, LAST

FAR = timedelta(days=9999)
CROWD = 120


@pytest.fixture(scope="module")
def engine() -> Iterator[Backend]:
    found = ibis.duckdb.connect()
    yield found
    found.disconnect()


def score_crowd(
    engine: Backend, crowd: Sequence[Somebody], rulebook: Rulebook, as_of: date, known_at: datetime
) -> dict[int, dict[str, Any]]:
    tables = make_tables(crowd, rulebook.catalogue)
    scores = plan_scores(tables, rulebook, as_of=as_of, known_at=known_at)
    return {row["subject_no"]: row for row in engine.to_pyarrow(scores).to_pylist()}


def describe(somebody: Somebody, rulebook: Rulebook, as_of: date, known_at: datetime) -> dict[str, Any]:
    """What `evaluate` says of somebody, by column."""
    score = evaluate(somebody.records, rulebook, as_of=as_of, known_at=known_at, since=somebody.since)
    return {
        "points": score.points,
        "level": score.level.code,
        "incentives_suspended": bool(score.vetoes),
        "changes_on": score.changes_on,
        **{f"points_{code}": points for code, points in score.dimensions.items()},
        **collect_sets(score, rulebook),
    }


def collect_sets(score: Score, rulebook: Rulebook) -> dict[str, int]:
    """The indicators of records that count, or stand back behind another of their act, as sets of bits."""
    in_force = {line.record.indicator for line in score.lines if line.record is not None}
    in_force |= {
        each.record.indicator
        for each in score.uncounted
        if each.reason is Reason.SAME_ACT and (each.lapses_on is None or score.as_of < each.lapses_on)
    }
    sets: dict[str, int] = {}
    for indicator, number, bit in name_in_force(rulebook):
        name = f"in_force_{number}"
        sets[name] = sets.get(name, 0) | (1 << bit if indicator in in_force else 0)
    return sets


def must_agree(engine: Backend, seed: int, rulebook: Rulebook) -> None:
    random = Random(seed)  # noqa: S311 - a crowd that can be had again
    crowd = make_crowd(random, CROWD)
    as_of = FIRST + timedelta(days=random.randint(0, (LAST - FIRST).days))
    known_at = end_of(as_of if random.random() < 0.7 else as_of - timedelta(days=random.randint(0, 500)))
    found = score_crowd(engine, crowd, rulebook, as_of, known_at)
    assert found.keys() == set(range(CROWD))
    for subject, somebody in enumerate(crowd):
        wanted = {"subject_no": subject, **describe(somebody, rulebook, as_of, known_at)}
        assert found[subject] == wanted, (seed, as_of, known_at, somebody)


@pytest.mark.parametrize("seed", range(1))
def test_the_plan_gives_what_evaluate_gives(engine: Backend, seed: int) -> None:
    must_agree(engine, seed, RULEBOOK)


@pytest.mark.parametrize("as_of", [date.min, FIRST_DAY - ONE_DAY, LAST_DAY + ONE_DAY, date.max])
def test_both_refuse_days_that_the_calendar_does_not_reach_around(engine: Backend, as_of: date) -> None:
    crowd = make_crowd(Random(1), 1)  # noqa: S311 - as above
    wanted = f"no score is computed of {as_of}; give a day from 1900-01-01 to 2999-12-31"
    with pytest.raises(ValueError, match=wanted):
        describe(crowd[0], RULEBOOK, as_of, end_of(LAST))
    with pytest.raises(ValueError, match=wanted):
        score_crowd(engine, crowd, RULEBOOK, as_of, end_of(LAST))


def test_both_agree_on_the_last_day(engine: Backend) -> None:
    (somebody,) = make_crowd(Random(2), 1)  # noqa: S311 - as above
    (found,) = score_crowd(engine, [somebody], RULEBOOK, LAST_DAY, end_of(LAST)).values()
    assert found == {"subject_no": 0, **describe(somebody, RULEBOOK, LAST_DAY, end_of(LAST))}


def test_an_amount_may_be_larger_than_half_a_sum(engine: Backend) -> None:
    """Of two years, as the number of the pot is odd for one of them."""
    rules = tuple(
        replace(rule, pricing=replace(rule.pricing, by_year=True)) if isinstance(rule.pricing, Curve) else rule
        for rule in RULEBOOK.rules
    )
    rulebook, as_of = replace(RULEBOOK, rules=rules), date(2026, 3, 1)
    days = [as_of - timedelta(days=30), as_of - timedelta(days=90)]
    crowd = [
        Somebody(None, (Record(str(UUID(int=day.month)), "HOURS", end_of(day), day, None, {"hours": 10**10}),))
        for day in days
    ]
    found = score_crowd(engine, crowd, rulebook, as_of, end_of(as_of))
    assert [row["points"] for row in found.values()] == [
        describe(each, rulebook, as_of, end_of(as_of))["points"] for each in crowd
    ]


@pytest.mark.parametrize("seed", range(3))
def test_it_does_by_any_rulebook(engine: Backend, seed: int) -> None:
    must_agree(engine, seed, make_rulebook(Random(1000 + seed)))  # noqa: S311 - as above


@pytest.mark.parametrize("seed", range(4))
def test_it_does_by_rulebooks_as_a_city_has_them(engine: Backend, seed: int) -> None:
    must_agree(engine, seed, make_tidy_rulebook(Random(2000 + seed)))  # noqa: S311 - as above


def test_such_rulebooks_have_every_sort_of_pot() -> None:
    found = set()
    for seed in range(12):
        rulebook = make_tidy_rulebook(Random(2000 + seed))  # noqa: S311 - as above
        pots = make_pots(rulebook, list_cells(rulebook), LAST)
        for pot in pots.pots:
            limit, curve, group = pot.bounds
            found.add((bool(pot.years), limit is not None, curve is not None, group is not None, pot.is_small))
    assert found >= {
        (False, False, False, False, True),
        (True, True, False, False, True),
        (False, True, False, False, False),
        (True, True, True, False, False),
        (True, False, True, True, False),
        (False, False, False, True, False),
    }


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_it_does_by_hundreds_of_rulebooks(engine: Backend) -> None:
    for seed in range(100, 300):
        must_agree(engine, seed, make_rulebook(Random(seed)))  # noqa: S311 - as above
        must_agree(engine, seed, make_tidy_rulebook(Random(seed)))  # noqa: S311 - as above


@pytest.mark.parametrize("seed", range(1))
def test_it_tells_what_each_rule_gives_alone(engine: Backend, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - as above
    crowd = make_crowd(random, CROWD)
    tables = make_tables(crowd, RULEBOOK.catalogue)
    found = engine.to_pyarrow(plan_rules(tables, RULEBOOK, as_of=LAST)).to_pylist()
    wanted: dict[str, dict[str, Any]] = {}
    for somebody in crowd:
        score = evaluate(somebody.records, RULEBOOK, as_of=LAST, known_at=end_of(LAST) + FAR, since=somebody.since)
        own = set()
        for line in score.lines:
            if line.rule is not None and line.kind in {LineKind.RECORD, LineKind.STREAK}:
                points = line.points if line.record is None else price_alone(line)
                given = wanted.setdefault(
                    line.rule.id, {"rule_id": line.rule.id, "people": 0, "records": 0, "points": 0}
                )
                given["records"] += line.record is not None
                given["points"] += points
                own.add(line.rule.id)
        for rule_id in own:
            wanted[rule_id]["people"] += 1
    assert {row["rule_id"]: row for row in found} == wanted
    only = engine.to_pyarrow(plan_rules(tables, RULEBOOK, as_of=LAST, only=[found[0]["rule_id"]])).to_pylist()
    assert only == [found[0]]


def price_alone(line: Line) -> int:
    """What a record is worth by its rule if there is no other."""
    assert line.record is not None
    found = RULEBOOK.match(line.record.indicator, line.record.fields)
    assert found is not None
    return found[1]


def keep_all(table: Table, *_: object) -> Table:
    """Change nothing."""
    return table


def draw_no_years(*_: object) -> None:
    """Count no clean years."""


def find_no_end(weighed: Table, _: Rulebook) -> DateValue:
    """Let everything lapse a year after its day."""
    return (weighed.occurred_on + ibis.interval(months=12)).cast("date")


def forget_vetoes(_: Rulebook) -> dict[int, int]:
    """Know of no veto."""
    return {}


def climb_alone(counting: Table, _: Rulebook) -> Table:
    """Let each record along a curve begin at its foot."""
    return counting.mutate(points=counting.alone)


def repeat_nothing(judged: Table, _: Rulebook) -> Table:
    """Double nothing."""
    return judged.limit(0)


def cut_nothing(points: IntegerValue, _: Limit) -> IntegerValue:
    """Let no limit bite."""
    return points


def find_no_fates(tables: CityTables, known_at: datetime | None) -> Table:
    """Hear of no later word."""
    return find_fates(tables, known_at).limit(0)


def see_one_year(priced: Table) -> IntegerValue:
    """Put all years into the first."""
    return priced.pot


def keep_whole_acts(weighed: Table, as_of: date) -> Table:
    """Let every record of an act stand."""
    nothing = ibis.literal(False)  # noqa: FBT003 - the value of a column
    return judge(weighed.mutate(is_behind=nothing), as_of)


def take_own(_: Random) -> Rulebook:
    """The small city's own rulebook."""
    return RULEBOOK


# Each with a rulebook and a crowd, by their seed, that can tell.
DEFECTS: dict[str, tuple[ModuleType, Callable[..., object], Callable[[Random], Rulebook], int]] = {
    "_climb": (lining, climb_alone, make_rulebook, 1006),
    "find_repeating": (plan, repeat_nothing, take_own, 0),
    "judge_acts": (choosing, keep_whole_acts, take_own, 0),
    "price_years": (plan, lambda *_: ibis.literal(0), take_own, 0),
    "list_vetoes": (weighing, forget_vetoes, take_own, 0),
    "_apply_limit": (bounding, keep_all, make_rulebook, 1001),
    "_keep_highest": (bounding, keep_all, make_rulebook, 1003),
    "_cut": (pouring, cut_nothing, take_own, 0),
    "find_pot": (pouring, see_one_year, make_tidy_rulebook, 2004),
    "find_fates": (choosing, find_no_fates, take_own, 0),
    "find_end": (weighing, find_no_end, take_own, 0),
}


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_planted_defect_is_found(engine: Backend, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module, defect, make, seed = DEFECTS[name]
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(AssertionError):
        must_agree(engine, seed, make(Random(seed)))  # noqa: S311 - as above
