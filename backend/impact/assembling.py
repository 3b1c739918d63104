"""From sums to the figures of the report: bands, ratios, and what is kept back of groups of too few people."""

from collections.abc import Mapping
from typing import NamedTuple

from backend.impact.benefits import Offer, describe_benefit, may_tell
from backend.impact.figures import (
    BenefitChange,
    DimensionPoints,
    Grouping,
    GroupRow,
    LevelCount,
    Move,
    RuleEffect,
    Totals,
    Trait,
)
from backend.impact.groups import (
    AGE_BANDS,
    ELSEWHERE,
    UNKNOWN,
    add_up,
    find_median,
    find_small,
    measure_ratio,
    pool_districts,
    stands_out,
)
from backend.impact.places import name_place
from backend.impact.tallying import Change, Outcome, Tally
from scoring.amendments import list_amendments
from scoring.rulebook import Dimension, Level, Rule
from scoring.rulebook_parts import Part

SEXES = {"female": "女", "male": "男", UNKNOWN: "性别不详"}
ELSEWHERE_NAME, UNKNOWN_PLACE_NAME = "其他登记地", "登记地不详"


class RuleCount(NamedTuple):
    """What a rule counts: people, their records, and the points of these."""

    people: int
    records: int
    points: int


NOTHING = RuleCount(0, 0, 0)
RuleCounts = Mapping[str, RuleCount]


def make_totals(tally: Tally) -> Totals:
    """Sum up what happens to all people."""
    everybody = Outcome(*add_up([Outcome(0, 0, 0, 0, 0), *_list_outcomes(tally, Trait.LEVEL).values()]))
    before, after, newly, no_longer = tally.suspended
    return Totals(
        **everybody._asdict(),
        points_before=sum(points * people for points, people in tally.before.items()),
        points_after=sum(points * people for points, people in tally.after.items()),
        median_before=find_median(tally.before),
        median_after=find_median(tally.after),
        suspended_before=before,
        suspended_after=after,
        newly_suspended=newly,
        no_longer_suspended=no_longer,
    )


def list_levels(change: Change) -> tuple[Level, ...]:
    """List the levels of both rulebooks, the new ones first, each code once."""
    return tuple(
        {level.code: level for level in (*change.old.levels, *change.new.levels)}[code] for code in _codes(change)
    )


def _codes(change: Change) -> tuple[str, ...]:
    return tuple(dict.fromkeys(level.code for level in (*change.new.levels, *change.old.levels)))


def find_hidden_levels(change: Change, tally: Tally, least: int) -> frozenset[str]:
    """Find the levels of which nothing is told: too few people stand there before or after, or they hide others."""
    before, after = _count_levels(change, tally)
    return find_small([before, after], least)


def _count_levels(change: Change, tally: Tally) -> tuple[dict[str, int], dict[str, int]]:
    before, after = (dict.fromkeys(_codes(change), 0) for _ in range(2))
    for (old, new), people in tally.moves.items():
        before[old] += people
        after[new] += people
    return before, after


def make_levels(change: Change, tally: Tally, hidden: frozenset[str]) -> tuple[LevelCount, ...]:
    """Count people by level before and after."""
    before, after = _count_levels(change, tally)
    return tuple(
        LevelCount(
            code=level.code,
            name=level.name,
            name_en=level.name_en,
            before=None if level.code in hidden else before[level.code],
            after=None if level.code in hidden else after[level.code],
        )
        for level in list_levels(change)
    )


def make_moves(change: Change, tally: Tally, hidden: frozenset[str]) -> tuple[Move, ...]:
    """Count people by level before and after together; rows and columns of hidden levels are kept back."""
    return tuple(
        Move(before=old.code, after=new.code, people=None if hidden & {old.code, new.code} else people)
        for old in change.old.levels
        for new in change.new.levels
        for people in (tally.moves[old.code, new.code],)
    )


def make_dimensions(change: Change, tally: Tally) -> tuple[DimensionPoints, ...]:
    """Add up everybody's points under each heading."""
    headings: dict[str, Dimension] = {each.code: each for each in (*change.old.dimensions, *change.new.dimensions)}
    return tuple(
        DimensionPoints(
            code=code,
            name=heading.name,
            name_en=heading.name_en,
            before=tally.dimensions["before", code],
            after=tally.dimensions["after", code],
        )
        for code, heading in headings.items()
    )


