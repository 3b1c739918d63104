"""From exact sums to the figures of the report: shares, ratios, and counts of people as they are told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from backend.impact.benefits import Offer, describe_benefit
from backend.impact.figures import (
    BenefitChange,
    DimensionPoints,
    Grouping,
    GroupRow,
    LevelCount,
    Move,
    Totals,
    Trait,
)
from backend.impact.groups import (
    AGE_BANDS,
    ELSEWHERE,
    UNKNOWN,
    add_up,
    find_median,
    is_left_out,
    measure_ratio,
    pool_districts,
    stands_out,
)
from backend.impact.places import name_place
from backend.impact.tallying import Change, Outcome, Tally
from backend.impact.telling import find_mean_step, tell_mean, tell_people
from scoring.rulebook import Dimension, Level, Rulebook

SEXES = {"female": "女", "male": "男", UNKNOWN: "性别不详"}
ELSEWHERE_NAME, UNKNOWN_PLACE_NAME = "其他登记地", "登记地不详"


T = TypeVar("T")


class Hit(NamedTuple):
    """To how many of a group something happens, and to how many of all people."""

    hit: int
    people: int
    all_hit: int
    all_people: int


class Hits(NamedTuple, Generic[T]):
    """What is compared of a group, or the same of each."""

    rises: T
    falls: T
    level_falls: T


def make_totals(change: Change, tally: Tally, dimensions: Sequence[DimensionPoints], least: int) -> Totals:
    """Sum up what happens to all people; `dimensions` are those of `make_dimensions`."""
    everybody = _add_outcomes(_list_outcomes(tally, Trait.LEVEL))
    before, after, newly, no_longer = (tell_people(each, least=least) for each in tally.suspended)
    is_told = everybody.people >= least
    step = find_step(change, tally, least)
    means = [_tell_mean_points(each, step) for each in (tally.before, tally.after)]
    return Totals(
        **_tell_outcome(everybody, least),
        same=tell_people(everybody.people - everybody.rises - everybody.falls, least=least),
        mean_step_hundredths=step,
        mean_before_hundredths=means[0],
        mean_after_hundredths=means[1],
        base_before=change.old.base,
        base_after=change.new.base,
        rest_before_hundredths=_find_rest(means[0], change.old, [each.mean_before_hundredths for each in dimensions]),
        rest_after_hundredths=_find_rest(means[1], change.new, [each.mean_after_hundredths for each in dimensions]),
        median_before=find_median(tally.before) if is_told else None,
        median_after=find_median(tally.after) if is_told else None,
        suspended_before=before,
        suspended_after=after,
        newly_suspended=newly,
        no_longer_suspended=no_longer,
    )


def _find_rest(mean: int | None, book: Rulebook, parts: Iterable[int | None]) -> int | None:
    """Find what is left of a mean that is told when the base and the parts that are told are taken away."""
    return None if mean is None else mean - 100 * book.base - sum(each or 0 for each in parts)


def _tell_outcome(outcome: Outcome, least: int) -> dict[str, int | None]:
    return {name: tell_people(people, least=least) for name, people in outcome._asdict().items()}


def find_step(change: Change, tally: Tally, least: int) -> int | None:
    """Find the step of means of all people, in hundredths; None where they are not told."""
    books = change.old, change.new
    span = max(book.ceiling for book in books) - min(book.floor for book in books)
    return find_mean_step(tally.before.total(), span, least=least)


def _tell_mean_points(people: Mapping[int, int], step: int | None) -> int | None:
    return tell_mean(sum(points * count for points, count in people.items()), sum(people.values()), step)


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
    people, step = tally.before.total(), find_step(change, tally, least)
    return tuple(
        DimensionPoints(
            code=code,
            name=heading.name,
            name_en=heading.name_en,
            mean_before_hundredths=tell_mean(tally.dimensions["before", code], people, step),
            mean_after_hundredths=tell_mean(tally.dimensions["after", code], people, step),
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
    hits = [hit for _, outcomes in named.values() for each in outcomes.values() for hit in _list_hits(each, total)]
    comparisons = sum(_is_compared(hit, least) for hit in hits)
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


def _list_hits(outcome: Outcome, total: Outcome) -> Hits[Hit]:
    return Hits(
        Hit(outcome.rises, outcome.people, total.rises, total.people),
        Hit(outcome.falls, outcome.people, total.falls, total.people),
        Hit(outcome.level_falls, outcome.people, total.level_falls, total.people),
    )


def _is_compared(hit: Hit, least: int) -> bool:
    """Tell whether a share may be compared with that of all: a ratio tells of the counts in it."""
    return hit.all_hit > 0 and None not in (tell_people(count, least=least) for count in hit)


def _make_row(code: str, name: str, outcome: Outcome, total: Outcome, least: int, comparisons: int) -> GroupRow:
    """Tell of a group; of one of too few people not even that none of them rises or falls.

    Nor is that told where few of all people do: those who do not would tell who does.
    """
    hits = _list_hits(outcome, total)
    compared = Hits(*(_is_compared(hit, least) for hit in hits))
    ratios = Hits(*(measure_ratio(*hit) if may else None for hit, may in zip(hits, compared, strict=True)))
    told, of_all = _tell_outcome(outcome, least), _tell_outcome(total, least)
    is_small = told["people"] is None
    return GroupRow(
        code=code,
        name=name,
        **{each: None if is_small or of_all[each] is None else told[each] for each in told},
        rise_ratio_percent=ratios.rises,
        fall_ratio_percent=ratios.falls,
        level_fall_ratio_percent=ratios.level_falls,
        left_out=compared.rises and is_left_out(*hits.rises, comparisons=comparisons),
        falls_stand_out=compared.falls and stands_out(*hits.falls, comparisons=comparisons),
        level_falls_stand_out=compared.level_falls and stands_out(*hits.level_falls, comparisons=comparisons),
    )


def make_benefits(offers: tuple[Offer, ...], tally: Tally, least: int) -> tuple[BenefitChange, ...]:
    """Say of each scenario who gains and who loses it."""
    return tuple(describe_benefit(offer, tally.eligible[offer.code], least=least) for offer in offers)
