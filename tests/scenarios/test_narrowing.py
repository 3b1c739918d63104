"""What is not counted of a change of scenarios, and still takes something away."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scenarios.catalogue import BenefitKind, Bounds, ScenarioCatalogue
from scenarios.narrowing import list_narrowed
from tests.scenarios.small_offers import OFFERS

WAIVER = next(each for each in OFFERS.scenarios.values() if each.benefit.limit_fen is not None)


def change(given: dict[str, Any]) -> ScenarioCatalogue:
    """The small offers with another waiver: figures of its parts by `<part>_<figure>`, or of itself."""
    scenario = WAIVER
    for name, value in given.items():
        part, _, figure = name.partition("_")
        if part in {"benefit", "quotas", "condition"}:
            scenario = replace(scenario, **{part: replace(getattr(scenario, part), **{figure: value})})
        else:
            scenario = replace(scenario, **{name: value})
    return replace(OFFERS, scenarios={**OFFERS.scenarios, WAIVER.code: scenario})


# A change, and the one back: the first takes something away.
NARROWER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"benefit_limit_fen": 100}, {"benefit_limit_fen": 200}),
    ({"benefit_reserved_minutes": 10}, {"benefit_reserved_minutes": 15}),
    ({"benefit_lasting_days": 1}, {"benefit_lasting_days": 2}),
    ({"benefit_overdue_days": 90}, {"benefit_overdue_days": 30}),
    ({"benefit_charged_percent": 90}, {"benefit_charged_percent": 80}),
    ({"benefit_free_minutes": 30}, {"benefit_free_minutes": 60}),
    ({"quotas_citizen_day": 1}, {"quotas_citizen_day": 2}),
    ({"quotas_scenario_total": 1}, {"quotas_scenario_total": None}),
    ({"ends_on": date(2026, 2, 1)}, {"ends_on": None}),
    ({"ends_on": date(2026, 2, 1)}, {"ends_on": date(2026, 3, 1)}),
    ({"starts_on": date(2026, 2, 1)}, {"starts_on": date(2026, 1, 1)}),
    ({"excludes": frozenset({"price"})}, {"excludes": frozenset()}),
    ({"condition_regions": ("410105",)}, {"condition_regions": ()}),
    ({"condition_regions": ("410105",)}, {"condition_regions": ("410100",)}),
]
# Neither way is plainly as good.
OTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"benefit_figure_by_contract": True, "benefit_limit_fen": None}, {}),
    ({"benefit_limit_fen": None}, {}),
    ({"benefit_kind": BenefitKind.REFERRAL}, {}),
    ({"condition_regions": ("410105",)}, {"condition_regions": ("410106",)}),
]


@pytest.mark.parametrize(("narrower", "wider"), [*NARROWER, *OTHER])
def test_what_takes_something_away_is_found(narrower: dict[str, Any], wider: dict[str, Any]) -> None:
    assert list_narrowed(change(wider), change(narrower)) == (WAIVER.code,)
    assert list_narrowed(change(narrower), change(narrower)) == ()


@pytest.mark.parametrize(("narrower", "wider"), NARROWER)
def test_what_gives_more_is_not(narrower: dict[str, Any], wider: dict[str, Any]) -> None:
    assert list_narrowed(change(narrower), change(wider)) == ()


@pytest.mark.parametrize(("narrower", "wider"), OTHER)
def test_what_cannot_be_compared_is_found_both_ways(narrower: dict[str, Any], wider: dict[str, Any]) -> None:
    assert list_narrowed(change(narrower), change(wider)) == (WAIVER.code,)


def test_words_and_conditions_that_are_counted_are_not() -> None:
    title = replace(WAIVER.title, zh="别的名字")
    other = change({"title": title, "condition_level": "top", "condition_least_age": 60})
    assert list_narrowed(OFFERS, other) == ()


def test_a_scenario_that_is_dropped_is_found_and_a_new_one_is_not() -> None:
    fewer = replace(OFFERS, scenarios={code: each for code, each in OFFERS.scenarios.items() if code != WAIVER.code})
    assert list_narrowed(OFFERS, fewer) == (WAIVER.code,)
    assert list_narrowed(fewer, OFFERS) == ()
    over = change({"ends_on": OFFERS.effective_on})
    assert (list_narrowed(over, fewer), list_narrowed(over, change({"benefit_limit_fen": 1}))) == ((), ())


@pytest.mark.parametrize("name", [*Bounds.__dataclass_fields__])
def test_a_bound_that_is_lowered_is_found(name: str) -> None:
    lower = replace(OFFERS, bounds=replace(OFFERS.bounds, **{name: getattr(OFFERS.bounds, name) - 1}))
    assert list_narrowed(OFFERS, lower) == ("bounds",)
    assert list_narrowed(lower, OFFERS) == ()
