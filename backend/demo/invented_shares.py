"""The shares by which an invented city is made.

Every figure here is our own choice, and none is published: what a city has published is how many people, records and
indicators it counts, and nothing about who has how many of which. They are chosen so that every rule, limit and veto
meets somebody, and so that files and groups come in sizes that a real city might have.
"""

from typing import NamedTuple

PER_MILLE = 1000


class Tier(NamedTuple):
    """So many of a thousand people have between so many records, in proportion to the mean that is asked for."""

    per_mille: int
    least: int
    most: int


# Records of a person. Their mean is about 20, as 247 million are of 12.6; another mean stretches them alike.
RECORDS_A_PERSON = (
    Tier(120, 0, 2),
    Tier(380, 3, 9),
    Tier(300, 10, 24),
    Tier(150, 25, 59),
    Tier(45, 60, 149),
    Tier(5, 150, 400),
)

# Adverse records of a person, of a thousand; who has fewer records in all has fewer of them.
ADVERSE_ONCE, ADVERSE_TWICE, ADVERSE_THRICE = 70, 20, 7
WITH_VETO = 60  # of a thousand who have adverse ones: the first of them is a veto

# Of a thousand records that are not adverse, so many are of indicators that a rulebook counts: four of five of all.
COUNTED = 797

SHARING_AN_ACT = 10  # of a thousand records: the second report of the act of the one before, so that 2 % share acts
SECOND_SAYS_OTHERWISE = 250  # of a thousand such: it states something else
BEGINNING_LATER = 5  # of a thousand records: known before the day on which it begins
ENDED = 600  # of a thousand records of continuing acts: have an end
ONE_IN = 100  # every hundredth record of a person has later words, counted from a place of his own
TWO_WORDS = 300  # of a thousand people with later words: each such record has two

# First words about a record, of a thousand; the rest are objections. Of two, the second answers the first.
CORRECTED, WITHDRAWN, REPAIRED = 350, 150, 150
CORRECTED_OF_TWO = 400
DECIDED = 700

DAYS_BACK = 2192  # six years
RECENCY = 1.5  # the share of records known in the first part x of that time is x to this power
LONGEST_LAG_DAYS = 60
LATEST_BEGIN_DAYS = 180
LASTING_DAYS = (30, 930)

NOT_SCORED = 40  # of a thousand people: not enrolled, closed or in doubt
OPENED_DAYS = 1826  # the others opened an account within five years
OPENED_ON_NEW_YEAR = 20
WITHOUT_RESIDENT_NUMBER = 5  # of a thousand who are scored: neither year of birth, sex nor district is known
YOUNGEST, OLDEST = 18, 90
YOUTH = 1.4  # above 1: the young are more
FEMALE = 490
# Six digits as of GB/T 2260, but of no province that there is: a figure of an invented district is about nobody.
HOME_DISTRICTS = tuple(f"0001{number:02}" for number in range(1, 17))
OTHER_DISTRICTS = tuple(f"0002{number:02}" for number in range(1, 25))
AT_HOME = 650  # of a thousand: first registered in a district of the city itself

# Contents of records. What weighs much is seldom: of contents worth `points` alone, so many as 1/(1+(points/usual)^2).
USUAL_POINTS = 8
FROZEN_POINTS = 60  # a veto moves few points of its own but stops everything else
MOST_VALUES = 2000  # different values of an item that is a number
LARGEST_VALUE = 1_000_000
ROUND_FROM, ROUND_TO = 1000, 100  # amounts come in round figures
INVENTED_VALUES = (4, 40)  # how many values an invented indicator has, at least and at most
