"""The effective document of a court or an arbitral body: handed in by the merchant, its original seen by an officer.

What nobody could speak to yet is spoken to anew: a further document opens answer and objection again, and what was said
before it is kept in rounds.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.fulfilment.proposal_history import count_documents, list_same_document
from backend.fulfilment.proposal_states import ANSWER_DAYS, State, Turn, find_deadline
from backend.fulfilment.proposal_tables import (
    DOCUMENT,
    SAID,
    ProposalRow,
    add_round_row,
    add_turn_row,
    find_proposal_row,
    lock_proposal_row,
)
from backend.fulfilment.proposal_views import Confirmation, Proposal, read_proposal
from backend.fulfilment.proposals import hold_turn, refuse_day
from backend.gateways.sealing import Sealer
from backend.grants.grant import Actor
from backend.principals import Principal
from backend.web.problems import ProblemCode, Refusal

MOST_TOLD = 20
# Each one that is handed in later opens at most two rounds.
MOST_DOCUMENTS = 10


def add_confirmation(
    session: Session,
    proposal_id: UUID,
    confirmation: Confirmation,
    *,
    principal: Principal,
    sealer: Sealer,
    now: datetime,
) -> Proposal | Refusal:
    """Add or replace the effective document; the person gets his days, answer and objection anew.

    Under an open objection he gets them once that is decided. Refusals: not found, closed; `document_day_refused`;
    `too_many_documents`.
    """
    row = hold_turn(lock_proposal_row(session, proposal_id, merchant=principal.id), Turn.CONFIRM, now)
    if isinstance(row, Refusal):
        return row
    refusal = refuse_day(confirmation, row.broken_on, now)
    if refusal is not None:
        return refusal
    if count_documents(session, row) >= MOST_DOCUMENTS:
        return Refusal(ProblemCode.TOO_MANY_DOCUMENTS, {"most": MOST_DOCUMENTS})
    if row.state == State.OBJECTED:
        add_round_row(session, row, DOCUMENT)
    else:
        open_anew(session, row)
    row.confirmed_by, row.confirmation_no = confirmation.confirmed_by, confirmation.document_no
    row.confirmed_on, row.finality = confirmation.decided_on, confirmation.finality
    row.original_seen_by = row.original_seen_at = None
    row.answer_until = max(row.answer_until, find_deadline(now, ANSWER_DAYS))
    add_turn_row(session, row, turn=Turn.CONFIRM, by=Actor.MERCHANT.value, actor=principal.acting, now=now)
    return read_proposal(session, proposal_id, sealer=sealer, now=now)


def open_anew(session: Session, row: ProposalRow, *, document: Sequence[str] = DOCUMENT) -> None:
    """Keep what was said, and the document it was said to, as a round, so that both can be done again."""
    add_round_row(session, row, (*SAID, *document))
    for name in SAID:
        setattr(row, name, None)
    row.state = State.PROPOSED.value


def note_original(row: ProposalRow, original_no: str | None, *, officer: str, now: datetime) -> Refusal | None:
    """Note that an officer has seen the original, whose number he reads off it; `original_differs` for another."""
    if original_no is None or row.confirmation_no is None or _fold(original_no) != _fold(row.confirmation_no):
        return Refusal(ProblemCode.ORIGINAL_DIFFERS)
    row.original_seen_by, row.original_seen_at = officer, now
    return None


def find_same_document(session: Session, proposal_id: UUID) -> Sequence[UUID]:
    """Find other proposals, the earliest twenty at most, for which the document of this one was handed in too."""
    found = find_proposal_row(session, proposal_id)
    if found is None or found.row.confirmation_no is None:
        return ()
    return list_same_document(session, proposal_id, found.row.confirmation_no, limit=MOST_TOLD)


def _fold(number: str) -> str:
    """Read a number without its blanks, and brackets of any width as the same."""
    return "".join(unicodedata.normalize("NFKC", number).split())
