"""Asking for the impact of a draft, and reading it; a worker that has the files of the city makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.governance.diary import Event, Officer, note_event
from backend.governance.draft_views import ABOUT_IMPACT, Draft, show_draft
from backend.governance.drafts import hold_open
from backend.governance.standing import load_standing
from backend.governance.tables import find_draft_row, find_last_check, find_last_event, find_last_impact
from backend.storage.jobs import leave_job
from backend.web.problems import ProblemCode, Refusal

MEASURE_IMPACT = "measure_impact"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedImpact:
    """The impact of a draft: a report for each comparison (`Standing.list_beside`), all of the same files and day.

    `is_of_this_draft` is false where the draft was revised since.
    """

    draft_id: UUID
    digest: str
    is_of_this_draft: bool
    as_of: date
    known_at: datetime
    files_digest: str
    measured_at: datetime
    comparisons: Sequence[Mapping[str, Any]] = field(repr=False)


def ask_impact(session: Session, draft_id: UUID, *, by: Officer, city: str, now: datetime) -> Draft | Refusal:
    """Leave the impact of a sound draft to a worker; one that is under way already is not begun twice.

    Refusals: `rule_draft_not_found`, `draft_closed`, `draft_not_checked`, `draft_not_sound`.
    """
    row = hold_open(session, draft_id)
    if isinstance(row, Refusal):
        return row
    check = find_last_check(session, draft_id)
    if check is None or check.digest != row.digest:
        return Refusal(ProblemCode.DRAFT_NOT_CHECKED)
    if not check.is_sound:
        return Refusal(ProblemCode.DRAFT_NOT_SOUND)
    last = find_last_event(session, draft_id, ABOUT_IMPACT)
    if last is None or last.event != Event.IMPACT_ASKED or last.digest != row.digest:
        leave_job(session, MEASURE_IMPACT, {"draft_id": str(draft_id)}, now=now)
        note_event(session, row, Event.IMPACT_ASKED, by=by, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def read_impact(session: Session, draft_id: UUID) -> AttachedImpact | Refusal:
    """Read the last impact of a draft.

    Refusals: `rule_draft_not_found`, `impact_not_found` where there is none yet.
    """
    row, impact = find_draft_row(session, draft_id), find_last_impact(session, draft_id, attached=True)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    if impact is None or impact.comparisons is None or impact.known_at is None or impact.files_digest is None:
        return Refusal(ProblemCode.IMPACT_NOT_FOUND)
    return AttachedImpact(
        draft_id=draft_id,
        digest=impact.digest,
        is_of_this_draft=impact.digest == row.digest,
        as_of=impact.as_of,
        known_at=impact.known_at,
        files_digest=impact.files_digest,
        measured_at=impact.measured_at,
        comparisons=impact.comparisons["comparisons"],
    )
