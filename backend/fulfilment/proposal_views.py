"""A proposed record as it stands, and how a row of it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.fulfilment.proposal_states import State, find_state
from backend.fulfilment.proposal_tables import (
    FoundProposal,
    ProposalRoundRow,
    ProposalRow,
    find_proposal_row,
    list_round_rows,
)
from backend.fulfilment.sealed_texts import PROPOSAL_ANSWER, PROPOSAL_OBJECTION, PROPOSAL_STATEMENT, open_text
from backend.gateways.sealing import Sealer


class Breach(StrEnum):
    """What was not kept."""

    NOT_RETURNED = "not_returned"
    NOT_PAID = "not_paid"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The effective document by which a court (also one confirming a mediation) or an arbitral body found the debt."""

    confirmed_by: str
    document_no: str
    decided_on: date
    finality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """What a merchant reports of a broken grant; `slip_no` is its own contract or loan slip."""

    grant_id: UUID
    kind: Breach
    slip_no: str
    statement: str | None = field(repr=False)
    confirmation: Confirmation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was handed in and said before a further document opened a proposal anew."""

    confirmation: Confirmation | None
    answer: str | None = field(repr=False)
    answered_at: datetime | None
    objection: str | None = field(repr=False)
    objected_at: datetime | None
    objection_decided_at: datetime | None
    objection_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed record as it stands. Texts are None where they are not told to whoever asked."""

    proposal_id: UUID
    merchant: str
    merchant_name: str
    grant_id: UUID
    order_no: str
    scenario: str
    kind: Breach
    amount_fen: int
    broken_on: date
    slip_no: str
    statement: str | None = field(repr=False)
    proposed_at: datetime
    answer_until: datetime
    lapses_at: datetime
    state: State
    answer: str | None = field(repr=False)
    answered_at: datetime | None
    objection: str | None = field(repr=False)
    objected_at: datetime | None
    objection_decided_at: datetime | None
    objection_reason: str | None
    confirmation: Confirmation | None
    original_seen_at: datetime | None
    earlier: tuple[Round, ...]
    ended_at: datetime | None
    end_code: str | None
    end_ground: str | None
    end_law: str | None
    end_reason: str | None
    record_id: UUID | None


def show_proposal(
    found: FoundProposal, rounds: Sequence[ProposalRoundRow], *, sealer: Sealer | None, now: datetime
) -> Proposal:
    """Show a proposal as it stands now, with those of the rounds that are its own."""
    row = found.row
    return Proposal(
        proposal_id=row.proposal_id,
        merchant=row.merchant,
        merchant_name=found.merchant_name,
        grant_id=row.grant_id,
        order_no=found.order_no,
        scenario=found.scenario,
        kind=Breach(row.kind),
        amount_fen=row.amount_fen,
        broken_on=row.broken_on,
        slip_no=row.slip_no,
        statement=_open(row, row.statement_sealed, PROPOSAL_STATEMENT, sealer),
        proposed_at=row.proposed_at,
        answer_until=row.answer_until,
        lapses_at=row.lapses_at,
        state=find_state(row.state, grant_state=found.grant_state, lapses_at=row.lapses_at, now=now),
        answer=_open(row, row.answer_sealed, PROPOSAL_ANSWER, sealer),
        answered_at=row.answered_at,
        objection=_open(row, row.objection_sealed, PROPOSAL_OBJECTION, sealer),
        objected_at=row.objected_at,
        objection_decided_at=row.objection_decided_at,
        objection_reason=row.objection_reason,
        confirmation=_show_confirmation(row),
        original_seen_at=row.original_seen_at,
        earlier=tuple(_show_round(each, sealer) for each in rounds if each.proposal_id == row.proposal_id),
        ended_at=row.ended_at,
        end_code=row.end_code,
        end_ground=row.end_ground,
        end_law=row.end_law,
        end_reason=row.end_reason,
        record_id=row.record_id,
    )


def _show_round(row: ProposalRoundRow, sealer: Sealer | None) -> Round:
    return Round(
        confirmation=_show_confirmation(row),
        answer=_open(row, row.answer_sealed, PROPOSAL_ANSWER, sealer),
        answered_at=row.answered_at,
        objection=_open(row, row.objection_sealed, PROPOSAL_OBJECTION, sealer),
        objected_at=row.objected_at,
        objection_decided_at=row.objection_decided_at,
        objection_reason=row.objection_reason,
    )


def _open(row: ProposalRow | ProposalRoundRow, sealed: bytes | None, field: str, sealer: Sealer | None) -> str | None:
    if sealer is None:
        return None
    return open_text(sealed, of=row.proposal_id, subject_id=row.subject_id, field=field, sealer=sealer)


def _show_confirmation(row: ProposalRow | ProposalRoundRow) -> Confirmation | None:
    if not (row.confirmed_by and row.confirmation_no and row.confirmed_on and row.finality):
        return None
    return Confirmation(
        confirmed_by=row.confirmed_by,
        document_no=row.confirmation_no,
        decided_on=row.confirmed_on,
        finality=row.finality,
    )


def read_proposal(session: Session, proposal_id: UUID, *, sealer: Sealer, now: datetime) -> Proposal:
    """Read a proposal that is there, whole; noting the look is for the caller to do."""
    found = find_proposal_row(session, proposal_id)
    if found is None:
        raise LookupError(f"proposal {proposal_id} was just written and cannot be found")
    return show_proposal(found, list_round_rows(session, [proposal_id]), sealer=sealer, now=now)
