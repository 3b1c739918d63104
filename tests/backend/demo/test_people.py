"""Invented people: valid, nobody real, the same for the same seed."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from backend.demo.cast import PERSONAS
from backend.demo.people import ADULT, OLDEST, UNASSIGNED_REGION, YOUNGEST_MINOR, Person, make_people
from backend.people.identity_numbers import ResidentId, read_resident_id
from scoring.days import age_on

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def _check(person: Person, day: date) -> None:
    assert read_resident_id(person.id_number, today=day) == ResidentId(person.id_number, person.born_on)
    assert person.id_number.startswith(UNASSIGNED_REGION)


@given(seed=st.integers(), day=DAYS)
def test_every_id_is_valid_and_of_no_region(seed: int, day: date) -> None:
    people = list(make_people(50, seed=seed, day=day))
    for person in people:
        _check(person, day)
        assert YOUNGEST_MINOR <= age_on(person.born_on, day) <= OLDEST
    assert len({person.id_number for person in people}) == len(people)


@given(seed=st.integers(), day=DAYS)
def test_a_seed_makes_the_same_people_however_many_are_wanted(seed: int, day: date) -> None:
    assert list(make_people(20, seed=seed, day=day)) == list(make_people(30, seed=seed, day=day))[:20]


def test_another_seed_makes_other_people() -> None:
    day = date(2026, 11, 21)
    assert list(make_people(20, seed=1, day=day)) != list(make_people(20, seed=2, day=day))


def test_most_people_are_adults_and_some_are_not() -> None:
    day = date(2026, 11, 21)
    ages = [age_on(person.born_on, day) for person in make_people(1000, seed=1, day=day)]
    assert 10 <= sum(age < ADULT for age in ages) <= 80
    assert {age // 10 for age in ages} >= {1, 2, 3, 4, 5, 6, 7}


@given(day=DAYS)
def test_personas_are_as_old_as_their_stories_want(day: date) -> None:
    people = [persona.to_person(number, day) for number, persona in enumerate(PERSONAS)]
    for persona, person in zip(PERSONAS, people, strict=True):
        _check(person, day)
        assert age_on(person.born_on, day) == persona.months_old // 12
    assert len({person.id_number for person in people}) == len(PERSONAS)
    assert len({persona.key for persona in PERSONAS}) == len(PERSONAS)


def test_no_id_is_shown_by_accident() -> None:
    person = next(make_people(1, seed=1, day=date(2026, 11, 21)))
    assert person.id_number not in repr(person)
