"""A question to a home city: what we know of it before it may be put, and its body as it leaves."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import format_moment
from backend.gateways.partner_keys import PartnerKeys, PartnerSealingKey
from backend.partners.city_keys import find_sealing_key, find_signing_keys
from backend.partners.protocol import MOST_SCENARIOS, PROTOCOL
from backend.partners.sealed_persons import seal_person
from backend.storage.database import write_json
from scenarios.treaty import Role, Scope, Treaty, TreatyPurpose

ACTING_VISITOR = "visitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAsk:
    """What is to be asked about a visitor; `id_number` is as `read_resident_id` gave it.

    `subject_id` is None where nobody is known here by that number. `acting` is the merchant, called `acting_name`, or
    `visitor` for a person who asks about himself; `case_no` names the case, with no run of fifteen digits in it.
    """

    home_city: str
    subject_id: UUID | None
    id_number: str = field(repr=False)
    scope: Scope
    scenarios: tuple[str, ...] = ()
    purpose: TreatyPurpose
    role: Role
    acting: str
    acting_name: str | None = None
    case_no: str


def find_keys(session: Session, partner: str) -> PartnerKeys:
    """Find the keys of a partner as we know them."""
    return PartnerKeys(find_signing_keys(session, partner), find_sealing_key(session, partner))


def may_ask(treaty: Treaty, wanted: HomeAsk, *, host: str) -> bool:
    """Tell whether a treaty lets this be asked: scope, purpose, and for entitlements the scenarios."""
    agreed = treaty.list_scenarios(home=wanted.home_city, host=host)
    fits = 0 < len(wanted.scenarios) <= MOST_SCENARIOS if wanted.scope is Scope.ENTITLEMENT else not wanted.scenarios
    is_agreed = wanted.scope in treaty.scopes and wanted.purpose in treaty.purposes
    return fits and is_agreed and all(scenario in agreed for scenario in wanted.scenarios)


def write_question(
    wanted: HomeAsk, question_id: UUID, treaty: Treaty, sealing: PartnerSealingKey, *, host: str, now: datetime
) -> bytes:
    """Write the body of a question (JSON in UTF-8); the identity number is sealed to the home city, for this question.

    `now` is the moment of this machine.
    """
    question: dict[str, Any] = {
        "protocol": PROTOCOL,
        "question_id": str(question_id),
        "from": host,
        "to": wanted.home_city,
        "asked_at": format_moment(now),
        "treaty": {"id": treaty.id, "version": treaty.version, "digest": treaty.digest},
        "person": seal_person(wanted.id_number, sealing, question_id=question_id, sender=host),
        "scope": wanted.scope.value,
        "scenarios": list(wanted.scenarios),
        "purpose": wanted.purpose.value,
        "role": wanted.role.value,
        "acting": wanted.acting,
        "acting_name": wanted.acting_name,
        "case_no": wanted.case_no,
    }
    return write_json(question).encode()
