"""What a second person decides: a draft is announced, refused, or taken back before its day.

Decisions about editions wait for one another: what stands is read in the transaction that changes it.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.announcing import Announced, Refused, announce, withdraw
from backend.gateways.published_editions import ShippedEditions
from backend.governance.diary import Event, Officer, note_event
from backend.governance.documents import Kind
from backend.governance.draft_views import Draft, find_lacks_of, show_draft
from backend.governance.drafts import find_notice_period_of, hold_open, read_announcement, read_documents
from backend.governance.standing import load_standing
from backend.governance.states import REFUSALS, Kept
from backend.governance.tables import (
    RuleDraftRow,
    change_draft_row,
    find_last_check,
    find_last_impact,
    list_authors,
    lock_draft_row,
)
from backend.records.departments import register_departments
from backend.storage.editions import EditionKind, NotDone, take_turn
from backend.web.problems import ProblemCode, Refusal

_NOT_DONE: Mapping[str, ProblemCode] = MappingProxyType(
    {
        NotDone.TOO_LATE: ProblemCode.EDITION_DAY_TOO_NEAR,
        NotDone.DAY_TAKEN: ProblemCode.EDITION_DAY_TAKEN,
    }
)


def approve_draft(
    session: Session,
    draft_id: UUID,
    digest: str,
    *,
    reason: str,
    by: Officer,
    shipped: ShippedEditions,
    notice_days: int,
    now: datetime,
) -> Draft | Refusal:
    """Announce the documents of a digest as an edition, as a second person who stands for them.

    Refusals: `rule_draft_not_found`, `draft_closed`; `draft_revised` where the draft is no longer what was read;
    `other_officer_needed` for whoever wrote any revision of it; one for each lack (see `states.REFUSALS`); and
    `notice_too_short` where somebody loses by it, its day is sooner than `notice_days` from today, and nobody has said
    what makes it urgent.
    """
    take_turn(session)
    city = shipped.rules.city
    row = hold_open(session, draft_id, digest=digest)
    if isinstance(row, Refusal):
        return row
    if not by.is_apart_from(list_authors(session, draft_id)):
        return Refusal(ProblemCode.OTHER_OFFICER_NEEDED)
    unready = _find_unready(session, row, city, notice_days, now=now)
    if unready is not None:
        return unready
    documents, announcement = read_documents(session, row), read_announcement(session, row)
    outcome = announce(session, shipped, EditionKind(row.kind), documents, announcement, now=now)
    if isinstance(outcome, Refused):
        return Refusal(_NOT_DONE.get(outcome.code, ProblemCode.CHECK_OUTDATED))
    _keep_announced(session, row, outcome, by=by, now=now)
    note_event(session, row, Event.APPROVED, by=by, reason=reason, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def _find_unready(session: Session, row: RuleDraftRow, city: str, notice_days: int, *, now: datetime) -> Refusal | None:
    """Find why a held draft cannot be announced now, whoever approves it; None where nothing is in the way."""
    check, impact = find_last_check(session, row.draft_id), find_last_impact(session, row.draft_id, attached=True)
    lacks = find_lacks_of(row, check, impact, load_standing(session, city), now=now)
    if lacks:
        return Refusal(REFUSALS[lacks[0]])
    period = find_notice_period_of(session, row, notice_days=notice_days, now=now)
    if period is None or check is None or check.effective_on is None:
        raise RuntimeError(f"draft {row.draft_id} lacks nothing, and has no notice period or no day")
    if check.effective_on < period.first_on:
        return Refusal(ProblemCode.NOTICE_TOO_SHORT, {"days": period.days, "first_on": period.first_on.isoformat()})
    return None


def reject_draft(
    session: Session, draft_id: UUID, digest: str, *, reason: str, by: Officer, city: str, now: datetime
) -> Draft | Refusal:
    """End an open draft for good; whoever wants it after all drafts it anew.

    Refusals: `rule_draft_not_found`, `draft_closed`, `draft_revised`.
    """
    row = hold_open(session, draft_id, digest=digest)
    if isinstance(row, Refusal):
        return row
    row.state, row.decided_by, row.decided_at = Kept.REJECTED.value, by.id, now
    note_event(session, row, Event.REJECTED, by=by, reason=reason, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def withdraw_draft(
    session: Session,
    draft_id: UUID,
    *,
    reason: str,
    by: Officer,
    shipped: ShippedEditions,
    now: datetime,
) -> Draft | Refusal:
    """Take an announced edition back before its day; what is in force stays so, and one officer is enough for that.

    Everybody is told the reason.

    Refusals: `rule_draft_not_found`; `draft_not_announced`; `edition_begun` where its day is too near or has come;
    `edition_needed` where others that were announced cannot stand without it.
    """
    take_turn(session)
    row = lock_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    if row.state != Kept.ANNOUNCED or row.edition_id is None:
        return Refusal(ProblemCode.DRAFT_NOT_ANNOUNCED, {"state": row.state})
    outcome = withdraw(session, shipped, row.edition_id, because=reason, now=now)
    if isinstance(outcome, Refused):
        is_late = outcome.code == NotDone.TOO_LATE
        return Refusal(ProblemCode.EDITION_BEGUN if is_late else ProblemCode.EDITION_NEEDED)
    row.state = Kept.WITHDRAWN.value
    note_event(session, row, Event.WITHDRAWN, by=by, reason=reason, now=now)
    return show_draft(session, row, load_standing(session, shipped.rules.city), now=now)


def _keep_announced(session: Session, row: RuleDraftRow, announced: Announced, *, by: Officer, now: datetime) -> None:
    edition = announced.edition
    decided = {
        "state": Kept.ANNOUNCED.value,
        "edition_id": edition.edition_id,
        "effective_on": edition.effective_on,
        "decided_by": by.id,
        "decided_at": now,
    }
    if not change_draft_row(session, row, decided):
        raise RuntimeError(f"draft {row.draft_id} changed while it was held")
    if row.kind == Kind.RULEBOOK:
        for each in announced.rules.editions:
            if each.effective_on == edition.effective_on:
                register_departments(session, each.catalogue)
