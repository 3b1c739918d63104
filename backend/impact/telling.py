"""How a count of people is told: nobody as 0, a few not at all, more in whole tens; means in hundredths.

Every count of people of a report is told this way, sums too, each by itself. So a sum and its parts differ by some
people, and what is left of a sum when its parts are taken away is a range: few people are not computed from what is
told of the many, and nothing has to be kept back because something else is. Tens are half of the smallest group that
is told; sums of what people have are told in steps of what so many of them have. Not guarded against is somebody who
may measure as often as they like, a change of rules made for one person at a time: drafts, and what was measured of
them, are kept with the names of their authors.
"""

from itertools import count

LEAST_GROUP = 20


def tell_people(people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Round a count of people to half of `least`, a half up; None for fewer than `least`, 0 for nobody."""
    if not people:
        return 0
    grain = find_grain(least)
    return None if people < least else (people + grain // 2) // grain * grain


def tell_amount(amount: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell an amount that belongs to some people, such as fen, of as many people as are told.

    What each has stays what it is, so that the amount divided by it does not tell how many people there are. A half is
    rounded up. None for fewer than `least` people, 0 where there is nobody.
    """
    told = tell_people(people, least=least)
    if told is None or not people:
        return told
    return (2 * amount * told + people) // (2 * people)


def tell_sum(amount: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell the sum of what some people have in steps of 1, 2 or 5 by a power of ten; None for fewer than `least`.

    A step is what half of `least` people have on average, or more: beside another sum of the same people, such as that
    after a change, it does not tell what few of them have. Exact where counts are; a half is rounded up.
    """
    grain = find_grain(least)
    if tell_people(people, least=least) is None:
        return None
    if grain == 1 or not people:
        return amount
    steps = (step for power in count() for step in (10**power, 2 * 10**power, 5 * 10**power))
    step: int = next(step for step in steps if step * people >= abs(amount) * grain)
    return (2 * amount + step) // (2 * step) * step


def tell_mean(total: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell a mean per person in hundredths, a half rounded up; None for fewer than `least` people, and for nobody."""
    return None if people < max(least, 1) else (2 * 100 * total + people) // (2 * people)


def find_grain(least: int) -> int:
    """Give what counts are rounded to; 1 for exact counts."""
    return max(1, least // 2)
