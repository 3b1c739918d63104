"""Cells of too few people are not told, and cannot be computed from what is told."""

from collections.abc import Iterable
from random import Random

import pytest

from backend.impact import small_cells
from backend.impact.small_cells import Cell, Sum, hide_cells
from tests.backend.impact.test_groups import follows

LEAST = 20
CODES = ("a", "b", "c")
ALL: Cell = ("all",)


def make_table(random: Random) -> tuple[dict[Cell, int | None], list[Sum]]:
    """Moves between levels, with the people of each level before and after, who rises, who falls, and everybody."""
    moves: dict[Cell, int] = {
        ("move", old, new): random.choice([0, 0, 1, 3, 15, 400, 3000]) for old in CODES for new in CODES
    }
    sums = [
        Sum((when, code), tuple(c for c in moves if c[at] == code))
        for at, when in ((1, "old"), (2, "new"))
        for code in CODES
    ]
    sums += [
        Sum(("rises",), tuple(c for c in moves if c[1] > c[2])),
        Sum(("falls",), tuple(c for c in moves if c[1] < c[2])),
    ]
    sums.append(Sum(ALL, tuple(moves)))
    told: dict[Cell, int | None] = {**moves, **{each.whole: sum(moves[part] for part in each.parts) for each in sums}}
    return told, sums


def find_leaks(seeds: Iterable[int]) -> list[tuple[int, Cell]]:
    """The cells of few people that are told, or follow from what is told: by another way of reckoning."""
    found = []
    for seed in seeds:
        told, sums = make_table(Random(seed))  # noqa: S311 - a table that can be had again
        hidden = hide_cells(told, sums, LEAST, stay={ALL})
        inside = {each.whole: dict.fromkeys(each.parts, 1) for each in sums}
        inside |= {cell: {cell: 1} for cell in told if cell not in inside}
        known = [(inside[cell], people or 0) for cell, people in told.items() if cell not in hidden]
        few = [cell for cell, people in told.items() if people and people < LEAST and cell != ALL]
        found += [(seed, cell) for cell in few if cell not in hidden or follows(known, inside[cell])]
    return found


def test_no_few_people_are_told_or_can_be_computed() -> None:
    assert find_leaks(range(60)) == []


def test_cells_hidden_alone_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: nothing joins what is kept back."""
    monkeypatch.setattr(small_cells, "_choose", lambda *_: ())
    assert find_leaks(range(60))


def test_what_is_large_enough_is_told() -> None:
    """One person moves: all four moves hide them, and that nobody else did; how many each level has stays."""
    moves: dict[Cell, int | None] = {("aa",): 500, ("ab",): 1, ("ba",): 0, ("bb",): 400}
    sums = [Sum(("a",), (("aa",), ("ab",))), Sum(("b",), (("ba",), ("bb",)))]
    sums += [Sum(("to a",), (("aa",), ("ba",))), Sum(("to b",), (("ab",), ("bb",)))]
    levels: dict[Cell, int | None] = {("a",): 501, ("b",): 400, ("to a",): 500, ("to b",): 401}
    assert hide_cells({**moves, **levels}, sums, LEAST, stay=levels) == set(moves)
    assert hide_cells({**moves, ("ab",): 20} | levels, sums, LEAST, stay=levels) == set()
