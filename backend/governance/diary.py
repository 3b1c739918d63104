"""Who did what about a draft, when and why: written down in the transaction of the deed, and never changed."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

from sqlalchemy.orm import Session

from backend.clients.likeness import find_skeleton
from backend.governance.tables import RuleDraftRow, RuleEventRow, append_row
from backend.principals import Principal


class Event(StrEnum):
    """What can be done about a draft, or happen to it."""

    DRAFTED = "drafted"
    REVISED = "revised"
    CHECKED = "checked"
    IMPACT_ASKED = "impact_asked"
    IMPACT_ATTACHED = "impact_attached"
    IMPACT_FAILED = "impact_failed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SHADOW_STARTED = "shadow_started"
    SHADOW_STOPPED = "shadow_stopped"


class Officer(NamedTuple):
    """Who acts: the code that a token or a command names, and the clerk who acts under it, where one does."""

    id: str
    acting: str | None = None

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Give the officer who calls."""
        return cls(principal.id, principal.acting)

    def is_apart_from(self, others: Iterable[tuple[str, str | None]]) -> bool:
        """Tell whether this is none of the others, by the code or by the clerk, in whichever place a name stands.

        Names that look alike are one.
        """
        return {find_skeleton(name) for name in self if name}.isdisjoint(
            find_skeleton(name) for other in others for name in other if name
        )


def note_event(
    session: Session,
    row: RuleDraftRow,
    event: Event,
    *,
    by: Officer | None,
    reason: str | None = None,
    digest: str | None = None,
    now: datetime,
) -> None:
    """Note what was done about a held draft; about its present documents unless another digest is given."""
    noted = RuleEventRow(
        draft_id=row.draft_id,
        event=event.value,
        digest=digest or row.digest,
        actor=None if by is None else by.id,
        acting=None if by is None else by.acting,
        reason=reason,
        happened_at=now,
    )
    append_row(session, noted, RuleEventRow.event_no)
