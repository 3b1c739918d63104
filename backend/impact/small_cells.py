"""Cells of too few people are kept back, and as many others as it takes so that none can be computed.

A cell is a count of people told of a part of the people: those who move from a level to another, rise or fall in a
group or by a rule, gain or lose a scenario. What is kept back is an unknown, and every sum that a reader knows to
hold is an equation between cells. An unknown is given away when the equations determine it, or when all unknowns of a
sum are few people together: then another cell of its sums is kept back too, the smallest first. How many people a
group or a level has, and all people, is told or not before this (`find_small`), and stays.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = tuple[str, ...]
_PRIME = 2**61 - 1  # equations are solved modulo it: exact enough, as all coefficients are 1 or -1


class Sum(NamedTuple):
    """A cell that is the sum of others."""

    whole: Cell
    parts: tuple[Cell, ...]


def hide_cells(
    told: Mapping[Cell, int | None], sums: Collection[Sum], least: int, *, stay: Collection[Cell]
) -> frozenset[Cell]:
    """Find the cells to keep back; None in `told` is kept back already.

    A cell of `sums` that is not in `told` is never told, and may be computed unless it is few people.
    """
    unknown = {cell for cell, people in told.items() if people is None}
    unknown |= {cell for each in sums for cell in (each.whole, *each.parts) if cell not in told}
    unknown |= {cell for cell in _list_few(told, least) if cell not in stay}
    around: dict[Cell, list[Sum]] = {}
    for each in sums:
        for cell in (each.whole, *each.parts):
            around.setdefault(cell, []).append(each)
    while added := set(_find_joining(told, sums, around, unknown, least, stay)):
        unknown |= added
    return frozenset(unknown & told.keys())


def _list_few(told: Mapping[Cell, int | None], least: int) -> Iterator[Cell]:
    return (cell for cell, people in told.items() if people is not None and 0 < people < least)


def _find_joining(
    told: Mapping[Cell, int | None],
    sums: Collection[Sum],
    around: Mapping[Cell, list[Sum]],
    unknown: set[Cell],
    least: int,
    stay: Collection[Cell],
) -> Iterator[Cell]:
    """Find for each cell that is given away another one to keep back, where there is one."""
    for each in sums:
        whole = told.get(each.whole)
        parts = [cell for cell in each.parts if cell in unknown]
        if each.whole in unknown or whole is None or not parts:
            continue
        left = whole - sum(told[cell] or 0 for cell in each.parts if cell not in unknown)
        if 0 < left < least:
            yield from _choose([each], told, unknown, stay)
    for cell in find_determined(sums, unknown):
        if cell in told:  # of what is never told, few people are in a sum above
            near = tuple(_choose(around[cell], told, unknown, stay))
            yield from near or _choose(_list_linked(cell, around, unknown), told, unknown, stay)


def _list_linked(cell: Cell, around: Mapping[Cell, list[Sum]], unknown: set[Cell]) -> list[Sum]:
    """List the sums that are linked to a cell by what is unknown in them."""
    found: dict[Sum, None] = {}
    waiting, seen = [cell], {cell}
    while waiting:
        for each in around.get(waiting.pop(), ()):
            found[each] = None
            near = {other for other in (each.whole, *each.parts) if other in unknown} - seen
            seen |= near
            waiting += near
    return list(found)


def _choose(
    sums: Iterable[Sum], told: Mapping[Cell, int | None], unknown: set[Cell], stay: Collection[Cell]
) -> Iterator[Cell]:
    """Choose the smallest part that is told; a part with nobody in it after the others, and a whole last."""
    places = [(place, cell) for each in sums for place, cell in (*((0, part) for part in each.parts), (2, each.whole))]
    free = [
        (place + (not told[cell]), told[cell] or 0, cell) for place, cell in places if _is_free(cell, told, unknown)
    ]
    found = sorted(each for each in free if each[2] not in stay)
    yield from (cell for _, _, cell in found[:1])


def _is_free(cell: Cell, told: Mapping[Cell, int | None], unknown: set[Cell]) -> bool:
    return cell in told and cell not in unknown


def find_determined(sums: Iterable[Sum], unknown: Collection[Cell]) -> frozenset[Cell]:
    """Find the unknowns that follow from the sums and from all that is known (elimination)."""
    solved: dict[Cell, dict[Cell, int]] = {}
    for each in sums:
        row = {cell: 1 for cell in each.parts if cell in unknown}
        if each.whole in unknown:
            row[each.whole] = _PRIME - 1
        for cell in [cell for cell in row if cell in solved]:
            _take(row, solved[cell], row[cell])
        if not row:
            continue
        pivot = next(iter(row))
        inverse = pow(row[pivot], -1, _PRIME)
        row = {cell: factor * inverse % _PRIME for cell, factor in row.items()}
        for other in solved.values():
            if pivot in other:
                _take(other, row, other[pivot])
        solved[pivot] = row
    return frozenset(cell for cell, row in solved.items() if len(row) == 1)


def _take(row: dict[Cell, int], other: Mapping[Cell, int], factor: int) -> None:
    for cell, value in other.items():
        left = (row.get(cell, 0) - factor * value) % _PRIME
        if left:
            row[cell] = left
        else:
            row.pop(cell, None)
