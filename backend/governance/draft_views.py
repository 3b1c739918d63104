"""A draft as it is shown: where it stands, what it still lacks, what was found in it and who did what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.governance.diary import Event
from backend.governance.documents import Documents, Kind
from backend.governance.notice import NoticePeriod
from backend.governance.standing import Standing
from backend.governance.states import (
    Checked,
    Kept,
    Lack,
    Measured,
    State,
    Wanted,
    find_lacks,
    find_state,
)
from backend.governance.tables import (
    RuleCheckRow,
    RuleDraftRow,
    RuleEventRow,
    RuleImpactRow,
    find_last_check,
    find_last_event,
    find_last_impact,
)
from backend.storage.editions import Announcement

ABOUT_IMPACT = (Event.IMPACT_ASKED.value, Event.IMPACT_ATTACHED.value, Event.IMPACT_FAILED.value)


class ShownCheck(NamedTuple):
    """What the last check of a draft found; `is_of_this_draft` is false where it was revised since."""

    is_sound: bool
    is_of_this_draft: bool
    cases: int
    faults: Sequence[str]
    failing: Sequence[str]
    unexercised: Sequence[str]
    gaps: Sequence[str]
    notices: Sequence[str]
    checked_by: str
    checked_at: datetime


class ShownEvent(NamedTuple):
    """An event of the diary of a draft."""

    event_no: int
    event: str
    digest: str
    actor: str | None
    acting: str | None
    reason: str | None
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it stands now.

    `version` and `effective_on` are known once it could be read. `lacks` names what an open one needs before it may be
    announced. `restores_on` is the day of the edition that it brings back. `impact_asked_at` is set while one is being
    made, `impact_fault` says why the last attempt gave none.
    """

    draft_id: UUID
    kind: Kind
    title: str
    state: State
    revision_no: int
    digest: str
    author: str
    version: str | None
    effective_on: date | None
    restores_on: date | None
    lacks: tuple[Lack, ...]
    impact_asked_at: datetime | None
    impact_fault: str | None
    created_at: datetime
    edition_id: UUID | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeDraft:
    """A draft with its documents, the findings of its last check, and the latest events of its diary.

    `announcement` is what everybody is told when it is announced as it is, `notice_period` how long before its day that
    must be; None while its impact is not known, and of what is decided.
    """

    draft: Draft
    documents: Documents = field(repr=False)
    announcement: Announcement
    notice_period: NoticePeriod | None
    check: ShownCheck | None
    events: tuple[ShownEvent, ...]


def show_draft(session: Session, row: RuleDraftRow, standing: Standing, *, now: datetime) -> Draft:
    """Show a draft beside the editions that stand now."""
    check, asked = find_last_check(session, row.draft_id), find_last_event(session, row.draft_id, ABOUT_IMPACT)
    tried = impact = find_last_impact(session, row.draft_id, attached=False)
    if tried is not None and tried.fault is not None:
        impact = find_last_impact(session, row.draft_id, attached=True)
    read = check if check is not None and check.digest == row.digest else None
    effective_on = row.effective_on or (None if read is None else read.effective_on)
    lacks = find_lacks_of(row, check, impact, standing, now=now) if row.state == Kept.OPEN else ()
    follower = None if row.effective_on is None else standing.find_follower(Kind(row.kind), row.effective_on)
    is_asked = asked is not None and asked.event == Event.IMPACT_ASKED and asked.digest == row.digest
    return Draft(
        draft_id=row.draft_id,
        kind=Kind(row.kind),
        title=row.title,
        state=find_state(Kept(row.state), lacks, effective_on=row.effective_on, follower=follower, day=today(now)),
        revision_no=row.revision_no,
        digest=row.digest,
        author=row.author,
        version=None if read is None else read.version,
        effective_on=effective_on,
        restores_on=row.restores_on,
        lacks=lacks,
        impact_asked_at=asked.happened_at if asked is not None and is_asked else None,
        impact_fault=None if tried is None or tried.digest != row.digest else tried.fault,
        created_at=row.created_at,
        edition_id=row.edition_id,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def find_lacks_of(
    row: RuleDraftRow,
    check: RuleCheckRow | None,
    impact: RuleImpactRow | None,
    standing: Standing,
    *,
    now: datetime,
) -> tuple[Lack, ...]:
    """Name all that a draft lacks now before a second person may announce it."""
    checked = None
    compared: list[tuple[str | None, str]] = []
    is_day_free = True
    if check is not None:
        checked = Checked(check.digest, check.standing, check.is_sound, check.effective_on)
    if check is not None and check.effective_on is not None and check.edition_digest is not None:
        kind, last = Kind(row.kind), standing.find_last_day(Kind(row.kind))
        beside = standing.list_beside(kind, today(now), check.effective_on)
        former = [each.former for each in beside]
        compared = [(None if each is None else each.content.digest, check.edition_digest) for each in former]
        is_day_free = last is None or check.effective_on > last
    wanted = Wanted(row.digest, standing.digest, compared, is_day_free)
    return find_lacks(wanted, checked, _read_measured(impact), now=now)


def _read_measured(impact: RuleImpactRow | None) -> Measured | None:
    if impact is None or impact.compared is None or impact.known_at is None:
        return None
    pairs = [(old, new) for old, new in impact.compared["pairs"]]
    return Measured(impact.digest, impact.standing, pairs, impact.as_of, impact.known_at)


def show_check(row: RuleCheckRow, digest: str) -> ShownCheck:
    """Show what a check found, beside the digest that the draft has now."""
    found: Mapping[str, Any] = row.findings
    return ShownCheck(
        is_sound=row.is_sound,
        is_of_this_draft=row.digest == digest,
        cases=found["cases"],
        faults=found["faults"],
        failing=found["failing"],
        unexercised=found["unexercised"],
        gaps=found["gaps"],
        notices=found.get("notices", ()),
        checked_by=row.checked_by,
        checked_at=row.checked_at,
    )


def show_event(row: RuleEventRow) -> ShownEvent:
    """Show an event of the diary."""
    return ShownEvent(
        event_no=row.event_no,
        event=row.event,
        digest=row.digest,
        actor=row.actor,
        acting=row.acting,
        reason=row.reason,
        happened_at=row.happened_at,
    )
