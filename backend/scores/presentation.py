"""From what the use cases give to what the wire forms dump, in the reader's language."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from backend.scores.current import CurrentScore
from backend.scores.publication import publish_limits, publish_rules
from backend.scores.rule_changes import present_coming, present_rule_changes
from backend.scores.wording import Wording
from backend.web.messages import Language
from backend.web.paging import Page
from scoring.forecast import ComingEdition, Step
from scoring.pricing import Curve
from scoring.route import CapUsed, Open, Route
from scoring.rulebook import Rulebook
from scoring.statement import Score
from scoring.what_if import Supposition


def present_current(score: CurrentScore, language: Language) -> dict[str, Any]:
    """Give today's score in short."""
    wording = Wording(score.rulebook, language)
    return {
        "points": score.points,
        "floor": score.rulebook.floor,
        "ceiling": score.rulebook.ceiling,
        "level": wording.level(score.level),
        "dimensions": wording.dimensions(score.dimensions),
        "incentives_suspended": score.incentives_suspended,
        "as_of": score.as_of,
        "changes_on": score.changes_on,
        "rules_change_on": score.rules_change_on,
        "rulebook": _present_reference(score.rulebook, wording),
    }


def present_statement(score: Score, language: Language) -> dict[str, Any]:
    """Give the explained score."""
    wording = Wording(score.rulebook, language)
    return {
        "points": score.points,
        "level": wording.level(score.level.code),
        "dimensions": wording.dimensions(score.dimensions),
        "lines": list(wording.lines(score)),
        "uncounted": [wording.uncounted(item) for item in score.uncounted],
        "incentives_suspended": score.incentives_suspended,
        "as_of": score.as_of,
        "known_at": score.known_at,
        "changes_on": score.changes_on,
        "rulebook": _present_reference(score.rulebook, wording),
    }


def present_history(opened_on: date, first: Score, page: Page[Step], language: Language) -> dict[str, Any]:
    """Give a page of past steps with the score at the opening."""
    return {
        "opened_on": opened_on,
        "points_at_opening": first.points,
        "items": [present_step(step, language) for step in page.items],
        "next_cursor": page.next_cursor,
    }


def present_forecast(
    today: Score, steps: Sequence[Step], coming: Sequence[ComingEdition], language: Language
) -> dict[str, Any]:
    """Give the coming steps, starting from today's score, and what announced rules will do."""
    return {
        "points": today.points,
        "as_of": today.as_of,
        "steps": [present_step(step, language) for step in steps],
        "coming_rules": present_coming(coming, language),
    }


def present_step(step: Step, language: Language) -> dict[str, Any]:
    """Give one step of the past or the future."""
    return {
        "on": step.on,
        **_present_difference(step, language),
        "rule_changes": present_rule_changes(step.transition, language),
    }


def present_supposition(supposition: Supposition, language: Language) -> dict[str, Any]:
    """Give the score as it is and as it would be."""
    return _present_difference(supposition, language)


def _present_difference(found: Step | Supposition, language: Language) -> dict[str, Any]:
    before, after = Wording(found.before.rulebook, language), Wording(found.after.rulebook, language)
    return {
        "points_before": found.before.points,
        "points_after": found.after.points,
        "level_before": before.level(found.before.level.code),
        "level_after": after.level(found.after.level.code),
        "changes": [after.change(change) for change in found.changes],
    }


def present_route(found: Route, language: Language) -> dict[str, Any]:
    """Give the way to the next level."""
    wording = Wording(found.score.rulebook, language)
    blocking = {line.key for line in found.blocked_by}
    return {
        "points": found.score.points,
        "level": wording.level(found.score.level.code),
        "target": wording.level(found.target.code) if found.target else None,
        "missing": found.missing,
        "ways": [
            {"points": way.points, "actions": [_present_action(action, wording) for action in way.actions]}
            for way in found.ways
        ],
        "caps": [_present_cap(cap, wording) for cap in found.caps],
        "waiting_on": found.waiting_on,
        "blocked_by": [
            shown
            for line, shown in zip(found.score.lines, wording.lines(found.score), strict=True)
            if line.key in blocking
        ],
    }


def _present_action(action: Open, wording: Wording) -> dict[str, Any]:
    named = action.rule.action if action.repairs is None and action.rule.action else action.rule
    unit = None
    if isinstance(action.rule.pricing, Curve) and action.repairs is None:
        item = wording.rulebook.catalogue.indicators[action.rule.indicator].items[action.rule.pricing.field]
        unit = item.unit or item.title
    return {
        "kind": "repair" if action.repairs else "earn",
        "name": wording.name(named),
        "rule_id": action.rule.id,
        "amount": action.amount,
        "unit": unit,
        "record_id": action.repairs.record_id if action.repairs else None,
    }


def _present_cap(cap: CapUsed, wording: Wording) -> dict[str, Any]:
    return {
        "limit_id": cap.limit.id,
        "name": wording.name(cap.limit),
        "year": cap.year,
        "used": cap.used,
        "at_most": cap.at_most,
    }


def _present_reference(rulebook: Rulebook, wording: Wording) -> dict[str, Any]:
    return {
        "city": rulebook.city,
        "version": rulebook.version,
        "title": rulebook.title_en if wording.language is Language.ENGLISH else rulebook.title,
        "note": rulebook.note or None,
    }


def present_rulebook(rulebook: Rulebook, language: Language) -> dict[str, Any]:
    """Give a rulebook as everybody may read it."""
    wording = Wording(rulebook, language)
    return {
        **_present_reference(rulebook, wording),
        "effective_on": rulebook.effective_on,
        "basis": rulebook.basis,
        "base": rulebook.base,
        "floor": rulebook.floor,
        "ceiling": rulebook.ceiling,
        "repeats_count": rulebook.repeats.factor if rulebook.repeats else 1,
        "levels": [
            {"code": level.code, "name": wording.name(level), "at_least": level.at_least} for level in rulebook.levels
        ],
        "dimensions": [wording.dimension(dimension.code) for dimension in rulebook.dimensions],
        "rules": list(publish_rules(wording)),
        "limits": list(publish_limits(wording)),
    }
