"""What is kept back of small groups cannot be computed from what is told."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from backend.impact import groups
from backend.impact.assembling import find_hidden_levels, make_groupings, make_levels, make_moves
from backend.impact.figures import Trait
from backend.impact.groups import band_points, find_median, find_small, measure_ratio, stands_out
from backend.impact.tallying import Change, Outcome, Tally, find_places
from scoring.rulebook_document import read_rulebook
from tests.backend.impact.hand_city import AS_OF, NEW, OLD, amend
from tests.scoring.small_city import CATALOGUE, RULEBOOK_TEXT

LEAST = 20
Cell = tuple[str, str]
Equation = tuple[Mapping[Cell, int], int]
BEST = '[[levels]]\ncode = "best"\nname = "最好"\nname_en = "Best"\nat_least = 180\n'
CODES = [level.code for level in OLD.levels]


def make_tally(random: Random) -> Tally:
    """A city in which some levels hold few people, and moves go where they may go."""
    tally = Tally()
    for old in CODES:
        for new in CODES:
            few = random.choice([0, 0, 1, 3, 15, 400, 3000])
            tally.moves[old, new] = few if random.random() < (0.9 if old == new else 0.5) else 0
    for (old, new), people in tally.moves.items():
        climb = CODES.index(old) - CODES.index(new)
        known = tally.outcomes.get((Trait.LEVEL, old), Outcome(0, 0, 0, 0, 0))
        moved = Outcome(people, people * (climb > 0), people * (climb < 0), people * (climb > 0), people * (climb < 0))
        tally.outcomes[Trait.LEVEL, old] = Outcome(*map(sum, zip(known, moved, strict=True)))
    return tally


def list_told(tally: Tally) -> tuple[list[Equation], frozenset[str]]:
    """All that a report tells of levels, as sums of unknown cells of the matrix; and which levels are kept back."""
    change = Change(old=OLD, new=NEW, old_benefits=None, new_benefits=None, as_of=AS_OF, seed="")
    hidden = find_hidden_levels(change, tally, LEAST)
    told: list[Equation] = [(dict.fromkeys(tally.moves, 1), tally.moves.total())]
    for level in make_levels(change, tally, hidden):
        if level.before is not None and level.after is not None:
            told.append(({(level.code, new): 1 for new in CODES}, level.before))
            told.append(({(old, level.code): 1 for old in CODES}, level.after))
    moves = make_moves(change, tally, hidden)
    told += [({(move.before, move.after): 1}, move.people) for move in moves if move.people is not None]
    everybody = [cell for cell in tally.moves if CODES.index(cell[0]) > CODES.index(cell[1])]
    told.append((dict.fromkeys(everybody, 1), sum(tally.moves[cell] for cell in everybody)))
    for row in make_groupings(change, tally, hidden, LEAST)[0].rows:
        if row.level_rises is not None and row.level_falls is not None:
            up = {(row.code, new): 1 for new in CODES if CODES.index(new) < CODES.index(row.code)}
            told += [(dict(up), row.level_rises)]
            down = {(row.code, new): 1 for new in CODES if CODES.index(new) > CODES.index(row.code)}
            told += [(dict(down), row.level_falls)]
    return told, hidden


def follows(told: Iterable[tuple[Mapping[Any, int], int]], wanted: Mapping[Any, int]) -> bool:
    """Whether a sum of unknowns follows from told sums: whether it is made of them (elimination in fractions)."""
    unknowns = sorted({key for sums, _ in told for key in sums} | set(wanted), key=str)
    rows = [[Fraction(sums.get(key, 0)) for key in unknowns] for sums, _ in told]
    target = [Fraction(wanted.get(key, 0)) for key in unknowns]
    for column in range(len(unknowns)):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        for row in [*[each for each in rows if each is not pivot], target]:
            if row[column]:
                factor = row[column] / pivot[column]
                row[:] = [value - factor * taken for value, taken in zip(row, pivot, strict=True)]
    return not any(target)


def leaks(seeds: Iterable[int]) -> list[tuple[int, str]]:
    """The levels that are kept back and can be computed all the same."""
    found = []
    for seed in seeds:
        tally = make_tally(Random(seed))  # noqa: S311 - a city that can be had again
        told, hidden = list_told(tally)
        for code in hidden:
            before, after = {(code, new): 1 for new in CODES}, {(old, code): 1 for old in CODES}
            if any(follows(told, wanted) for wanted in (before, after)):
                found.append((seed, code))
    return found


def test_levels_that_are_kept_back_cannot_be_computed() -> None:
    assert leaks(range(60)) == []


def test_a_level_hidden_alone_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: nothing but the small groups themselves is kept back."""
    monkeypatch.setattr(groups, "_find_joining", lambda *_: ())
    assert leaks(range(60))


