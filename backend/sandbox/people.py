"""The fixed people of a sandbox, made to do what people do: show a code or a card, answer an ask, apply in the app."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.applications import apply_for_benefit
from backend.benefits.ask_tables import find_ask_owner
from backend.benefits.asks import confirm_ask, decline_ask
from backend.benefits.cards import Card, CardOrder, NotGiven, make_card
from backend.benefits.codes import OneTimeCode, make_code
from backend.benefits.judging import Tools
from backend.grants.grant import Grant
from backend.sandbox.tables import SandboxPersonRow, find_person_row, list_people
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPerson:
    """A fixed person; `person_no` has two digits, and `purpose` says what a merchant meets in this one."""

    person_no: str
    name: str
    identity_number: str = field(repr=False)
    purpose: Wording


def list_fixed_people(session: Session) -> Sequence[SandboxPerson]:
    """List the fixed people by number."""
    return [_show(row) for row in list_people(session)]


def find_subject(session: Session, person_no: str) -> UUID | Refusal:
    """Find who a fixed person is to the system.

    Refusals: `person_not_found` for a number that nobody has, `person_unknown` for a person whom the system does not
    know, and who can do nothing.
    """
    row = find_person_row(session, int(person_no)) if person_no.isascii() and person_no.isdecimal() else None
    if row is None:
        return Refusal(ProblemCode.PERSON_NOT_FOUND)
    return row.subject_id or Refusal(ProblemCode.PERSON_UNKNOWN)


def show_code(
    session: Session, person_no: str, *, scenario: str | None, merchant: str | None, tools: Tools, now: datetime
) -> OneTimeCode | Refusal:
    """Make a code as a person would in the app, bound to a scenario, a merchant, both or none.

    Refusals: those of `find_subject`; `scenario_not_found`, `merchant_not_found`.
    """
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    catalogue = tools.find_catalogue(now)
    return make_code(session, subject_id, scenario=scenario, merchant=merchant, catalogue=catalogue, now=now)


def apply_at(
    session: Session,
    person_no: str,
    *,
    merchant: str,
    scenario: str,
    amount_fen: int | None,
    tools: Tools,
    now: datetime,
) -> Grant | Refusal | None:
    """Apply at a merchant as a person would in the app; None where nothing is given. Amounts in fen.

    Refusals: those of `find_subject`; `offer_not_found`, `code_needed`, `amount_refused`.
    """
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    applied = apply_for_benefit(
        session, subject_id, merchant=merchant, scenario=scenario, amount_fen=amount_fen, tools=tools, now=now
    )
    if isinstance(applied, Refusal):
        return applied
    return applied.outcome if isinstance(applied.outcome, Grant) else None


def make_card_for(
    session: Session, person_no: str, order: CardOrder, *, tools: Tools, now: datetime
) -> Card | Refusal | None:
    """Make a benefit card as a person would in the app; None where nothing is given.

    Refusals: those of `find_subject`; `scenario_not_found`, `card_needs_grant`, `offer_not_found`, `too_many_cards`.
    """
    subject_id = find_subject(session, person_no)
    if isinstance(subject_id, Refusal):
        return subject_id
    made = make_card(session, subject_id, order, tools=tools, now=now)
    return None if isinstance(made, NotGiven) else made


def confirm_for_owner(
    session: Session, merchant: str, verification_id: UUID, *, tools: Tools, now: datetime
) -> Refusal | None:
    """Confirm an ask of a merchant as the person it is about would.

    Refusals: `ask_not_found` where nobody was reached, so that nobody can confirm; `ask_closed`.
    """
    subject_id = find_ask_owner(session, merchant, verification_id)
    if subject_id is None:
        return Refusal(ProblemCode.ASK_NOT_FOUND)
    confirmed = confirm_ask(session, subject_id, verification_id, tools=tools, now=now)
    return confirmed if isinstance(confirmed, Refusal) else None


def refuse_for_owner(
    session: Session, merchant: str, verification_id: UUID, *, tools: Tools, now: datetime
) -> Refusal | None:
    """Decline an ask of a merchant as the person it is about would; refusals as for a confirmation."""
    subject_id = find_ask_owner(session, merchant, verification_id)
    if subject_id is None:
        return Refusal(ProblemCode.ASK_NOT_FOUND)
    declined = decline_ask(session, subject_id, verification_id, tools=tools, now=now)
    return declined if isinstance(declined, Refusal) else None


def _show(row: SandboxPersonRow) -> SandboxPerson:
    return SandboxPerson(
        person_no=f"{row.person_no:02}",
        name=row.name,
        identity_number=row.identity_number,
        purpose=Wording(**row.purpose),
    )