def make_groupings(change: Change, tally: Tally, hidden: frozenset[str], least: int) -> tuple[Grouping, ...]:
    """Break what happens down by level, district, age and sex."""
    districts = _pool(_list_outcomes(tally, Trait.DISTRICT), least)
    named: dict[Trait, tuple[dict[str, str], dict[str, Outcome]]] = {
        Trait.LEVEL: ({each.code: each.name for each in change.old.levels}, _list_outcomes(tally, Trait.LEVEL)),
        Trait.DISTRICT: ({code: _name_district(code) for code in districts}, districts),
        Trait.AGE: ({band.code: band.name for band in AGE_BANDS}, _list_outcomes(tally, Trait.AGE)),
        Trait.SEX: (SEXES, _list_outcomes(tally, Trait.SEX)),
    }
    return tuple(
        Grouping(trait=trait, rows=_make_rows(names, outcomes, hidden if trait is Trait.LEVEL else None, least))
        for trait, (names, outcomes) in named.items()
    )


def _list_outcomes(tally: Tally, trait: Trait) -> dict[str, Outcome]:
    return {code: outcome for (each, code), outcome in tally.outcomes.items() if each is trait}


def _pool(outcomes: Mapping[str, Outcome], least: int) -> dict[str, Outcome]:
    """Keep the largest districts and put the others together, in the order of their codes."""
    shown = pool_districts({code: outcome.people for code, outcome in outcomes.items()}, least)
    pooled = {code: outcomes[code] for code in sorted(shown)}
    rest = [outcomes[code] for code in outcomes if code not in shown and code != UNKNOWN]
    if rest:
        pooled[ELSEWHERE] = Outcome(*add_up(rest))
    if UNKNOWN in outcomes:
        pooled[UNKNOWN] = outcomes[UNKNOWN]
    return pooled


def find_district_row(districts: Grouping, district: str) -> str:
    """Give the row in which a district is shown: its own, or that of all others."""
    return district if any(row.code == district for row in districts.rows) else ELSEWHERE


def _name_district(code: str) -> str:
    return {ELSEWHERE: ELSEWHERE_NAME, UNKNOWN: UNKNOWN_PLACE_NAME}.get(code) or name_place(code)


def _make_rows(
    names: Mapping[str, str], outcomes: Mapping[str, Outcome], hidden: frozenset[str] | None, least: int
) -> tuple[GroupRow, ...]:
    people = {code: outcomes[code].people if code in outcomes else 0 for code in names}
    kept_back = find_small([people], least) if hidden is None else hidden
    total = Outcome(*add_up([Outcome(0, 0, 0, 0, 0), *outcomes.values()]))
    shown = [code for code in names if people[code] or code in kept_back]
    return tuple(_make_row(code, names[code], None if code in kept_back else outcomes[code], total) for code in shown)


def _make_row(code: str, name: str, outcome: Outcome | None, total: Outcome) -> GroupRow:
    if outcome is None:
        figures = dict.fromkeys((*Outcome._fields, "fall_ratio_percent", "level_fall_ratio_percent"))
        return GroupRow(code=code, name=name, falls_stand_out=False, level_falls_stand_out=False, **figures)
    falls = outcome.falls, outcome.people, total.falls, total.people
    level_falls = outcome.level_falls, outcome.people, total.level_falls, total.people
    return GroupRow(
        code=code,
        name=name,
        **outcome._asdict(),
        fall_ratio_percent=measure_ratio(*falls),
        level_fall_ratio_percent=measure_ratio(*level_falls),
        falls_stand_out=stands_out(*falls),
        level_falls_stand_out=stands_out(*level_falls),
    )


def make_benefits(
    change: Change, offers: tuple[Offer, ...], tally: Tally, hidden: frozenset[str], least: int
) -> tuple[BenefitChange, ...]:
    """Say of each scenario who gains and who loses it."""
    catalogues = change.old_benefits, change.new_benefits
    return tuple(
        describe_benefit(offer, people, is_told=may_tell(offer, people, hidden, catalogues, least))
        for offer in offers
        for people in (tally.eligible[offer.code],)
    )


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
    before, after = (each.get(rule.id, NOTHING) for each in counts)
    told = not any(0 < each.people < least for each in (before, after))
    rises, falls = tally.holders.get(rule.indicator, (0, 0)) if rule.indicator else (None, None)
    return RuleEffect(
        rule_id=rule.id,
        name=rule.name,
        name_en=rule.name_en,
        is_amended=is_amended,
        people_before=before.people if told else None,
        people_after=after.people if told else None,
        records_before=before.records if told else None,
        records_after=after.records if told else None,
        points_before=before.points if told else None,
        points_after=after.points if told else None,
        rises=rises if told else None,
        falls=falls if told else None,
    )
