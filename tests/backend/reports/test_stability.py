"""The index against figures worked out by hand, to the fourth decimal."""

import pytest

from backend.reports.stability import Reading, count_ten_thousandths, measure_psi, read_psi


def test_two_cells_by_hand() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5) = 0.1 * 0.182322 + 0.1 * 0.223144 = 0.040547
    psi = measure_psi({"a": 50, "b": 50}, {"a": 120, "b": 80})
    assert psi is not None
    assert psi == pytest.approx(0.040547, abs=5e-7)
    assert (count_ten_thousandths(psi), read_psi(psi)) == (405, Reading.STABLE)


def test_five_levels_by_hand() -> None:
    # shares 10 20 40 20 10 and 5 15 40 25 15, in hundredths:
    # 0.05 ln 2 + 0.05 ln(4/3) + 0 + 0.05 ln(5/4) + 0.05 ln(3/2) = 0.05 ln 5 = 0.080472
    earlier, later = (10, 20, 40, 20, 10), (50, 150, 400, 250, 150)
    psi = measure_psi(dict(enumerate(earlier)), dict(enumerate(later)))
    assert psi == pytest.approx(0.080472, abs=5e-7)


def test_it_is_the_same_both_ways_and_nothing_for_the_same() -> None:
    earlier, later = {"a": 7, "b": 30, "c": 63}, {"a": 20, "b": 20, "d": 60}
    forth, back = measure_psi(earlier, later), measure_psi(later, earlier)
    assert forth is not None
    assert forth == pytest.approx(back)
    assert measure_psi(earlier, {cell: 3 * n for cell, n in earlier.items()}) == 0
    assert measure_psi(earlier, {}) is None


def test_an_empty_cell_counts_as_half_a_person() -> None:
    # (0.005 - 0.5) ln(0.005 / 0.5) + (1 - 0.5) ln(1 / 0.5) = 0.495 * 4.605170 + 0.5 * 0.693147 = 2.626133
    assert measure_psi({"a": 50, "b": 50}, {"b": 100}) == pytest.approx(2.626133, abs=5e-7)


@pytest.mark.parametrize(
    ("psi", "reading"),
    [(0.0999, Reading.STABLE), (0.1, Reading.WATCH), (0.25, Reading.WATCH), (0.2501, Reading.ACT)],
)
def test_it_is_read_by_the_convention(psi: float, reading: Reading) -> None:
    assert read_psi(psi) is reading
