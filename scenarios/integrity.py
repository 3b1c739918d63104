"""How far a merchant keeps what it promised: a figure from 0 to 100. No city published one; all of it is our choice.

Let g be the benefits given in a window of days. Each fault costs points by its weight: a benefit that was not honoured
(a complaint upheld) 4, a hold released late 2, a report of a breach that proved false 10.

    figure = 100 - min(100, ceil(100 * sum(weight * count) / max(g, 50)))

So it is the rate of faults that counts and not their number: a merchant with twice the business and twice the faults
has the same figure. Below 50 benefits the rate is taken as of 50, so that one mishap at a small merchant is no ruin.
Only what an officer found right, the merchant itself took back, or the books show is a fault: an overdue benefit that
nobody settled or reported until time let it go is a hold released late. An alarm for probing is none: whoever
passes by with made-up codes can set one off, so it slows the merchant down and weighs nothing here.
"""

from dataclasses import dataclass
from enum import StrEnum

BEST = 100
FEWEST_GRANTS = 50
WEIGHTS = {"unhonoured": 4, "late_releases": 2, "false_reports": 10}
WATCHED_AT_MOST = 80
SUSPENDED_AT_MOST = 50


class Conduct(StrEnum):
    """What follows from the figure: nothing, a closer look, no new benefits until an officer has looked."""

    SOUND = "sound"
    WATCHED = "watched"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What a merchant did in a window: benefits given, and faults that are established."""

    grants: int
    unhonoured: int = 0
    late_releases: int = 0
    false_reports: int = 0


def measure_integrity(deeds: Deeds) -> int:
    """Give the figure, 0 to 100, by the formula of this module; ValueError for a negative count."""
    counts: dict[str, int] = {name: getattr(deeds, name) for name in WEIGHTS}
    if deeds.grants < 0 or min(counts.values()) < 0:
        message = f"{deeds} holds a negative count; counts are 0 or more"
        raise ValueError(message)
    weighed = sum(WEIGHTS[name] * count for name, count in counts.items())
    lost = -(-BEST * weighed // max(deeds.grants, FEWEST_GRANTS))
    return BEST - min(BEST, lost)


def judge_conduct(figure: int) -> Conduct:
    """Tell what follows from a figure: suspended at 50 or less, watched at 80 or less."""
    if figure <= SUSPENDED_AT_MOST:
        return Conduct.SUSPENDED
    return Conduct.WATCHED if figure <= WATCHED_AT_MOST else Conduct.SOUND
