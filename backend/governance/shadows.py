"""Shadow runs: a candidate beside the rules in force, day by day, without anybody's score being touched.

A run belongs to the documents with which it was started; it has nothing to say of a draft that was revised since, nor
of one that is in force itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.governance.diary import Event, Officer, note_event
from backend.governance.shadow_tables import (
    ShadowRunRow,
    add_run_row,
    find_run_row,
    list_day_rows,
)
from backend.governance.states import Kept
from backend.governance.tables import RuleDraftRow, find_draft_row, find_last_check, lock_draft_row
from backend.web.problems import ProblemCode, Refusal

MOST_DAYS = 366


class ShadowDay(NamedTuple):
    """The figures of a day: counts of people, and how many stand at which level; None for fewer than `least_group`."""

    as_of: date
    beside: str | None
    figures: dict[str, Any]
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """The latest run of a draft with its latest days; `is_running` is false too where the draft was revised since."""

    draft_id: UUID
    run_no: int
    digest: str
    is_running: bool
    started_by: str
    started_at: datetime
    stopped_at: datetime | None
    days: Sequence[ShadowDay]


def start_shadow(session: Session, draft_id: UUID, *, by: Officer, now: datetime) -> Shadow | Refusal:
    """Start running a sound draft beside the rules in force; one that runs already goes on.

    A run of documents that were revised since ends. Refusals: `rule_draft_not_found`, `draft_closed`,
    `draft_not_checked`, `draft_not_sound`.
    """
    row = lock_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    if row.state not in {Kept.OPEN, Kept.ANNOUNCED}:
        return Refusal(ProblemCode.DRAFT_CLOSED, {"state": row.state})
    check = find_last_check(session, draft_id)
    if check is None or check.digest != row.digest:
        return Refusal(ProblemCode.DRAFT_NOT_CHECKED)
    if not check.is_sound:
        return Refusal(ProblemCode.DRAFT_NOT_SOUND)
    run = find_run_row(session, draft_id)
    if run is not None and run.stopped_at is None:
        if run.digest == row.digest:
            return _show(session, run, row)
        _stop(session, run, by=by, now=now)
    run = add_run_row(session, draft_id, digest=row.digest, by=by.id, now=now)
    note_event(session, row, Event.SHADOW_STARTED, by=by, now=now)
    return _show(session, run, row)


def stop_shadow(session: Session, draft_id: UUID, *, by: Officer, now: datetime) -> Shadow | Refusal:
    """Stop the run of a draft; its figures stay. Refusals: `rule_draft_not_found`, `shadow_not_found`."""
    row = lock_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    run = find_run_row(session, draft_id)
    if run is None:
        return Refusal(ProblemCode.SHADOW_NOT_FOUND)
    if run.stopped_at is None:
        _stop(session, run, by=by, now=now)
        note_event(session, row, Event.SHADOW_STOPPED, by=by, digest=run.digest, now=now)
    return _show(session, run, row)


def read_shadow(session: Session, draft_id: UUID) -> Shadow | Refusal:
    """Read the latest run of a draft. Refusals: `rule_draft_not_found`, `shadow_not_found`."""
    row, run = find_draft_row(session, draft_id), find_run_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    return Refusal(ProblemCode.SHADOW_NOT_FOUND) if run is None else _show(session, run, row)


def _stop(session: Session, run: ShadowRunRow, *, by: Officer, now: datetime) -> None:
    run.stopped_by, run.stopped_at = by.id, now
    session.flush()


def _show(session: Session, run: ShadowRunRow, row: RuleDraftRow) -> Shadow:
    days = list_day_rows(session, run, limit=MOST_DAYS)
    return Shadow(
        draft_id=run.draft_id,
        run_no=run.run_no,
        digest=run.digest,
        is_running=run.stopped_at is None and run.digest == row.digest and row.state in {Kept.OPEN, Kept.ANNOUNCED},
        started_by=run.started_by,
        started_at=run.started_at,
        stopped_at=run.stopped_at,
        days=[ShadowDay(each.as_of, each.beside, each.figures, each.measured_at) for each in days],
    )
