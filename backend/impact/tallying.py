"""What is counted of one part of a city, in DuckDB: a row a person with both scores, and figures that add up.

Nothing of a person leaves the engine but sums, and of a few candidates for the samples number, points and groups.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from backend.impact.benefits import AFTER, BEFORE, Eligible, Offer, say_eligible
from backend.impact.candidates import Candidate, Connection, take_candidates
from backend.impact.figures import SampleKind, Trait
from backend.impact.groups import AGE_BANDS, UNKNOWN, add_up
from backend.population.quoting import quote_name, quote_text
from scenarios.catalogue import ScenarioCatalogue
from scoring.population.weighing import list_sets, name_in_force
from scoring.rulebook import Rulebook


class Outcome(NamedTuple):
    """What happens to a group of people."""

    people: int
    rises: int
    falls: int
    level_rises: int
    level_falls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is measured: two rulebooks, two catalogues of scenarios, a day, and the seed of the samples."""

    old: Rulebook
    new: Rulebook
    old_benefits: ScenarioCatalogue | None
    new_benefits: ScenarioCatalogue | None
    as_of: date
    seed: str

    @property
    def indicators(self) -> tuple[str, ...]:
        """List the indicators that a rule of either rulebook counts."""
        return tuple(sorted({*self.old.rules_by_indicator, *self.new.rules_by_indicator}))


@dataclass(slots=True)
class Tally:
    """The sums so far."""

    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)
    gains: Counter[int] = field(default_factory=Counter)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: dict[tuple[Trait, str], Outcome] = field(default_factory=dict)
    suspended: tuple[int, ...] = (0, 0, 0, 0)
    dimensions: Counter[tuple[str, str]] = field(default_factory=Counter)
    eligible: dict[str, Eligible] = field(default_factory=dict)
    holders: dict[str, tuple[int, int]] = field(default_factory=dict)
    candidates: dict[SampleKind, list[Candidate]] = field(default_factory=dict)


def tally_part(connection: Connection, change: Change, offers: Sequence[Offer], tally: Tally) -> None:
    """Add the people of a part to a tally.

    The part is in the tables `old_scores` and `new_scores` (of `plan_scores`), `old_judged` and `new_judged` (of
    `judge_special`) and in `subjects`.
    """
    connection.execute(_say_people(change))
    for column, counter in (("points_before", tally.before), ("points_after", tally.after)):
        counter.update(dict(_fetch(connection, f"select {column}, count(*) from people group by 1")))  # noqa: S608
    tally.gains.update(dict(_fetch(connection, "select gain, count(*) from people group by 1")))
    moves = _fetch(connection, "select level_before, level_after, count(*) from people group by 1, 2")
    tally.moves.update({(before, after): count for before, after, count in moves})
    _tally_outcomes(connection, tally)
    _tally_suspended(connection, tally)
    _tally_dimensions(connection, change, tally)
    _tally_eligible(connection, change, offers, tally)
    _tally_holders(connection, change, tally)
    for kind in SampleKind:
        tally.candidates.setdefault(kind, []).extend(take_candidates(connection, kind, change.seed))


def _say_people(change: Change) -> str:
    """Say how the rows of a part are made; a rise of level is one in the order of the new levels."""
    places = find_places(change.old, change.new)
    ranks = {level.code: level.rank for level in change.new.levels}
    dimensions = [
        f"{when[0]}.{quote_name(f'points_{code}')} as {quote_name(f'points_{when}_{code}')}"
        for when, code in _list_dimensions(change)
    ]
    sets = [
        f"{when[0]}.{name} as {name.replace('in_force', f'in_force_{when}')}"
        for when, book in ((BEFORE, change.old), (AFTER, change.new))
        for name in list_sets(book)
    ]
    ages = " ".join(
        f"when {' and '.join(_say_bounds(band.least, band.most))} then '{band.code}'"
        for band in AGE_BANDS
        if band.code != UNKNOWN
    )
    return f"""
        create or replace temp table people as
        select b.subject_no, b.points as points_before, a.points as points_after, a.points - b.points as gain,
            b.level as level_before, a.level as level_after,
            b.incentives_suspended as is_suspended_before, a.incentives_suspended as is_suspended_after,
            {_say_cases("b.level", places)} - {_say_cases("a.level", ranks)} as climb,
            s.since, {change.as_of.year} - s.birth_year::integer as age,
            case when age is null then '{UNKNOWN}' {ages} end as age_band,
            coalesce(s.district, '{UNKNOWN}') as district, coalesce(s.sex, '{UNKNOWN}') as sex,
            {", ".join([*dimensions, *sets])}
        from old_scores b join new_scores a using (subject_no) join subjects s using (subject_no)
    """  # noqa: S608 - quoted codes, and names of ours


def find_places(old: Rulebook, new: Rulebook) -> dict[str, int]:
    """Give each old level its place among the new ones: that of its code, else of the level at its lower edge."""
    ranks = {level.code: level.rank for level in new.levels}
    return {
        level.code: ranks.get(level.code, new.level_of(old.floor if level.at_least is None else level.at_least).rank)
        for level in old.levels
    }


def _list_dimensions(change: Change) -> list[tuple[str, str]]:
    return [
        (when, dimension.code)
        for when, book in ((BEFORE, change.old), (AFTER, change.new))
        for dimension in book.dimensions
    ]


def _say_bounds(least: int | None, most: int | None) -> list[str]:
    return [
        *([] if least is None else [f"age >= {least}"]),
        *([] if most is None else [f"age <= {most}"]),
    ]


