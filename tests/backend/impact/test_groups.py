"""Counts as they are told, how hard a group is hit, and the order of levels."""

from fractions import Fraction
from math import comb

import pytest

from backend.impact.groups import find_median, find_tail, is_left_out, measure_ratio, stands_out
from backend.impact.tallying import find_places
from backend.impact.telling import find_mean_step, tell_amount, tell_mean, tell_people
from scoring.rulebook_document import read_rulebook
from tests.backend.impact.hand_city import OLD, amend
from tests.scoring.small_city import CATALOGUE, RULEBOOK_TEXT

BEST = '[[levels]]\ncode = "best"\nname = "最好"\nname_en = "Best"\nat_least = 180\n'


def test_counts_are_told_in_tens_from_twenty_on() -> None:
    exact = (0, 1, 19, 20, 24, 25, 34, 35, 12_600_004)
    assert [tell_people(people) for people in exact] == [0, None, None, 20, 20, 30, 30, 40, 12_600_000]
    assert [tell_people(people, least=1) for people in range(100)] == list(range(100))


@pytest.mark.parametrize("least", [1, 2, 3, 5, 6, 20, 33, 100])
def test_no_few_are_told_and_all_others_within_half_a_grain(least: int) -> None:
    told = [tell_people(people, least=least) for people in range(1, 1000)]
    assert told[: least - 1] == [None] * (least - 1)
    errors = [people - (told or 0) for people, told in enumerate(told, start=1) if people >= least]
    assert 2 * max(map(abs, errors)) <= max(1, least // 2)
    assert [each for each in told[least - 1 :] if not each] == []  # many are never told as nobody


def test_amounts_and_means() -> None:
    """26 people with 5 points each are told as 30 with 150; half points round up, and so do hundredths."""
    amounts = ((130, 26), (0, 26), (70, 7), (0, 0), (-130, 26), (33, 24), (-33, 24))
    assert [tell_amount(*each) for each in amounts] == [150, 0, None, 0, -150, 28, -27]
    means = ((4115, 38, 1), (-65, 38, 1), (1, 200, 1), (-1, 200, 1), (4115, 38, 50), (-65, 38, 50), (100, 19, None))
    assert [tell_mean(*each) for each in means] == [10_829, -171, 1, 0, 10_850, -150, None]


def test_a_mean_does_not_tell_how_few_gained_how_much() -> None:
    """Ten people with 200 points each change the mean of 5,000 by 40 hundredths: steps are 50."""
    people = (12_600_000, 200_000, 199_999, 5_000, 2_000, 1_999, 19, 0)
    assert [find_mean_step(each, 200) for each in people] == [1, 1, 2, 50, 100, None, None, None]
    assert [find_mean_step(each, 200, least=1) for each in (1, 0)] == [1, None]
    for many in (2_000, 5_000, 199_999):
        step = find_mean_step(many, 200)
        before = tell_mean(131 * many, many, step)
        alike = {
            count
            for count in range(1, 20)
            for points in range(1, 201)
            if tell_mean(131 * many + count * points, many, step) == before
        }
        assert len(alike) == 19  # whatever stands beside the mean before, it may be any of them


def test_ratio_and_median() -> None:
    shares = ((3, 19, 7, 38), (1, 8, 1, 8), (1, 3, 8, 3), (0, 5, 0, 9))
    assert [measure_ratio(*each) for each in shares] == [86, 100, 13, None]
    assert [find_median(each) for each in ({}, {7: 1}, {1: 2, 5: 2}, {1: 1, 5: 2})] == [0, 7, 1, 5]


def test_the_tail_is_the_one_of_whole_numbers() -> None:
    """Every way of drawing a group, counted in fractions: all cities of up to 14 people, and some larger ones."""
    small = [
        (all_people, fell_of, people)
        for all_people in (3, 8, 14)
        for fell_of in range(1, all_people)
        for people in range(1, all_people)
    ]
    for all_people, all_fell, people in [*small, (400, 90, 60), (3000, 25, 700)]:
        most = min(people, all_fell)
        for fell in range(max(0, people + all_fell - all_people), most + 1):
            ways = sum(comb(people, hit) * comb(all_people - people, all_fell - hit) for hit in range(fell, most + 1))
            exact = float(Fraction(ways, comb(all_people, all_fell)))
            assert find_tail(fell, people, all_fell, all_people) == pytest.approx(exact, rel=1e-9)


def test_a_group_stands_out_by_its_ratio_and_against_chance() -> None:
    """All 3 of 38 who fall among 12: 220 of 8,436 ways, 2.6%; of a tenth of a great city 12.6% fall instead of 10%."""
    assert [count for count in (1, 2) if stands_out(3, 12, 3, 38, comparisons=count)] == [1]
    assert stands_out(158_760, 1_260_000, 1_260_000, 12_600_000, comparisons=100)
    assert not stands_out(157_500, 1_260_000, 1_260_000, 12_600_000, comparisons=100)  # five quarters and no more
    assert not stands_out(0, 0, 1_260_000, 12_600_000, comparisons=100)
    assert find_tail(126_400, 1_260_000, 1_260_000, 12_600_000) == pytest.approx(0.1075, abs=0.002)  # 1.24 deviations


def test_a_group_is_left_out_by_its_ratio_and_against_chance() -> None:
    """None of 9 rises where 12 of 38 do: C(26, 9) of C(38, 9) ways, 1.92%; four fifths, and no less, are nothing."""
    assert [count for count in (1, 2, 3) if is_left_out(0, 9, 12, 38, comparisons=count)] == [1, 2]
    assert is_left_out(100_100, 1_260_000, 1_260_000, 12_600_000, comparisons=100)  # 79.4 percent
    assert not is_left_out(100_800, 1_260_000, 1_260_000, 12_600_000, comparisons=100)
    assert not is_left_out(0, 9, 0, 38, comparisons=1)  # nobody rises


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
