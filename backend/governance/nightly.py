"""The nightly run of shadows: every running candidate on the city of today, after the export of the city's files."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import structlog

from backend.clock import today
from backend.governance.documents import KnownEdition
from backend.governance.measuring import (
    Fault,
    MeasuringDesk,
    NotComparableError,
    compare,
    read_candidate,
    tell_files_fault,
)
from backend.governance.shadow_tables import ShadowRunRow, add_day_row, has_day_row, list_running
from backend.governance.standing import load_standing
from backend.governance.states import Kept
from backend.governance.tables import RuleDraftRow
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles, CityFilesError, reading_files
from backend.population.files_of_day import check_files
from backend.population.origin import check_origin

log = structlog.get_logger("shangding.governance")


class Night(NamedTuple):
    """How many candidates were measured now, and how many were not, by why."""

    measured: int
    missed: Mapping[Fault, int]


def run_shadows(desk: MeasuringDesk) -> Night:
    """Measure every running candidate on the city of today, each once a day; done nightly after the export.

    One that is not comparable holds up none of the others. Killed in between, it goes on with those that are left.
    """
    now = desk.clock.now()
    day = today(now)
    with desk.database.reading() as session:
        standing = load_standing(session, desk.city)
        due = []
        for run, row in list_running(session):
            _, _, candidate = read_candidate(session, row, desk.city)
            if candidate is not None and not has_day_row(session, run, day) and _is_ahead(row, day):
                due.append((run, candidate))
    if not due:
        return Night(0, {})
    if desk.folder is None:
        return Night(0, {Fault.NO_FILES: len(due)})
    kept = tried = 0
    missed: Counter[Fault] = Counter()
    try:
        with reading_files(desk.folder) as files:
            check_files(files, city=desk.city, day=day)
            check_origin(files, desk.database)
            for run, candidate in due:
                beside = standing.find_beside(candidate.kind, day)
                comparison = compare(candidate, beside, day)
                try:
                    impact = None if comparison is None else desk.measure(files, comparison)
                except NotComparableError:
                    log.warning("shadow_not_comparable", draft_id=str(run.draft_id), version=candidate.version)
                    missed[Fault.NOT_COMPARABLE] += 1
                else:
                    kept += impact is not None and _keep_day(desk, run, beside.former, files, impact)
                tried += 1
    except CityFilesError as error:
        missed[tell_files_fault(desk.folder, error)] += len(due) - tried
    return Night(kept, missed)


def _is_ahead(row: RuleDraftRow, day: date) -> bool:
    if row.state == Kept.OPEN:
        return True
    return row.state == Kept.ANNOUNCED and row.effective_on is not None and row.effective_on > day


def _keep_day(
    desk: MeasuringDesk, run: ShadowRunRow, former: KnownEdition | None, files: CityFiles, impact: Impact
) -> bool:
    values = {
        "draft_id": run.draft_id,
        "run_no": run.run_no,
        "as_of": impact.as_of,
        "beside": None if former is None else former.version,
        "files_digest": files.digest,
        "figures": _pick_figures(impact),
        "measured_at": desk.clock.now(),
    }
    with desk.database.transaction() as session:
        return add_day_row(session, values)


def _pick_figures(impact: Impact) -> dict[str, Any]:
    """Pick what is worth keeping for every day: who would move, how far, and between which levels."""
    totals = impact.totals
    return {
        "people": totals.people,
        "rises": totals.rises,
        "falls": totals.falls,
        "level_rises": totals.level_rises,
        "level_falls": totals.level_falls,
        "mean_before_hundredths": totals.mean_before_hundredths,
        "mean_after_hundredths": totals.mean_after_hundredths,
        "least_group": impact.least_group,
        "levels": [{"code": each.code, "before": each.before, "after": each.after} for each in impact.levels],
        "moves": [{"before": each.before, "after": each.after, "people": each.people} for each in impact.moves],
        "changes": [{"least": each.least, "most": each.most, "people": each.people} for each in impact.changes],
        "benefits": [{"code": each.code, "gained": each.gained, "lost": each.lost} for each in impact.benefits],
    }
