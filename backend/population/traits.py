"""What the number of a person's id tells of him, and the files of the city hold: year of birth, sex, district."""

from datetime import date
from typing import NamedTuple

from backend.people.identity_numbers import LENGTH, ResidentId, read_resident_id

_SEX_AT = 16  # of the sequence the last digit, odd for men (GB 11643-1999)
_DISTRICT_DIGITS = 6
# Residence permits of people of Hong Kong, Macau and Taiwan, and the cards of foreigners: no district of the mainland.
_NO_DISTRICT = ("8", "9")
_FOREIGN = "9"


class Traits(NamedTuple):
    """What a number tells, as far as its form does; `district` is where a citizen was first registered (GB/T 2260)."""

    birth_year: int | None = None
    sex: str | None = None
    district: str | None = None


def read_traits(number: str, *, today: date) -> Traits:
    """Read the traits of a person from an identity number; one that cannot be read tells nothing.

    The old foreign form tells the year where the century cannot be but one. Of foreigners' cards no source that we
    have says that the sequence tells the sex, so it is left open.
    """
    resident = read_resident_id(number, today=today)
    if not isinstance(resident, ResidentId):
        return Traits()
    birth_year = None if resident.or_born_on is not None else resident.born_on.year
    if len(resident.number) != LENGTH:
        return Traits(birth_year)
    first = resident.number[0]
    sex = None if first == _FOREIGN else ("male" if int(resident.number[_SEX_AT]) % 2 else "female")
    return Traits(birth_year, sex, None if first in _NO_DISTRICT else resident.number[:_DISTRICT_DIGITS])
