"""The integrity figure: it is the rate that counts, business never hurts, and no fault goes unseen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.integrity import BEST, FEWEST_GRANTS, WEIGHTS, Conduct, Deeds, judge_conduct, measure_integrity

counts = st.integers(0, 40)
deeds = st.builds(Deeds, grants=st.integers(0, 5000), **dict.fromkeys(WEIGHTS, counts))


@given(deeds, st.sampled_from(sorted(WEIGHTS)), st.integers(1, 1000), st.integers(2, 9))
def test_the_figure_follows_the_rate_of_faults(done: Deeds, fault: str, grants: int, times: int) -> None:
    figure = measure_integrity(done)
    assert 0 <= figure <= BEST
    assert measure_integrity(replace(done, grants=done.grants + grants)) >= figure
    worse = measure_integrity(replace(done, **{fault: getattr(done, fault) + 1}))
    assert worse <= figure
    assert worse < BEST
    if done.grants >= FEWEST_GRANTS:
        bigger = Deeds(grants=done.grants * times, **{name: getattr(done, name) * times for name in WEIGHTS})
        assert measure_integrity(bigger) == figure


@pytest.mark.parametrize(
    ("done", "figure", "conduct"),
    [
        (Deeds(grants=0), 100, Conduct.SOUND),
        (Deeds(grants=1, unhonoured=1), 92, Conduct.SOUND),
        (Deeds(grants=1000, late_releases=1), 99, Conduct.SOUND),
        (Deeds(grants=20, false_reports=1), 80, Conduct.WATCHED),
        (Deeds(grants=100, late_releases=9), 82, Conduct.SOUND),
        (Deeds(grants=1000, unhonoured=50), 80, Conduct.WATCHED),
        (Deeds(grants=800, unhonoured=100), 50, Conduct.SUSPENDED),
        (Deeds(grants=100, unhonoured=12), 52, Conduct.WATCHED),
        (Deeds(grants=50, false_reports=5), 0, Conduct.SUSPENDED),
    ],
)
def test_figures_and_what_follows(done: Deeds, figure: int, conduct: Conduct) -> None:
    assert measure_integrity(done) == figure
    assert judge_conduct(figure) is conduct


def test_negative_counts_are_a_fault() -> None:
    with pytest.raises(ValueError, match="counts are 0 or more"):
        measure_integrity(Deeds(grants=1, unhonoured=-1))
