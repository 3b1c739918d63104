"""The diary of editions as it is shown: each edition with what it changed against the one before."""

from collections.abc import Iterable
from typing import Any

from backend.scores.edition_diary import DatedEdition
from backend.web.messages import Language
from scoring.amendments import Amendment, list_amendments
from scoring.rulebook import Rulebook
from scoring.rulebook_parts import Part

TOLD = ("summary", "reason", "decision", "urgency", "restores_on")


def present_rulebook_editions(editions: Iterable[DatedEdition], language: Language) -> dict[str, Any]:
    """Give editions of the rulebook with what each changed."""
    return {"items": [present_rulebook_edition(each, language) for each in editions]}


def present_dates(edition: DatedEdition) -> dict[str, Any]:
    """Give what there is to say of the time of an edition of either kind, and what everybody is told with it."""
    told = edition.announcement
    return {
        "version": edition.version,
        "state": edition.state.value,
        "effective_on": edition.effective_on,
        "until": edition.until,
        "announced_at": edition.announced_at,
        **{name: None if told is None else getattr(told, name) for name in TOLD},
        "withdrawn_at": edition.withdrawn_at,
        "withdrawn_because": edition.withdrawn_because,
        "rolled_back": edition.rolled_back,
        "follows": None if edition.former is None else edition.former.version,
    }


def present_rulebook_edition(edition: DatedEdition, language: Language) -> dict[str, Any]:
    """Give an edition of the rulebook with what it changed."""
    book, former = edition.content, edition.former
    told: dict[str, Any] = {"title": None, "basis": None, "note": None, "amendments": []}
    if isinstance(book, Rulebook):
        told["title"] = book.title_en if language is Language.ENGLISH else book.title
        told |= {"basis": book.basis, "note": book.note or None}
        if isinstance(former, Rulebook):
            told["amendments"] = [
                _present_amendment(each, language)
                for each in list_amendments(former, book)
                if each.part is not Part.EDITION  # its title, day and basis stand beside
            ]
    return {**present_dates(edition), **told}


def _present_amendment(amendment: Amendment, language: Language) -> dict[str, Any]:
    return {
        "part": amendment.part.value,
        "part_id": amendment.id,
        "kind": amendment.kind.value,
        "name": amendment.name_en if language is Language.ENGLISH else amendment.name,
        "moves_scores": amendment.touches_scores,
        "figures": amendment.figures,
    }
