"""All figures of an impact report, as frozen values: people as `telling` has it, None for too few of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from scoring.amendments import Amendment


class Trait(StrEnum):
    """What people are grouped by."""

    LEVEL = "level"
    DISTRICT = "district"
    AGE = "age"
    SEX = "sex"


class SampleKind(StrEnum):
    """For what a person was drawn."""

    GAIN = "gain"
    LOSS = "loss"
    LEVEL_UP = "level_up"
    LEVEL_DOWN = "level_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Which document was measured."""

    city: str
    version: str
    effective_on: date
    digest: str
    title: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All scored people: how many, and what happens to them. Means are points per person, in hundredths.

    Whose level rises or falls is found by the order of the new levels; `same` keep their points, `suspended` have a
    veto in force. The mean is what everybody begins with (`base`), the means of the dimensions, and `rest`: what
    ceiling and floor, the freeze of a veto and limits over several dimensions make of them, and rounding.
    """

    people: int | None
    rises: int | None
    falls: int | None
    same: int | None
    level_rises: int | None
    level_falls: int | None
    mean_step_hundredths: int | None
    mean_before_hundredths: int | None
    mean_after_hundredths: int | None
    base_before: int
    base_after: int
    rest_before_hundredths: int | None
    rest_after_hundredths: int | None
    median_before: int | None
    median_after: int | None
    suspended_before: int | None
    suspended_after: int | None
    newly_suspended: int | None
    no_longer_suspended: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCount:
    """How many people stand at a level by either rulebook; 0 where a rulebook does not have it."""

    code: str
    name: str
    name_en: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many people stand at `before` by the old rulebook and at `after` by the new one."""

    before: str
    after: str
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsBand:
    """How many people have from `least` to `most` points (inclusive), by either rulebook."""

    least: int
    most: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBand:
    """How many people gain from `least` to `most` points (inclusive; less than nothing is lost; None: no bound)."""

    least: int | None
    most: int | None
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionPoints:
    """The points under one heading by either rulebook, per person of all, in hundredths."""

    code: str
    name: str
    name_en: str
    mean_before_hundredths: int | None
    mean_after_hundredths: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A group of people by one trait. All None: too few people; and what is not told of all people is of no group.

    `rise_ratio` is the share of the group whose score rises over the share of all people whose score rises, in percent
    (100: as all people), of exact counts; `fall_ratio` and `level_fall_ratio` the same of scores and levels that fall.
    None where one of these counts is not told, and where nobody rises or falls. Which of them should be looked at,
    `groups.is_left_out` and `groups.stands_out` say.
    """

    code: str
    name: str
    people: int | None
    rises: int | None
    falls: int | None
    level_rises: int | None
    level_falls: int | None
    rise_ratio_percent: int | None
    fall_ratio_percent: int | None
    level_fall_ratio_percent: int | None
    left_out: bool
    falls_stand_out: bool
    level_falls_stand_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """All people by one trait; each is in one row."""

    trait: Trait
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitChange:
    """Who meets the conditions of a scenario before and after, and up to what amount that would be open to them.

    Amounts are limits times the people that are told, None where these are not, and where the scenario names no limit:
    it gives no amount, or the contract with each merchant does.
    """

    code: str
    title: str
    title_en: str
    kind: str
    by_contract: bool
    before: int | None
    after: int | None
    gained: int | None
    lost: int | None
    limit_before_fen: int | None
    limit_after_fen: int | None
    before_fen: int | None
    after_fen: int | None
    gained_fen: int | None
    lost_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffect:
    """For how many people a rule that was amended, or stands in an amended group or limit, counts, and whom it moves.

    It counts for somebody by either rulebook alone, before limits, groups and freezing.

    `rises` and `falls` are people whose score changes, whatever it is that changes it, and who by either rulebook have
    a record in force of the rule's indicator, or one (lapsed or not) that gives way to another of its act by one
    rulebook alone; None too where a rule has no indicator (`has_holders` is
    false). `is_amended`: it itself differs, in more than words.
    """

    rule_id: str
    name: str
    name_en: str
    is_amended: bool
    has_holders: bool
    people_before: int | None
    people_after: int | None
    rises: int | None
    falls: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLine:
    """One line of both statements; None where a statement has no such line. `year` is that of the record.

    A line of kind `others` stands for all lines that do not differ, but for the base.
    """

    kind: str
    title: str
    title_en: str
    year: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One person, by a number that means nothing elsewhere, with the lines of both statements."""

    number: int
    kind: SampleKind
    points_before: int
    points_after: int
    level_before: str
    level_after: str
    lines: tuple[SampleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change of rules, of scenarios or of both does to all people of a city on one day.

    `files_digest` and `known_at` say which files of the city were measured and up to what moment they know. `seed`
    draws the samples, so that anybody with the same files draws the same; `with_samples` is false where they were left
    out. `narrowed` are the scenarios, and `bounds`, of which something is taken away that no count of people tells
    (`scenarios.narrowing`).
    """

    city: str
    as_of: date
    known_at: datetime
    files_digest: str
    least_group: int
    seed: str
    with_samples: bool
    old: Edition
    new: Edition
    old_benefits: Edition | None
    new_benefits: Edition | None
    totals: Totals
    levels: tuple[LevelCount, ...]
    moves: tuple[Move, ...]
    points: tuple[PointsBand, ...]
    changes: tuple[ChangeBand, ...]
    dimensions: tuple[DimensionPoints, ...]
    groupings: tuple[Grouping, ...]
    benefits: tuple[BenefitChange, ...]
    narrowed: tuple[str, ...]
    amendments: tuple[Amendment, ...]
    rules: tuple[RuleEffect, ...]
    samples: tuple[Sample, ...]

    def list_rows(self) -> Iterator[tuple[Trait, GroupRow]]:
        """Give the rows of all groupings with their trait."""
        for grouping in self.groupings:
            for row in grouping.rows:
                yield grouping.trait, row

    def name_level(self, code: str) -> str:
        """Give the Chinese name of a level of either rulebook; KeyError for another."""
        return {level.code: level.name for level in self.levels}[code]
