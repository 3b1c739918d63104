"""From exact sums to the figures of the report: shares, ratios, and counts of people as they are told."""

from collections.abc import Mapping
from typing import NamedTuple

from backend.impact.benefits import Offer, describe_benefit
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
    measure_ratio,
    pool_districts,
    stands_out,
)
from backend.impact.places import name_place
from backend.impact.tallying import Change, Outcome, Tally
from backend.impact.telling import tell_mean, tell_people, tell_sum
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


class Fall(NamedTuple):
    """How many of a group fall, and how many of all people."""

    fell: int
    people: int
    all_fell: int
    all_people: int


def make_totals(tally: Tally, least: int) -> Totals:
    """Sum up what happens to all people."""
    everybody = _add_outcomes(_list_outcomes(tally, Trait.LEVEL))
    before, after, newly, no_longer = (tell_people(each, least=least) for each in tally.suspended)
    is_told = everybody.people >= least
    return Totals(
        **_tell_outcome(everybody, least),
        same=tell_people(everybody.people - everybody.rises - everybody.falls, least=least),
        mean_before_hundredths=_tell_mean_points(tally.before, least),
        mean_after_hundredths=_tell_mean_points(tally.after, least),
        median_before=find_median(tally.before) if is_told else None,
        median_after=find_median(tally.after) if is_told else None,
        suspended_before=before,
        suspended_after=after,
        newly_suspended=newly,
        no_longer_suspended=no_longer,
    )


def _tell_outcome(outcome: Outcome, least: int) -> dict[str, int | None]:
    return {name: tell_people(people, least=least) for name, people in outcome._asdict().items()}


def _tell_mean_points(people: Mapping[int, int], least: int) -> int | None:
    return tell_mean(sum(points * count for points, count in people.items()), sum(people.values()), least=least)


def list_levels(change: Change) -> tuple[Level, ...]:
    """List the levels of both rulebooks, the new ones first, each code once."""
    return tuple(
        {level.code: level for level in (*change.old.levels, *change.new.levels)}[code] for code in _codes(change)
    )


def _codes(change: Change) -> tuple[str, ...]:
    return tuple(dict.fromkeys(level.code for level in (*change.new.levels, *change.old.levels)))


def _count_levels(change: Change, tally: Tally) -> tuple[dict[str, int], dict[str, int]]:
    before, after = (dict.fromkeys(_codes(change), 0) for _ in range(2))
    for (old, new), people in tally.moves.items():
        before[old] += people
        after[new] += people
    return before, after


def make_levels(change: Change, tally: Tally, least: int) -> tuple[LevelCount, ...]:
    """Count people by level before and after."""
    before, after = _count_levels(change, tally)
    return tuple(
        LevelCount(
            code=level.code,
            name=level.name,
            name_en=level.name_en,
            before=tell_people(before[level.code], least=least),
            after=tell_people(after[level.code], least=least),
        )
        for level in list_levels(change)
    )


def make_moves(change: Change, tally: Tally, least: int) -> tuple[Move, ...]:
    """Count people by level before and after together."""
    return tuple(
        Move(before=old.code, after=new.code, people=tell_people(tally.moves[old.code, new.code], least=least))
        for old in change.old.levels
        for new in change.new.levels
    )


def make_dimensions(change: Change, tally: Tally, least: int) -> tuple[DimensionPoints, ...]:
    """Give the mean of everybody's points under each heading."""
    headings: dict[str, Dimension] = {each.code: each for each in (*change.old.dimensions, *change.new.dimensions)}
    people = tally.before.total()
    return tuple(
        DimensionPoints(
            code=code,
            name=heading.name,
            name_en=heading.name_en,
            mean_before_hundredths=tell_mean(tally.dimensions["before", code], people, least=least),
            mean_after_hundredths=tell_mean(tally.dimensions["after", code], people, least=least),
        )
        for code, heading in headings.items()
    )