@pytest.mark.parametrize(
    ("people", "kept"),
    [
        ({"a": 30, "b": 20}, set()),
        ({"a": 30, "b": 19, "c": 90}, {"a", "b"}),  # b could be computed
        ({"a": 30, "b": 5, "c": 6, "d": 40}, {"a", "b", "c"}),  # 11 people would still be too few
        ({"a": 30, "b": 15, "c": 6}, {"b", "c"}),  # 21 together
        ({"a": 30, "b": 0}, set()),  # nobody is told of
        ({"a": 3}, {"a"}),
    ],
)
def test_small_groups_take_others_with_them(people: Mapping[str, int], kept: set[str]) -> None:
    assert find_small([people], LEAST) == kept


def test_the_parts_of_a_known_sum_hide_one_another() -> None:
    """The band of 5 lies in a level of 105 people, which is told; the other small one is in another level."""
    bands = {1: 5, 2: 100, 3: 17, 4: 300}
    assert find_small([bands], LEAST) == {1, 3}  # 22 together
    assert find_small([bands], LEAST, sums=[(1, 2), (3, 4)]) == {1, 2, 3, 4}
    assert find_small([bands], LEAST, forced=[4]) == {1, 3, 4}


def test_bands_of_points_tell_no_level_that_is_kept_back() -> None:
    people = {70: 10, 85: 1000, 95: 7, 105: 900, 125: 800}
    told = {each.least: each.before for each in band_points((people, people), (OLD, NEW), ["low"], LEAST)}
    assert {least: before for least, before in told.items() if before != 0} == {
        **dict.fromkeys((0, 10, 20, 30, 40, 50, 60, 70)),  # all that is low
        80: 1000,
        90: None,
        100: None,
        120: 800,  # fair is 1907: 7 of them hide behind 900
    }


def test_ratio_and_median() -> None:
    shares = ((3, 19, 7, 38), (1, 8, 1, 8), (1, 3, 8, 3), (0, 5, 0, 9))
    assert [measure_ratio(*each) for each in shares] == [86, 100, 13, None]
    # 1 in 10 of 10,000 people fall: by chance of 400 about 40 +- 6, of 40 about 4 +- 1.9, of 4,000 about 400 +- 19.
    hits = [(52, 400), (53, 400), (7, 40), (8, 40), (450, 4000), (0, 0)]
    assert [hit for hit in hits if stands_out(*hit, 1000, 10_000)] == [(53, 400), (8, 40)]
    assert [find_median(each) for each in ({}, {7: 1}, {1: 2, 5: 2}, {1: 1, 5: 2})] == [0, 7, 1, 5]


def test_levels_are_compared_in_the_order_of_the_new_ones() -> None:
    """A level is put above top, and fair is given up: who was fair stands where its lower edge is now."""
    text = amend(
        RULEBOOK_TEXT,
        ('[[levels]]\ncode = "top"', f'{BEST}[[levels]]\ncode = "top"'),
        ('[[levels]]\ncode = "fair"\nname = "良好"\nname_en = "Fair"\nat_least = 80\n', ""),
    )
    assert find_places(OLD, read_rulebook(text, "other levels", CATALOGUE)) == {
        "top": 1,
        "high": 2,
        "fair": 3,
        "low": 3,
    }
