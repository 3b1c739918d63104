"""What a person reads about a question of another city, or about what it was told of him without one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, make_look
from backend.access.tables import AccessEntryRow, add_access_entry
from backend.disclosures.telling import Silence
from backend.principals import Principal, PrincipalKind

NOTHING = "nothing"
CARD = "card"
CORRECTED = "corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLook:
    """What a city called `title` was told about a person: `told` is the scope, or one of the words above.

    `role`, `acting` and `acting_name` say who set it off there. `consent_id` is what it rests on, `because` why it is
    nothing.
    """

    partner: str
    title: str
    role: str
    acting: str | None
    acting_name: str | None = None
    told: str
    scope: str
    purpose: str
    question_id: UUID
    case_no: str | None
    consent_id: UUID | None = None
    because: Silence | None = None


def note_exchange_look(session: Session, subject_id: UUID, look: ExchangeLook, *, now: datetime) -> None:
    """Note what a city was told about a person, in the transaction in which it is told."""
    add_access_entry(session, AccessEntryRow(**make_exchange_look(subject_id, look, now=now)))


def make_exchange_look(subject_id: UUID, look: ExchangeLook, *, now: datetime) -> dict[str, Any]:
    """Make the values of such an entry, by column, for whoever writes it together with the answer.

    A card is made by the person himself: the city is the recipient then.
    """
    parts = {
        "kind": f"exchange_{look.told}",
        "scope": look.scope,
        "purpose": look.purpose,
        "role": look.role,
        "acting_name": look.acting_name or "",
        "question_id": str(look.question_id),
        "consent_id": "" if look.consent_id is None else str(look.consent_id),
        "because": "" if look.because is None else look.because.value,
    }
    answered = {name: part for name, part in parts.items() if part}
    principal = Principal(kind=PrincipalKind.PARTNER_CITY, id=look.partner, acting=look.acting)
    if look.told == CARD:
        answered |= {"recipient": look.partner, "recipient_name": look.title}
        principal = Principal(kind=PrincipalKind.CITIZEN, id=str(subject_id))
    return make_look(
        subject_id=subject_id,
        principal=principal,
        purpose=Purpose.EXCHANGE,
        answered=answered,
        asker_name=None if look.told == CARD else look.title,
        case_no=look.case_no,
        now=now,
    )
