"""What a person reads about a verification: who asked, for what, and what was answered, with the reason he may know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, make_look
from backend.access.tables import AccessEntryRow, add_access_entry
from backend.grants.grant import Via
from backend.principals import Principal, PrincipalKind

# What a person does alone: nobody asked about him, and the merchant is only told.
_OWN = frozenset({Via.APPLICATION.value, Via.CARD.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered about a person: `because` is why there is no benefit, `consent_id` on what it was told.

    `about` is the id of the verification, or of the grant that an application led to.
    """

    via: str
    scenario: str
    about: UUID
    answer: str
    because: str | None
    consent_id: UUID | None


def note_look(
    session: Session, subject_id: UUID, told: Told, *, principal: Principal, name: str | None, now: datetime
) -> None:
    """Note that a merchant, called `name`, was told about a person, in the transaction of the answer."""
    add_access_entry(session, AccessEntryRow(**make_benefit_look(subject_id, told, principal, name=name, now=now)))


def make_benefit_look(
    subject_id: UUID, told: Told, principal: Principal, *, name: str | None, now: datetime
) -> dict[str, Any]:
    """Make the values of such an entry, by column, for whoever writes it together with the answer.

    `principal` is the merchant. Who applies or makes a card asks about himself: the merchant is the recipient then.
    """
    answered = {
        "kind": "benefit",
        "via": str(told.via),
        "scenario": told.scenario,
        "about": str(told.about),
        "answer": str(told.answer),
    }
    if told.because is not None:
        answered["because"] = str(told.because)
    if told.consent_id is not None:
        answered["consent_id"] = str(told.consent_id)
    is_own = str(told.via) in _OWN
    if is_own:
        answered["recipient"] = principal.id
        answered["recipient_name"] = name or principal.id
    return make_look(
        subject_id=subject_id,
        principal=Principal(kind=PrincipalKind.CITIZEN, id=str(subject_id)) if is_own else principal,
        purpose=Purpose.BENEFIT,
        answered=answered,
        asker_name=None if is_own else name,
        now=now,
    )
