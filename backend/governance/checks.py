"""Checks of drafts: what the readers refuse, and cases with every part that none of them touches."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.governance.diary import Event, Officer, note_event
from backend.governance.documents import Findings, Kind, check_draft
from backend.governance.draft_views import Draft, show_draft
from backend.governance.drafts import hold_open, read_documents
from backend.governance.standing import load_standing
from backend.governance.tables import RuleCheckRow, RuleDraftRow, append_row
from backend.web.problems import Refusal

# A draft that is wrong in a thousand places is told of the first of them; counts are told whole.
MOST_NAMED = 200


def run_check(session: Session, draft_id: UUID, *, by: Officer, city: str, now: datetime) -> Draft | Refusal:
    """Check an open draft beside the editions that stand now, and keep what was found.

    Refusals: `rule_draft_not_found`, `draft_closed`.
    """
    row = hold_open(session, draft_id)
    if isinstance(row, Refusal):
        return row
    keep_check(session, row, by=by, city=city, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def keep_check(session: Session, row: RuleDraftRow, *, by: Officer, city: str, now: datetime) -> Findings:
    """Check a held draft, and keep what was found."""
    standing = load_standing(session, city)
    edition, findings = check_draft(
        Kind(row.kind), read_documents(session, row), standing.editions, city=city, day=today(now)
    )
    check = RuleCheckRow(
        draft_id=row.draft_id,
        digest=row.digest,
        standing=standing.digest,
        is_sound=findings.is_sound,
        version=None if edition is None else edition.version,
        effective_on=None if edition is None else edition.effective_on,
        edition_digest=None if edition is None else edition.content.digest,
        findings={
            name: list(found)[:MOST_NAMED] if isinstance(found, tuple) else found
            for name, found in asdict(findings).items()
        },
        checked_by=by.id,
        checked_at=now,
    )
    append_row(session, check, RuleCheckRow.check_no)
    note_event(session, row, Event.CHECKED, by=by, now=now)
    return findings
