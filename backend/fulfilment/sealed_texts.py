"""What people tell in their own words: it may hold anything about them, so it is sealed for the person it is about."""

from uuid import UUID

from backend.gateways.sealing import Sealer

PROPOSAL_STATEMENT = "proposal_statement"
PROPOSAL_ANSWER = "proposal_answer"
PROPOSAL_OBJECTION = "proposal_objection"
COMPLAINT_TEXT = "complaint_text"
COMPLAINT_ANSWER = "complaint_answer"


def seal_text(text: str | None, *, of: UUID, subject_id: UUID, field: str, sealer: Sealer) -> bytes | None:
    """Seal a text of one proposal or complaint (`of`) for its person; None stays None."""
    return None if text is None else sealer.seal(text, subject_id=subject_id, field=name_text(field, of))


def open_text(sealed: bytes | None, *, of: UUID, subject_id: UUID, field: str, sealer: Sealer) -> str | None:
    """Open a text that was sealed for this place; raises SealError."""
    return None if sealed is None else sealer.open(sealed, subject_id=subject_id, field=name_text(field, of))


def name_text(field: str, of: object) -> str:
    """Name the place that a text is sealed for: no text can be moved to another proposal of the same person."""
    return f"{field}:{of}"