def make_groupings(change: Change, tally: Tally, least: int) -> tuple[Grouping, ...]:
    """Break what happens down by level, district, age and sex."""
    districts = _pool(_list_outcomes(tally, Trait.DISTRICT), least)
    named: dict[Trait, tuple[dict[str, str], dict[str, Outcome]]] = {
        Trait.LEVEL: ({each.code: each.name for each in change.old.levels}, _list_outcomes(tally, Trait.LEVEL)),
        Trait.DISTRICT: ({code: _name_district(code) for code in districts}, districts),
        Trait.AGE: ({band.code: band.name for band in AGE_BANDS}, _list_outcomes(tally, Trait.AGE)),
        Trait.SEX: (SEXES, _list_outcomes(tally, Trait.SEX)),
    }
    total = _add_outcomes(named[Trait.LEVEL][1])
    falls = [fall for _, outcomes in named.values() for each in outcomes.values() for fall in _list_falls(each, total)]
    comparisons = sum(_is_compared(fall, least) for fall in falls)
    return tuple(
        Grouping(
            trait=trait,
            rows=tuple(
                _make_row(code, name, outcomes[code], total, least, comparisons)
                for code, name in names.items()
                if code in outcomes
            ),
        )
        for trait, (names, outcomes) in named.items()
    )


def _list_outcomes(tally: Tally, trait: Trait) -> dict[str, Outcome]:
    return {code: outcome for (each, code), outcome in tally.outcomes.items() if each is trait}


def _add_outcomes(outcomes: Mapping[str, Outcome]) -> Outcome:
    return Outcome(*add_up([Outcome(0, 0, 0, 0, 0), *outcomes.values()]))


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


def _list_falls(outcome: Outcome, total: Outcome) -> tuple[Fall, Fall]:
    """Give the falls of points and those of levels."""
    return (
        Fall(outcome.falls, outcome.people, total.falls, total.people),
        Fall(outcome.level_falls, outcome.people, total.level_falls, total.people),
    )


def _is_compared(fall: Fall, least: int) -> bool:
    """Tell whether the share that falls may be compared with that of all: a ratio tells of the counts in it."""
    return fall.all_fell > 0 and None not in (tell_people(count, least=least) for count in fall)


def _make_row(code: str, name: str, outcome: Outcome, total: Outcome, least: int, comparisons: int) -> GroupRow:
    """Tell of a group; of one of too few people not even that none of them rises or falls."""
    falls = _list_falls(outcome, total)
    ratio, level_ratio = (measure_ratio(*fall) if _is_compared(fall, least) else None for fall in falls)
    hit, level_hit = (_is_compared(fall, least) and stands_out(*fall, comparisons=comparisons) for fall in falls)
    told = _tell_outcome(outcome, least)
    return GroupRow(
        code=code,
        name=name,
        **(dict.fromkeys(told) if told["people"] is None else told),
        fall_ratio_percent=ratio,
        level_fall_ratio_percent=level_ratio,
        falls_stand_out=hit,
        level_falls_stand_out=level_hit,
    )


def make_benefits(offers: tuple[Offer, ...], tally: Tally, least: int) -> tuple[BenefitChange, ...]:
    """Say of each scenario who gains and who loses it."""
    return tuple(describe_benefit(offer, tally.eligible[offer.code], least=least) for offer in offers)


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
    rises, falls = tally.holders.get(rule.indicator, (0, 0)) if rule.indicator else (None, None)
    return RuleEffect(
        rule_id=rule.id,
        name=rule.name,
        name_en=rule.name_en,
        is_amended=is_amended,
        has_holders=bool(rule.indicator),
        people_before=tell_people(before.people, least=least),
        people_after=tell_people(after.people, least=least),
        records_before=tell_sum(before.records, before.people, least=least),
        records_after=tell_sum(after.records, after.people, least=least),
        points_before=tell_sum(before.points, before.people, least=least),
        points_after=tell_sum(after.points, after.people, least=least),
        rises=None if rises is None else tell_people(rises, least=least),
        falls=None if falls is None else tell_people(falls, least=least),
    )
