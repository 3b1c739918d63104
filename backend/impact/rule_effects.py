"""For how many people each rule that was touched counts by itself, before and after, and whom it moves."""

from collections.abc import Mapping

from backend.impact.figures import RuleEffect
from backend.impact.tallying import Change, Tally
from backend.impact.telling import tell_people
from scoring.amendments import list_amendments
from scoring.rulebook import Rule
from scoring.rulebook_parts import Part

# For how many people each rule counts.
RuleCounts = Mapping[str, int]


def list_touched_rules(change: Change) -> dict[str, bool]:
    """List the rules to look at, by id: those amended (true), and those of an amended group or limit (false)."""
    books = change.old, change.new
    amendments = [each for each in list_amendments(*books) if each.touches_scores]
    amended = {(each.part, each.id) for each in amendments}
    touched = {
        rule_id: False
        for book in books
        for part, bounds in ((Part.EXCLUSIVE, book.exclusives), (Part.LIMIT, book.rule_limits))
        for bound in bounds
        if (part, bound.id) in amended
        for rule_id in bound.rules
    }
    touched |= {each.id: True for each in amendments if each.part is Part.RULE}
    return touched


def make_rules(
    change: Change, tally: Tally, counts: tuple[RuleCounts, RuleCounts], least: int
) -> tuple[RuleEffect, ...]:
    """Say of each rule that was touched what it counts before and after, those that were amended first."""
    touched = list_touched_rules(change)
    rules: dict[str, Rule] = {rule.id: rule for rule in (*change.old.rules, *change.new.rules)}
    ranked = sorted((rule for rule in rules.values() if rule.id in touched), key=lambda rule: not touched[rule.id])
    return tuple(_make_rule(rule, tally, counts, least, is_amended=touched[rule.id]) for rule in ranked)


def _make_rule(
    rule: Rule, tally: Tally, counts: tuple[RuleCounts, RuleCounts], least: int, *, is_amended: bool
) -> RuleEffect:
    before, after = (each.get(rule.id, 0) for each in counts)
    rises, falls = tally.holders.get(rule.indicator, (0, 0)) if rule.indicator else (None, None)
    return RuleEffect(
        rule_id=rule.id,
        name=rule.name,
        name_en=rule.name_en,
        is_amended=is_amended,
        has_holders=bool(rule.indicator),
        people_before=tell_people(before, least=least),
        people_after=tell_people(after, least=least),
        rises=None if rises is None else tell_people(rises, least=least),
        falls=None if falls is None else tell_people(falls, least=least),
    )