def _say_cases(column: str, numbers: Mapping[str, int]) -> str:
    cases = " ".join(f"when {quote_text(code)} then {number}" for code, number in numbers.items())
    return f"case {column} {cases} end"


def _fetch(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return rows


_HAPPENS = "count(*), " + ", ".join(
    f"count(*) filter ({test})" for test in ("gain > 0", "gain < 0", "climb > 0", "climb < 0")
)
_COLUMNS: Mapping[Trait, str] = {
    Trait.LEVEL: "level_before",
    Trait.DISTRICT: "district",
    Trait.AGE: "age_band",
    Trait.SEX: "sex",
}


def _tally_outcomes(connection: Connection, tally: Tally) -> None:
    for trait, column in _COLUMNS.items():
        for code, *counts in _fetch(connection, f"select {column}, {_HAPPENS} from people group by 1"):  # noqa: S608
            known = tally.outcomes.get((trait, code), Outcome(0, 0, 0, 0, 0))
            tally.outcomes[trait, code] = Outcome(*add_up([known, counts]))


def _tally_suspended(connection: Connection, tally: Tally) -> None:
    tests = (
        *("is_suspended_before", "is_suspended_after"),
        *("not is_suspended_before and is_suspended_after", "is_suspended_before and not is_suspended_after"),
    )
    tally.suspended = add_up([tally.suspended, _count(connection, tests)])


def _tally_dimensions(connection: Connection, change: Change, tally: Tally) -> None:
    wanted = _list_dimensions(change)
    sums = ", ".join(f"coalesce(sum({quote_name(f'points_{when}_{code}')}), 0)::bigint" for when, code in wanted)
    (row,) = _fetch(connection, f"select {sums} from people")  # noqa: S608 - quoted codes
    tally.dimensions.update(dict(zip(wanted, row, strict=True)))


def _tally_eligible(connection: Connection, change: Change, offers: Sequence[Offer], tally: Tally) -> None:
    tests: list[str] = []
    for offer in offers:
        before = say_eligible(change.old_benefits, offer.before, BEFORE, as_of=change.as_of, bits=list_bits(change.old))
        after = say_eligible(change.new_benefits, offer.after, AFTER, as_of=change.as_of, bits=list_bits(change.new))
        tests += [before, after, f"({after}) and not ({before})", f"({before}) and not ({after})"]
    counts = _count(connection, tests)
    for index, offer in enumerate(offers):
        known = tally.eligible.get(offer.code, Eligible(0, 0, 0, 0))
        tally.eligible[offer.code] = Eligible(*add_up([known, counts[4 * index : 4 * index + 4]]))


def list_bits(book: Rulebook) -> dict[str, tuple[int, int]]:
    """Give each indicator its set and its bit in it."""
    return {code: (place, bit) for code, place, bit in name_in_force(book)}


def _tally_holders(connection: Connection, change: Change, tally: Tally) -> None:
    """Count those whose score changes among the holders of each indicator, by either rulebook.

    They have a record of it in force, or one that gave way to another of its act, or came in its place.
    """
    bits = ((BEFORE, list_bits(change.old)), (AFTER, list_bits(change.new)))
    tests = []
    for indicator in change.indicators:
        masks = [(when, *known[indicator]) for when, known in bits if indicator in known]
        sets = " | ".join(
            f"((in_force_{when}_{place} | coalesce(displaced_{when}_{place}, 0)) & {1 << bit})"
            for when, place, bit in masks
        )
        tests.append(f"count(*) filter (({sets}) <> 0)")
    if not tests:
        return
    connection.execute(_say_displaced(change))
    query = f"""
        select gain > 0, {", ".join(tests)} from people left join displaced using (subject_no)
        where gain <> 0 group by 1
    """  # noqa: S608 - quoted codes, and numbers
    for is_rise, *counts in _fetch(connection, query):
        for indicator, people in zip(change.indicators, counts, strict=True):
            rises, falls = tally.holders.get(indicator, (0, 0))
            tally.holders[indicator] = (rises + people, falls) if is_rise else (rises, falls + people)


def _say_displaced(change: Change) -> str:
    """Say which indicators of each person have a record that stands behind another of its act by one rulebook alone.

    Only records that share an act are looked at, which are few.
    """
    found, columns = [], []
    for when, table, other, book in (
        (BEFORE, "old_judged", "new_judged", change.old),
        (AFTER, "new_judged", "old_judged", change.new),
    ):
        names = {name: name.replace("in_force", f"displaced_{when}") for name in list_sets(book)}
        columns += [f"bit_or({each}) as {each}" for each in names.values()]
        sets = "".join(f", {name} as {each}" for name, each in names.items())
        found.append(f"""
            select subject_no{sets} from {table} one where is_behind and not exists (
                from {other} other where other.is_behind and other.subject_no = one.subject_no
                    and other.record_hi = one.record_hi and other.record_lo = one.record_lo
            )
        """)  # noqa: S608 - tables and columns named in this module
    union = " union all by name ".join(found)
    return f"""
        create or replace temp table displaced as
        select {", ".join(["subject_no", *columns])} from ({union}) group by 1
    """  # noqa: S608 - tables and columns named in this module


def _count(connection: Connection, tests: Iterable[str]) -> tuple[int, ...]:
    counts = ", ".join(f"count(*) filter ({test})" for test in tests)
    if not counts:
        return ()
    (row,) = _fetch(connection, f"select {counts} from people")  # noqa: S608 - quoted codes, and numbers
    return tuple(row)
