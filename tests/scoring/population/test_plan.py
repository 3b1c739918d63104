"""The plan gives everybody the score that `evaluate` gives, whatever the rulebook, the day and what was known."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any

import ibis
import pytest
from ibis.backends.duckdb import Backend
from ibis.expr.types import DateValue, Table

from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.population import bounding, lining, plan, weighing
from scoring.population.plan import plan_scores
from scoring.pricing import Validity
from scoring.rulebook import Rulebook
from tests.scoring.population.crowds import Somebody, make_crowd, make_rulebook, make_tables
from tests.scoring.small_city import RULEBOOK
from tests.scoring.strategies import FIRST, LAST

CROWD = 150


@pytest.fixture(scope="module")
def engine() -> Iterator[Backend]:
    found = ibis.duckdb.connect()
    yield found
    found.disconnect()


def score_crowd(
    engine: Backend, crowd: Sequence[Somebody], rulebook: Rulebook, as_of: date, known_at: datetime
) -> dict[int, dict[str, Any]]:
    tables = make_tables(crowd, rulebook.catalogue)
    scores = plan_scores(*tables, rulebook, as_of=as_of, known_at=known_at)
    return {row["subject"]: row for row in engine.to_pyarrow(scores).to_pylist()}


def describe(somebody: Somebody, rulebook: Rulebook, as_of: date, known_at: datetime) -> dict[str, Any]:
    """What `evaluate` says of somebody, by column."""
    score = evaluate(somebody.records, rulebook, as_of=as_of, known_at=known_at, since=somebody.since)
    return {
        "points": score.points,
        "level": score.level.code,
        "incentives_suspended": bool(score.vetoes),
        "changes_on": score.changes_on,
        **{f"points_{code}": points for code, points in score.dimensions.items()},
    }


def must_agree(engine: Backend, seed: int, rulebook: Rulebook) -> None:
    random = Random(seed)  # noqa: S311 - a crowd that can be had again
    crowd = make_crowd(random, CROWD)
    as_of = FIRST + timedelta(days=random.randint(0, (LAST - FIRST).days))
    known_at = end_of(as_of if random.random() < 0.7 else as_of - timedelta(days=random.randint(0, 500)))
    found = score_crowd(engine, crowd, rulebook, as_of, known_at)
    assert found.keys() == set(range(CROWD))
    for subject, somebody in enumerate(crowd):
        wanted = {"subject": subject, **describe(somebody, rulebook, as_of, known_at)}
        assert found[subject] == wanted, (seed, as_of, known_at, somebody)


@pytest.mark.parametrize("seed", range(4))
def test_the_plan_gives_what_evaluate_gives(engine: Backend, seed: int) -> None:
    must_agree(engine, seed, RULEBOOK)


@pytest.mark.parametrize("seed", range(8))
def test_it_does_by_any_rulebook(engine: Backend, seed: int) -> None:
    must_agree(engine, seed, make_rulebook(Random(1000 + seed)))  # noqa: S311 - as above


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_it_does_by_hundreds_of_rulebooks(engine: Backend) -> None:
    for seed in range(100, 400):
        must_agree(engine, seed, make_rulebook(Random(seed)))  # noqa: S311 - as above


def keep_all(table: Table, *_: object) -> Table:
    """Change nothing."""
    return table


def draw_no_years(*_: object) -> None:
    """Count no clean years."""


def find_no_end(table: Table, validity: Validity) -> DateValue:
    """Let what counts from its end count from its day."""
    return (table.occurred_on + ibis.interval(months=validity.months or 0)).cast("date")


def forget_vetoes(_: Rulebook) -> dict[int, int]:
    """Know of no veto."""
    return {}


def climb_alone(counting: Table, _: Rulebook) -> Table:
    """Let each record along a curve begin at its foot."""
    return counting.mutate(points=counting.alone)


def repeat_nothing(_: Table, lines: Table, *__: object) -> Table:
    """Double nothing."""
    return lines.limit(0)


DEFECTS: dict[str, tuple[ModuleType, Callable[..., object]]] = {
    "_climb": (lining, climb_alone),
    "_repeat": (lining, repeat_nothing),
    "keep_one_of_each_act": (plan, keep_all),
    "draw_clean_years": (plan, draw_no_years),
    "list_vetoes": (plan, forget_vetoes),
    "_apply_limit": (bounding, keep_all),
    "_keep_highest": (bounding, keep_all),
    "_find_end": (weighing, find_no_end),
}


def agree_all(engine: Backend) -> None:
    """By several rulebooks, for what one of them cannot tell."""
    for seed in range(4):
        must_agree(engine, seed, RULEBOOK)
    for seed in range(6):
        must_agree(engine, seed, make_rulebook(Random(1000 + seed)))  # noqa: S311 - as above


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_planted_defect_is_found(engine: Backend, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module, defect = DEFECTS[name]
    monkeypatch.setattr(module, name, defect)
    with pytest.raises(AssertionError):
        agree_all(engine)
