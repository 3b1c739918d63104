"""How a count of people is told: nobody as 0, a few not at all, more in whole tens; means in steps.

Every count of people of a report is told this way, sums too, each by itself. So a sum and its parts differ by some
people, and what is left of a sum when its parts are taken away is a range: few people are not computed from what is
told of the many, and nothing has to be kept back because something else is. Tens are half of the smallest group that
is told. A mean of all people is told in steps that ten people change by no more than one, had each gained all that the
scale has: beside another, such as that after a change, it does not tell how few gained how much. Points of a dimension
go in the same steps; a row of more points than the whole scale has would move them further. Sums of points or records
are not told at all: one row of a rule may hold few records of many points. Not guarded against is somebody who may
measure as often as they like, a change of rules made for one person at a time: drafts, and what was measured of them,
are kept with the names of their authors.
"""

from itertools import count

LEAST_GROUP = 20
_COARSEST = 100  # hundredths: in coarser steps no change of a mean would be seen


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


def find_mean_step(people: int, span: int, *, least: int = LEAST_GROUP) -> int | None:
    """Find the step, in hundredths, in which a mean of some people is told: 1, 2 or 5 by a power of ten.

    Half of `least` people who each gain `span` points, the most that anybody can, change the mean by no more than a
    step. 1 where counts are exact; None where means are not told, of too few people or in steps above `_COARSEST`.
    """
    grain = find_grain(least)
    if people < max(least, 1):
        return None
    if grain == 1:
        return 1
    step = find_step(100 * grain * span, people)
    return step if step <= _COARSEST else None


def find_step(amount: int, people: int) -> int:
    """Find the smallest step, 1, 2 or 5 by a power of ten, that is no less than an amount divided by some people."""
    steps = (step for power in count() for step in (10**power, 2 * 10**power, 5 * 10**power))
    found: int = next(step for step in steps if step * people >= amount)
    return found


def tell_mean(total: int, people: int, step: int | None) -> int | None:
    """Tell a mean per person in hundredths, in such a step, a half rounded up; None where there is none."""
    if step is None:
        return None
    return (2 * 100 * total + people * step) // (2 * people * step) * step


def find_grain(least: int) -> int:
    """Give what counts are rounded to; 1 for exact counts."""
    return max(1, least // 2)
