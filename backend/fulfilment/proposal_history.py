"""What the turns and rounds of proposals tell: who has decided before, and what was handed in when and where."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.fulfilment.proposal_tables import ProposalRoundRow, ProposalRow, ProposalTurnRow


def list_officers(session: Session, row: ProposalRow) -> Sequence[str | None]:
    """List the officers who have taken a turn about a proposal."""
    taken = (ProposalTurnRow.subject_id == row.subject_id, ProposalTurnRow.proposal_id == row.proposal_id)
    return session.scalars(select(ProposalTurnRow.actor).where(*taken, ProposalTurnRow.by == "operator")).all()


def count_documents(session: Session, row: ProposalRow) -> int:
    """Count the documents that were handed in later than the proposal."""
    taken = (ProposalTurnRow.subject_id == row.subject_id, ProposalTurnRow.proposal_id == row.proposal_id)
    handed_in = select(func.count()).select_from(ProposalTurnRow).where(*taken, ProposalTurnRow.turn == "confirm")
    return session.scalar(handed_in) or 0


def has_unheard_document(session: Session, row: ProposalRow) -> bool:
    """Tell whether a document was handed in after the latest objection."""
    taken = (ProposalTurnRow.subject_id == row.subject_id, ProposalTurnRow.proposal_id == row.proposal_id)
    either = ProposalTurnRow.turn.in_(("confirm", "object"))
    latest = select(ProposalTurnRow.turn).where(*taken, either).order_by(ProposalTurnRow.turn_no.desc()).limit(1)
    return session.scalar(latest) == "confirm"


def list_same_document(session: Session, proposal_id: UUID, number: str, *, limit: int) -> Sequence[UUID]:
    """List at most `limit` other proposals, earliest first, with this document: now, or in an earlier round."""
    now = select(ProposalRow.proposal_id).where(ProposalRow.confirmation_no == number)
    before = select(ProposalRoundRow.proposal_id).where(ProposalRoundRow.confirmation_no == number)
    used = now.union(before).subquery()
    others = select(used.c.proposal_id).where(used.c.proposal_id != proposal_id).order_by(used.c.proposal_id)
    return session.scalars(others.limit(limit)).all()
