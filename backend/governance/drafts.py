"""Drafts of editions: written, revised, listed and read.

A draft is its documents to the last character, and what everybody is told with them. Whoever changes one writes a
further revision; what was found and measured of the one before says nothing about it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.governance.diary import Event, Officer, note_event
from backend.governance.documents import Documents, Kind, digest_documents
from backend.governance.draft_views import Draft, WholeDraft, show_check, show_draft, show_event
from backend.governance.notice import NoticePeriod, find_notice_period
from backend.governance.standing import load_standing
from backend.governance.states import Kept
from backend.governance.tables import (
    RuleDraftRow,
    RuleRevisionRow,
    add_draft_row,
    append_row,
    find_draft_row,
    find_event_row,
    find_last_check,
    find_last_impact,
    find_revision_row,
    list_draft_rows,
    list_event_rows,
    lock_draft_row,
)
from backend.storage.database import write_json
from backend.storage.editions import Announcement
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

MOST_EVENTS = 200


class Told(NamedTuple):
    """What a revision of a draft tells everybody besides its title and reason; see `Announcement`."""

    decision: str | None
    urgency: str | None


class NewDraft(NamedTuple):
    """A draft to be: what it changes in a few words, its documents, and why; `restores_on` as in `Draft`.

    Title, reason, decision and urgency are what everybody is told when it is announced (see `Announcement`).
    """

    kind: Kind
    title: str
    documents: Documents
    reason: str
    restores_on: date | None = None
    decision: str | None = None
    urgency: str | None = None


class NewRevision(NamedTuple):
    """Documents in the place of those whose digest is `after`, with decision and urgency, and why; see `NewDraft`.

    Officers alone are told this reason. What is told of decision and urgency is told as it stands here, or no more.
    """

    documents: Documents
    after: str
    reason: str
    decision: str | None = None
    urgency: str | None = None


def create_draft(session: Session, new: NewDraft, *, by: Officer, city: str, now: datetime) -> Draft:
    """Create a draft with its first revision; nothing in it is looked at before it is checked."""
    told = Told(new.decision, new.urgency)
    row = RuleDraftRow(
        draft_id=new_id(now),
        kind=new.kind.value,
        title=new.title,
        state=Kept.OPEN.value,
        revision_no=1,
        digest=_digest(new.kind, new.documents, told, new.restores_on),
        author=by.id,
        acting=by.acting,
        restores_on=new.restores_on,
        created_at=now,
    )
    add_draft_row(session, row)
    _add_revision(session, row, new.documents, told, by=by, now=now)
    note_event(session, row, Event.DRAFTED, by=by, reason=new.reason, now=now)
    return show_draft(session, row, load_standing(session, city), now=now)


def revise_draft(
    session: Session,
    draft_id: UUID,
    new: NewRevision,
    *,
    by: Officer,
    city: str,
    now: datetime,
) -> Draft | Refusal:
    """Put other documents in the place of a draft's; a rollback with others than those that it brings back is none.

    Refusals: `rule_draft_not_found`, `draft_closed`, `draft_revised` where somebody else revised it before.
    """
    row = hold_open(session, draft_id, digest=new.after)
    if isinstance(row, Refusal):
        return row
    if dict(new.documents) != read_documents(session, row):
        row.restores_on = None  # other documents than those of the former edition bring it back no more
    told = Told(new.decision, new.urgency)
    row.revision_no += 1
    row.digest = _digest(Kind(row.kind), new.documents, told, row.restores_on)
    row.author, row.acting = by
    _add_revision(session, row, new.documents, told, by=by, now=now)
    note_event(session, row, Event.REVISED, by=by, reason=new.reason, now=now)
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


def read_draft(session: Session, draft_id: UUID, *, city: str, notice_days: int, now: datetime) -> WholeDraft | Refusal:
    """Read a draft whole. Its notice period is known once it was measured; `notice_days` is what the city chose."""
    row = find_draft_row(session, draft_id)
    if row is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    check = find_last_check(session, draft_id)
    return WholeDraft(
        draft=show_draft(session, row, load_standing(session, city), now=now),
        documents=read_documents(session, row),
        announcement=read_announcement(session, row),
        notice_period=find_notice_period_of(session, row, notice_days=notice_days, now=now),
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
    return _read_revision(session, row).documents


def read_announcement(session: Session, row: RuleDraftRow) -> Announcement:
    """Read what everybody is told when a draft is announced as it is now; ValueError as `read_documents`."""
    revision, drafted = _read_revision(session, row), find_event_row(session, row.draft_id, 1)
    return Announcement(
        summary=row.title,
        reason=(None if drafted is None else drafted.reason) or row.title,
        decision=revision.decision,
        urgency=revision.urgency,
        restores_on=row.restores_on,
    )


def find_notice_period_of(
    session: Session, row: RuleDraftRow, *, notice_days: int, now: datetime
) -> NoticePeriod | None:
    """Find how long before its day an open draft must be announced; None while its impact is not known."""
    impact = find_last_impact(session, row.draft_id, attached=True)
    if row.state != Kept.OPEN or impact is None or impact.comparisons is None or impact.digest != row.digest:
        return None
    return find_notice_period(
        impact.comparisons["comparisons"],
        urgency=_read_revision(session, row).urgency,
        notice_days=notice_days,
        now=now,
    )


def _read_revision(session: Session, row: RuleDraftRow) -> RuleRevisionRow:
    found = find_revision_row(session, row.draft_id, row.revision_no)
    told = None if found is None else Told(found.decision, found.urgency)
    if found is None or told is None or _digest(Kind(row.kind), found.documents, told, row.restores_on) != row.digest:
        raise ValueError(f"the documents of draft {row.draft_id} are not those of its digest {row.digest}")
    return found


def _digest(kind: Kind, documents: Documents, told: Told, restores_on: date | None) -> str:
    """Give the digest of a draft: of its documents, and of all that may be told otherwise by another revision.

    So whoever approves by it has read what is told, for the title and the first reason never change. Where nothing is
    told besides these it is the digest of the documents.
    """
    of_documents = digest_documents(kind, documents)
    restored = {} if restores_on is None else {"restores_on": restores_on.isoformat()}
    if not any(told) and not restored:
        return of_documents
    return sha256(write_json({"documents": of_documents, **told._asdict(), **restored}).encode()).hexdigest()


def _add_revision(
    session: Session, row: RuleDraftRow, documents: Documents, told: Told, *, by: Officer, now: datetime
) -> None:
    revision = RuleRevisionRow(
        draft_id=row.draft_id,
        digest=row.digest,
        documents=dict(documents),
        author=by.id,
        acting=by.acting,
        written_at=now,
        decision=told.decision,
        urgency=told.urgency,
    )
    append_row(session, revision, RuleRevisionRow.revision_no)
