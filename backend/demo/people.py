"""Invented people, at any number and the same for the same seed.

Nobody real can be among them: their resident ids have valid days and check characters, but begin with region 000000,
which was never assigned. Region codes begin with 1 to 8 (GB/T 2260), permanent residence cards of foreigners with 9.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from backend.people.identity_numbers import find_check_character
from scoring.days import add_months

UNASSIGNED_REGION = "000000"
SEQUENCES = 1000
MINOR_SHARE = 0.03
YOUNGEST_MINOR, ADULT, OLDEST, USUAL_AGE = 10, 18, 85, 38
MONTHS_A_YEAR = 12
TWO_CHARACTERS_SHARE = 0.8

_FAMILY_NAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN_CHARACTERS = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰春梅建国志文晓东海波雪宁佳欣子涵雨轩思远嘉怡浩然"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; `number` is what tells one from another in the demo."""

    number: int
    name: str
    id_number: str = field(repr=False)
    born_on: date = field(repr=False)


def make_people(count: int, *, seed: int, day: date) -> Iterator[Person]:
    """Make `count` people as they are on `day`: mostly adults of 18 to 85, some minors; no id comes twice."""
    random = Random(seed)  # noqa: S311 - chance for stories, not for secrets
    taken: set[str] = set()
    for number in range(count):
        name = _draw_name(random)
        born_on = _draw_birth(random, day)
        yield Person(number, name, _draw_id(random, born_on, taken), born_on)


def make_resident_id(born_on: date, sequence: int) -> str:
    """Make the resident id of an invented person; `sequence` (0 to 999) tells apart who is born on one day."""
    digits = f"{UNASSIGNED_REGION}{born_on:%Y%m%d}{sequence:03}"
    return digits + find_check_character(digits)


def _draw_name(random: Random) -> str:
    length = 2 if random.random() < TWO_CHARACTERS_SHARE else 1
    return random.choice(_FAMILY_NAMES) + "".join(random.choices(_GIVEN_CHARACTERS, k=length))


def _draw_birth(random: Random, day: date) -> date:
    if random.random() < MINOR_SHARE:
        years = random.randrange(YOUNGEST_MINOR, ADULT)
    else:
        years = int(random.triangular(ADULT, OLDEST, USUAL_AGE))
    # Up to a year less a month back from the birthday, so that who is made 17 stays 17 for a month.
    return add_months(day, -years * MONTHS_A_YEAR) - timedelta(days=random.randrange(335))


def _draw_id(random: Random, born_on: date, taken: set[str]) -> str:
    while True:
        id_number = make_resident_id(born_on, random.randrange(SEQUENCES))
        if id_number not in taken:
            taken.add(id_number)
            return id_number
