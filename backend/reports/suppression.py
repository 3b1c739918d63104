"""What of small groups may be told: nothing of fewer than 20 people, neither as such nor as what remains of a sum.

For the public each cell is published as `publish` has it: made smaller by a secret of its own, 0 to 19 people, and then
rounded down to whole twenties; sums are sums of published cells and of nothing else. So

- a group of fewer than 20 people is never shown, and from 20 to 38 it may be shown or not;
- a published day leaves each cell 39 possible values, whatever is added up or compared: no exact sum stands beside it;
- whoever knows by how many people a cell has grown or shrunk between published days, however many, is left with 20
  values, because the secret stays the same and nothing that is published depends on it alone. Without it, the day on
  which a cell passes a multiple of 20 would tell its number exactly.

Not guaranteed: anything against who knows the exact number of a cell on one day, or an exact sum, from elsewhere, or
has watched every person enter a cell that was empty. Officers read no exact figures either: they are told counts by
`impact.telling`, whole tens rounded to the nearest, which are finer than these. So what officers read is not for the
public: beside it, some of what is published here could be narrowed down.
Hiding small cells beside exact ones, and as many others as it takes, would tell more: which others were taken tells
about the small ones to who knows the rule.
"""

from collections.abc import Iterable

from backend.impact.telling import LEAST_GROUP


def publish(people: int, offset: int, *, least: int = LEAST_GROUP) -> int | None:
    """Say how many people are in a cell as the public may know it; None for too few.

    `offset` is the secret of the cell, from 0 to `least` - 1, the same on all days.
    """
    whole = (people - offset) // least * least
    return whole if whole >= least else None


def add_published(cells: Iterable[int | None]) -> int | None:
    """Add published cells up; None where none of them is shown. No sum is published in any other way.

    A sum is of shown cells only: up to 38 people are missing from each of these, and all of those that are not shown.
    """
    shown = [people for people in cells if people is not None]
    return sum(shown) if shown else None
