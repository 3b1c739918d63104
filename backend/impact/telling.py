"""How a count of people is told: nobody as 0, a few not at all, more in whole tens.

Every count of people of a report is told this way, sums too, each by itself. So a sum and its parts differ by some
people, and what is left of a sum when its parts are taken away is known within ten at best: few people cannot be
computed from what is told of the many, and nothing has to be kept back because something else is. Tens are half of the
smallest group that is told. What is not guarded against is somebody who may measure as often as they like, a change of
rules made for one person at a time: drafts, and what was measured of them, are kept with the names of their authors.
"""

LEAST_GROUP = 20


def tell_people(people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Round a count of people to half of `least`, a half up; None for fewer than `least`, 0 for nobody."""
    if not people:
        return 0
    grain = find_grain(least)
    return None if people < least else (people + grain // 2) // grain * grain


def tell_amount(amount: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell an amount that belongs to some people, such as points or fen, of as many people as are told.

    The mean stays what it is; divided by what each has, the amount does not tell how many people there are. A half is
    rounded up. None for fewer than `least` people, 0 where there is nobody.
    """
    told = tell_people(people, least=least)
    if told is None or not people:
        return told
    return (2 * amount * told + people) // (2 * people)


def find_grain(least: int) -> int:
    """Give what counts are rounded to; 1 for exact counts."""
    return max(1, least // 2)
