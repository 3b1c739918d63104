"""Drafts of editions: written, revised, listed and read.

A draft is its documents to the last character. Whoever changes one writes a further revision; what was found and
measured of the one before says nothing about it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.governance.diary import Event, Officer, note_event
from backend.governance.documents import Documents, Kind, digest_documents
from backend.governance.draft_views import Draft, WholeDraft, show_check, show_draft, show_event
from backend.governance.standing import load_standing
from backend.governance.states import Kept
from backend.governance.tables import (
    RuleDraftRow,
    RuleRevisionRow,
    add_draft_row,
    append_row,
    find_draft_row,
    find_last_check,
    find_revision_row,
    list_draft_rows,
    list_event_rows,
    lock_draft_row,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

MOST_EVENTS = 200


class NewDraft(NamedTuple):
    """A draft to be: what it changes in a few words, its documents, and why; `restores_on` as in `Draft`."""

    kind: Kind
    title: str
    documents: Documents
    reason: str
    restores_on: date | None = None


def create_draft(session: Session, new: NewDraft, *, by: Officer, city: str, now: datetime) -> Draft:
    """Create a draft with its first revision; nothing in it is looked at before it is checked."""
    row = RuleDraftRow(
        draft_id=new_id(now),
        kind=new.kind.value,
        title=new.title,
        state=Kept.OPEN.value,
        revision_no=1,
        digest=digest_documents(new.kind, new.documents),
        author=by.id,
        acting=by.acting,
        restores_on=new.restores_on,
        created_at=now,
    )
    add_draft_row(session, row)
    _add_revision(session, row, new.documents, by=by, now=now)
    note_event(session, row, Event.DRAFTED, by=by, reason=new.reason, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def revise_draft(
    session: Session,
    draft_id: UUID,
    documents: Documents,
    *,
    after: str,
    reason: str,
    by: Officer,
    city: str,
    now: datetime,
) -> Draft | Refusal:
    """Put other documents in the place of those whose digest is `after`; a rollback is none any more.

    Refusals: `rule_draft_not_found`, `draft_closed`, `draft_revised` where somebody else revised it before.
    """
    row = hold_open(session, draft_id, digest=after)
    if isinstance(row, Refusal):
        return row
    row.revision_no += 1
    row.digest = digest_documents(Kind(row.kind), documents)
    row.author, row.acting = by
    row.restores_on = None  # other documents than those of the former edition bring it back no more
    _add_revision(session, row, documents, by=by, now=now)
    note_event(session, row, Event.REVISED, by=by, reason=reason, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def hold_open(session: Session, draft_id: UUID, *, digest: str | None = None) -> RuleDraftRow | Refusal:
    """Hold an open draft until the transaction ends; with a digest, only while it has these documents."""
    row = lock_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    if row.state != Kept.OPEN:
        return Refusal(ProblemCode.DRAFT_CLOSED, {"state": row.state})
    if digest is not None and row.digest != digest:
        return Refusal(ProblemCode.DRAFT_REVISED, {"digest": row.digest})
    return row


def read_draft(session: Session, draft_id: UUID, *, city: str, now: datetime) -> WholeDraft | Refusal:
    """Read a draft whole."""
    row = find_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    check = find_last_check(session, draft_id)
    return WholeDraft(
        draft=show_draft(session, row, load_standing(session, city), now=now),
        documents=read_documents(session, row),
        check=None if check is None else show_check(check, row.digest),
        events=tuple(show_event(each) for each in list_event_rows(session, draft_id, limit=MOST_EVENTS)),
    )


def list_drafts(session: Session, *, before: UUID | None, limit: int, city: str, now: datetime) -> Sequence[Draft]:
    """List at most `limit` drafts, newest first; only those before one, if given."""
    standing = load_standing(session, city)
    return [show_draft(session, row, standing, now=now) for row in list_draft_rows(session, before=before, limit=limit)]


def find_kind(session: Session, draft_id: UUID) -> Kind | None:
    """Find what a draft is an edition of; None where there is no such draft."""
    row = find_draft_row(session, draft_id)
    return None if row is None else Kind(row.kind)


def read_documents(session: Session, row: RuleDraftRow) -> Documents:
    """Read the present documents of a draft; a ValueError where they are not what their digest says."""
    revision = find_revision_row(session, row.draft_id, row.revision_no)
    if revision is None or digest_documents(Kind(row.kind), revision.documents) != row.digest:
        raise ValueError(f"the documents of draft {row.draft_id} are not those of its digest {row.digest}")
    return revision.documents


def _add_revision(session: Session, row: RuleDraftRow, documents: Documents, *, by: Officer, now: datetime) -> None:
    revision = RuleRevisionRow(
        draft_id=row.draft_id,
        digest=row.digest,
        documents=dict(documents),
        author=by.id,
        acting=by.acting,
        written_at=now,
    )
    append_row(session, revision, RuleRevisionRow.revision_no)
