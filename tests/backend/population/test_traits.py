from datetime import date

import pytest

from backend.people.identity_numbers import find_check_character
from backend.population.traits import Traits, read_traits

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("first", "traits"),
    [
        ("41010219900307001", Traits(1990, "male", "410102")),
        ("41010220001231002", Traits(2000, "female", "410102")),
        ("81000019900307003", Traits(1990, "male")),
        ("83000019900307004", Traits(1990, "female")),
        ("91112419900307005", Traits(1990)),
    ],
)
def test_a_number_tells_what_its_form_tells(first: str, traits: Traits) -> None:
    assert read_traits(first + find_check_character(first), today=TODAY) == traits


def test_the_old_foreign_form_tells_the_year_where_only_one_century_can_be() -> None:
    assert read_traits("USA110085123199", today=TODAY) == Traits(1985)
    assert read_traits("USA110010123199", today=TODAY) == Traits()  # 2010, or 1910
    assert read_traits("410102199003070010", today=TODAY) == Traits()  # none of ours
