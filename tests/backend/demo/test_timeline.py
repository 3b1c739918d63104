"""The plan of a city: the same for the same seed, in the order of time, within the time there are rules for."""

from datetime import date

import pytest

from backend.clock import today
from backend.demo.steps import HandInBatch
from backend.demo.timeline import ROWS_A_BATCH, Planner, find_first_day
from backend.gateways.rulebook_files import read_city
from backend.people.agreement import read_editions
from tests.backend.demo.cities import DAY, SEED

CITIES = ("zhengzhou", "wendeng")


@pytest.mark.parametrize("city", CITIES)
def test_a_seed_makes_the_same_plan(city: str) -> None:
    rules = read_city(city)
    first = Planner(rules, count=40, seed=SEED, day=DAY).make()
    assert first == Planner(rules, count=40, seed=SEED, day=DAY).make()
    assert first != Planner(rules, count=40, seed=SEED + 1, day=DAY).make()


@pytest.mark.parametrize("city", CITIES)
def test_everything_happens_in_order_and_while_there_are_rules(city: str) -> None:
    rules = read_city(city)
    steps = Planner(rules, count=40, seed=SEED, day=DAY).make().steps
    moments = [step.at for step in steps]
    assert moments == sorted(moments)
    assert find_first_day(rules, DAY) <= today(moments[0]) <= today(moments[-1]) <= DAY
    assert (today(moments[-1]) - today(moments[0])).days > 200


def test_a_batch_is_of_one_department_and_not_too_long() -> None:
    rules = read_city("zhengzhou")
    plan = Planner(rules, count=40, seed=SEED, day=DAY).make()
    batches = [step for step in plan.steps if isinstance(step, HandInBatch)]
    assert all(0 < len(batch.rows) <= ROWS_A_BATCH for batch in batches)
    assert {batch.department for batch in batches} <= set(rules.catalogue_on(DAY).departments)


def test_the_past_is_three_years_where_there_are_rules_for_so_long() -> None:
    rules = read_city("wendeng")
    assert find_first_day(rules, date(2032, 5, 3)) == date(2029, 5, 3)
    assert find_first_day(rules, DAY) == read_editions()[0].effective_on
