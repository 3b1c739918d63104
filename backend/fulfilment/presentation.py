"""From what the use cases give to what the wire forms dump, in the reader's language."""

from dataclasses import asdict
from typing import Any

from backend.clock import today
from backend.fulfilment.integrity import Integrity
from backend.fulfilment.proposal_states import OPEN, State, hide_end
from backend.fulfilment.proposal_views import Proposal
from backend.web.messages import Language, get_message
from scenarios.integrity import FEWEST_GRANTS

FEN = 100


def present_proposal(proposal: Proposal, language: Language) -> dict[str, Any]:
    """Shape a proposal; what the filter found against it is told in words beside its code and law."""
    ground = proposal.end_ground
    return {
        **asdict(proposal),
        "ground": None
        if ground is None
        else {"code": ground, "law": proposal.end_law, "detail": get_message(f"receipt.{ground}", language)},
    }


def present_report(proposal: Proposal) -> dict[str, Any]:
    """Shape a proposal for its merchant: that it ended, and not why, by which law, and whether it is a record."""
    return {**asdict(proposal), "state": hide_end(proposal.state)}


def present_own_proposal(proposal: Proposal, language: Language) -> dict[str, Any]:
    """Shape a proposal for the person it is about: what it is, and what he can do until when."""
    return {
        **present_proposal(proposal, language),
        "notice": _write_notice(proposal, language),
        "choices": list_choices(proposal),
    }


def list_choices(proposal: Proposal) -> list[str]:
    """List what the person can do now."""
    if proposal.state not in OPEN:
        return []
    answers = ["answer"] if proposal.state is State.PROPOSED else []
    return ["pay", *answers, *(["object"] if proposal.objected_at is None else [])]


def present_integrity(integrity: Integrity, language: Language) -> dict[str, Any]:
    """Shape a merchant's figure with each part explained."""
    parts = [{**asdict(part), "title": get_message(f"integrity.{part.kind}", language)} for part in integrity.parts]
    explanation = get_message("integrity.explanation", language, grants=integrity.grants, fewest=FEWEST_GRANTS)
    return {**asdict(integrity), "parts": parts, "explanation": explanation}


def _name_notice(proposal: Proposal) -> str:
    """Name the notice that says what can be done now, and nothing that cannot."""
    if proposal.state is State.PROPOSED and proposal.earlier:
        return "reopened"
    return "kept" if proposal.state is State.ANSWERED and proposal.objected_at is not None else proposal.state.value


def _write_notice(proposal: Proposal, language: Language) -> str:
    yuan, fen = divmod(proposal.amount_fen, FEN)
    return get_message(
        f"proposal.{_name_notice(proposal)}",
        language,
        merchant=proposal.merchant_name,
        amount=f"{yuan}.{fen:02}",
        kind=get_message(f"breach.{proposal.kind}", language),
        until=today(proposal.answer_until).isoformat(),
    )
