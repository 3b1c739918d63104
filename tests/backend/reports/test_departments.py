"""Departments side by side, against counts made by hand."""

from datetime import date
from types import MappingProxyType

from backend.records.receipts import Outcome
from backend.reports.departments import compare_departments
from backend.reports.figures import Delay, Punctuality, Share
from backend.reports.quality import QualityFigures
from scoring.catalogue import Deadline

DUE = Deadline(working_days=7, basis="国办发〔2015〕51号")
DAY = date(2026, 11, 22)


def make_figures(
    department: str, indicator: str, *, rows: int, refused: int = 0, late: int | None = None, corrected: int = 1
) -> QualityFigures:
    """The figures of an indicator of which `late` rows came too late; None where no law sets a clock."""
    accepted = rows - refused
    clock = None
    if late is not None:
        clock = Punctuality(deadline=DUE, in_time=Share(accepted - late, accepted), pending=0, not_judged=0)
    outcomes = dict.fromkeys(Outcome, Share(0, rows))
    outcomes |= {Outcome.ACCEPTED: Share(accepted, rows), Outcome.REFUSED: Share(refused, rows)}
    return QualityFigures(
        department=department,
        indicator=indicator,
        handed_in=rows,
        outcomes=MappingProxyType(outcomes),
        refusals=(),
        timeliness=clock,
        check=None,
        delay=Delay(rows=0, median_working_days=None, worst_working_days=None, not_known=0),
        completeness=Share(0, 0),
        corrected=Share(corrected, accepted),
        withdrawn=Share(0, accepted),
        differing=Share(0, 0),
        without_document=0,
    )


def test_indicators_add_up_and_few_rows_stay_untold() -> None:
    police, health, court = compare_departments(
        [
            make_figures("traffic_police", "ZZ-LAW-03", rows=30, refused=10, late=5),
            make_figures("court", "ZZ-LAW-01", rows=19, refused=1, late=0),
            make_figures("traffic_police", "ZZ-LAW-01", rows=12, late=0),
            make_figures("health_commission", "ZZ-ETH-02", rows=21, refused=2),
        ]
    )[::-1]
    assert (police.department, police.handed_in) == ("traffic_police", 42)
    assert (police.timely, police.refused, police.corrected) == (Share(27, 32), Share(10, 42), None)
    assert (police.checked, police.quarantined, police.withdrawn) == (None, Share(0, 40), Share(0, 30))
    assert (health.handed_in, health.timely, health.refused) == (21, None, Share(2, 21))
    assert health.corrected is None  # of nineteen accepted rows
    (many,) = compare_departments([make_figures("court", "ZZ-LAW-01", rows=25, corrected=25)])
    assert (many.corrected, many.handed_in) == (Share(30, 30), 25)  # rounded alike: never more than all
    assert (court.department, court.handed_in, court.timely, court.refused) == ("court", None, None, None)
