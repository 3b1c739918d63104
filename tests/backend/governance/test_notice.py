"""Whoever loses is told in time, whatever it is that is lost, and however few they are."""

from datetime import date
from typing import Any

import pytest

from backend.governance.notice import NoticePeriod, find_notice_period
from backend.impact.document import FORM
from backend.storage.editions import find_deadline
from tests.backend.governance.drafting import NOON

TOMORROW = date(2026, 11, 23)
TOTALS = {"falls": 0, "level_falls": 0, "newly_suspended": 0, "rises": 500, "no_longer_suspended": None}
BENEFIT = {"lost": 0, "gained": 80}
NOBODY = {"form": FORM, "totals": TOTALS, "benefits": [BENEFIT], "narrowed": []}


def find(*reports: dict[str, Any], urgency: str | None = None) -> NoticePeriod:
    comparisons = [{"report": report} for report in reports]
    return find_notice_period(comparisons, urgency=urgency, notice_days=30, now=NOON)


@pytest.mark.parametrize("count", [20, None], ids=["many", "few"])
@pytest.mark.parametrize("loss", ["falls", "level_falls", "newly_suspended", "lost"])
def test_every_loss_is_told_before(loss: str, count: int | None) -> None:
    worse = NOBODY | {"benefits": [BENEFIT, BENEFIT | {loss: count}]}
    if loss != "lost":
        worse = NOBODY | {"totals": TOTALS | {loss: count}, "benefits": []}
    assert find(NOBODY, worse) == NoticePeriod(is_adverse=True, days=30, first_on=date(2026, 12, 22))
    assert find(worse, urgency="x") == NoticePeriod(is_adverse=True, days=0, first_on=TOMORROW)


def test_what_is_taken_away_is_a_loss_and_nothing_else_is() -> None:
    assert find(NOBODY | {"narrowed": ["bounds"]}).is_adverse
    assert find({"form": "shangding.impact/1"}).is_adverse
    assert find(NOBODY) == NoticePeriod(is_adverse=False, days=0, first_on=TOMORROW)
    too_late = find_notice_period([], urgency=None, notice_days=1, now=find_deadline(TOMORROW))
    assert too_late.first_on == date(2026, 11, 24)
