"""What a new edition of the rulebook does to one person: in sentences, each with the score before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.scores.wording import Named, Wording
from backend.web.messages import Language, get_message
from scoring.attribution import Share, Transition
from scoring.forecast import ComingEdition
from scoring.rulebook import Rulebook
from scoring.rulebook_parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChangeShown:
    """One part of the rulebook that changed, and the score with everything before it and with it, too."""

    part: str
    part_id: str
    kind: str
    text: str
    points_before: int
    points_after: int


def present_rule_changes(transition: Transition | None, language: Language) -> list[RuleChangeShown]:
    """Word what each changed rule did; nothing where the rules are the same."""
    return [] if transition is None else [_word(share, language) for share in transition.shares]


def present_coming(editions: Sequence[ComingEdition], language: Language) -> list[dict[str, Any]]:
    """Give the announced editions: from when, and the score of that day by the rules before and by the new ones."""
    return [_present_edition(edition.rulebook, edition.transition, language) for edition in editions]


def _present_edition(rulebook: Rulebook, transition: Transition, language: Language) -> dict[str, Any]:
    before, after = transition.before, transition.after
    old, new = Wording(before.rulebook, language), Wording(after.rulebook, language)
    key = "coming.unchanged" if before.points == after.points else "coming.changed"
    said = {"day": rulebook.effective_on, "version": rulebook.version, "before": before.points, "after": after.points}
    return {
        "version": rulebook.version,
        "title": rulebook.title_en if language is Language.ENGLISH else rulebook.title,
        "effective_on": rulebook.effective_on,
        "text": get_message(key, language, **said),
        "points_before": before.points,
        "points_after": after.points,
        "level_before": old.level(before.level.code),
        "level_after": new.level(after.level.code),
        "rule_changes": present_rule_changes(transition, language),
    }


def _word(share: Share, language: Language) -> RuleChangeShown:
    named = _find_part(share.part, share.id, share.after.rulebook) or _find_part(
        share.part, share.id, share.before.rulebook
    )
    name = "" if named is None else Wording(share.after.rulebook, language).name(named)
    part = get_message(f"amended_part.{share.part}", language, id=share.id, name=name)
    before, after = share.before.points, share.after.points
    return RuleChangeShown(
        part=share.part.value,
        part_id=share.id,
        kind=share.kind.value,
        text=get_message(f"amended.{share.kind}", language, part=part, before=before, after=after),
        points_before=before,
        points_after=after,
    )


def _find_part(part: Part, part_id: str, book: Rulebook) -> Named | None:
    """Find the rule, group, limit or level with an id; other parts have no name of their own."""
    match part:
        case Part.RULE:
            named: dict[str, Named] = {rule.id: rule for rule in book.rules}
        case Part.EXCLUSIVE:
            named = {group.id: group for group in book.exclusives}
        case Part.LIMIT:
            named = {limit.id: limit for limit in book.limits}
        case Part.LEVEL:
            named = {level.code: level for level in book.levels}
        case _:
            return None
    return named.get(part_id)
