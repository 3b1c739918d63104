"""The nightly run of shadows: every running candidate on the city of today, after the export of the city's files."""

from datetime import date
from typing import Any

import structlog

from backend.clock import today
from backend.governance.documents import KnownEdition, in_force_on
from backend.governance.measuring import (
    Fault,
    MeasuringDesk,
    NotComparableError,
    compare,
    find_files_fault,
    read_candidate,
)
from backend.governance.shadow_tables import ShadowRunRow, add_day_row, has_day_row, list_running
from backend.governance.standing import load_standing
from backend.governance.states import Kept
from backend.governance.tables import RuleDraftRow
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles, CityFilesError, reading_files

log = structlog.get_logger("shangding.governance")


def run_shadows(desk: MeasuringDesk) -> tuple[int, Fault | None]:
    """Measure every running candidate on the city of today, each once a day; done nightly after the export.

    Gives how many days were kept now, and why others, or all of them, could not be measured; one that is not comparable
    holds up none of the others. Killed in between, it goes on with those that are left.
    """
    now = desk.clock.now()
    day = today(now)
    if desk.folder is None:
        return 0, Fault.NO_FILES
    with desk.database.reading() as session:
        standing = load_standing(session, desk.city)
        due = []
        for run, row in list_running(session):
            _, _, candidate = read_candidate(session, row, desk.city)
            if candidate is not None and not has_day_row(session, run, day) and _is_ahead(row, day):
                due.append((run, candidate))
    if not due:
        return 0, None
    kept, fault = 0, None
    try:
        with reading_files(desk.folder) as files:
            fault = find_files_fault(desk, files, day)
            if fault is not None:
                return 0, fault
            for run, candidate in due:
                former = in_force_on(standing.editions, candidate.kind, day)
                comparison = compare(candidate, former, standing, day)
                try:
                    impact = None if comparison is None else desk.measure(files, comparison)
                except NotComparableError:
                    log.warning("shadow_not_comparable", draft_id=str(run.draft_id), version=candidate.version)
                    fault = Fault.NOT_COMPARABLE
                    continue
                if impact is not None and _keep_day(desk, run, former, files, impact):
                    kept += 1
    except CityFilesError:
        return kept, Fault.NO_FILES
    return kept, fault


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
        "points_before": totals.points_before,
        "points_after": totals.points_after,
        "least_group": impact.least_group,
        "levels": [{"code": each.code, "before": each.before, "after": each.after} for each in impact.levels],
        "moves": [{"before": each.before, "after": each.after, "people": each.people} for each in impact.moves],
        "changes": [{"least": each.least, "most": each.most, "people": each.people} for each in impact.changes],
        "benefits": [{"code": each.code, "gained": each.gained, "lost": each.lost} for each in impact.benefits],
    }
