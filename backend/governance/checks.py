"""Checks of drafts: what the readers refuse, and cases with every part that none of them touches."""

from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.governance.diary import Event, Officer, note_event
from backend.governance.documents import Documents, Findings, Kind, KnownEdition, check_draft
from backend.governance.draft_views import Draft, show_draft
from backend.governance.drafts import hold_open, read_documents
from backend.governance.standing import Standing, load_standing
from backend.governance.states import Kept
from backend.governance.tables import RuleCheckRow, RuleDraftRow, append_row, find_draft_row, find_last_check
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal

# A draft that is wrong in a thousand places is told of the first of them.
MOST_NAMED = 200
# A second try is for whoever was revised or announced meanwhile once; a third would be for those who never rest.
MOST_TRIES = 2


class _Seen(NamedTuple):
    """What is checked: documents by their digest, beside the editions that stand."""

    kind: Kind
    digest: str
    documents: Documents
    standing: Standing


def run_check(database: Database, draft_id: UUID, *, by: Officer, city: str, now: datetime) -> Draft | Refusal:
    """Check an open draft beside the editions that stand now, and keep what was found, if it was not found before.

    It is checked between two transactions, so that nobody who writes waits for it; what changed meanwhile is checked
    again, once. Refusals: `rule_draft_not_found`, `draft_closed`, and, where it changed again, `draft_revised` or
    `check_outdated`.
    """
    refusal = Refusal(ProblemCode.CHECK_OUTDATED)
    for _ in range(MOST_TRIES):
        with database.reading() as session:
            seen = _look_at(session, draft_id, city)
        if isinstance(seen, Refusal):
            return seen
        found = check_draft(seen.kind, seen.documents, seen.standing.editions, city=city, day=today(now))
        with database.transaction() as session:
            row = hold_open(session, draft_id)
            if isinstance(row, Refusal):
                return row
            standing = load_standing(session, city)
            if (row.digest, standing.digest) == (seen.digest, seen.standing.digest):
                _keep(session, row, standing, *found, by=by, now=now)
                return show_draft(session, row, standing, now=now)
            refusal = (
                Refusal(ProblemCode.CHECK_OUTDATED)
                if row.digest == seen.digest
                else Refusal(ProblemCode.DRAFT_REVISED, {"digest": row.digest})
            )
    return refusal


def keep_check(session: Session, row: RuleDraftRow, *, by: Officer, city: str, now: datetime) -> Findings:
    """Check a held draft, and keep what was found."""
    standing = load_standing(session, city)
    documents = read_documents(session, row)
    edition, findings = check_draft(Kind(row.kind), documents, standing.editions, city=city, day=today(now))
    _keep(session, row, standing, edition, findings, by=by, now=now)
    return findings


def _look_at(session: Session, draft_id: UUID, city: str) -> _Seen | Refusal:
    row = find_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    if row.state != Kept.OPEN:
        return Refusal(ProblemCode.DRAFT_CLOSED, {"state": row.state})
    return _Seen(Kind(row.kind), row.digest, read_documents(session, row), load_standing(session, city))


def _keep(
    session: Session,
    row: RuleDraftRow,
    standing: Standing,
    edition: KnownEdition | None,
    findings: Findings,
    *,
    by: Officer,
    now: datetime,
) -> None:
    """Keep what was found in a held draft; the same found again of the same leaves nothing behind."""
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
    last = find_last_check(session, row.draft_id)
    if last is not None and _say(last) == _say(check):
        return
    append_row(session, check, RuleCheckRow.check_no)
    note_event(session, row, Event.CHECKED, by=by, now=now)


def _say(check: RuleCheckRow) -> tuple[object, ...]:
    return check.digest, check.standing, check.edition_digest, check.findings
