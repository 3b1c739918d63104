"""A rulebook as values: scale, levels, dimensions, rules, exclusive groups and limits."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeAlias

from scoring.catalogue import Catalogue
from scoring.pricing import ByTable, Choice, Condition, Curve, Each, Price, Pricing, TableRow, Validity
from scoring.records import Value

ORIGINS = ("law", "analogue", "own_choice", "published")


class Level(NamedTuple):
    """A band of the scale. `rank` 0 is the best; `at_least` None means everything below the band above."""

    code: str
    name: str
    name_en: str
    rank: int
    at_least: int | None


class Dimension(NamedTuple):
    """One of the headings under which points are shown."""

    code: str
    name: str
    name_en: str


class Grounds(NamedTuple):
    """Why a figure stands: the law or document, where the figure comes from, and a remark on that."""

    basis: str
    origin: str
    origin_note: str


class Veto(NamedTuple):
    """While such a record is in force plus is frozen and incentives rest; `level_at_most` caps the level."""

    level_at_most: Level | None

    @property
    def severity(self) -> int:
        """Order vetoes: the lower the level they leave, the more severe; without a cap, least."""
        return -1 if self.level_at_most is None else self.level_at_most.rank


class Action(NamedTuple):
    """Something the citizen can do: the items a new record would carry, or for a curve up to `most` units."""

    name: str
    name_en: str
    fields: Mapping[str, Value]
    most: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `indicator` is empty only for a streak."""

    id: str
    name: str
    name_en: str
    dimension: str
    indicator: str
    conditions: tuple[Condition, ...]
    pricing: Pricing
    veto: Veto | None
    repeat_class: str
    repairable_after_months: int | None
    action: Action | None
    published: tuple[int, ...]
    grounds: Grounds

    @property
    def adds_up(self) -> bool:
        """Tell whether points come from a sum over several records."""
        return isinstance(self.pricing, Curve)

    def price(self, fields: Mapping[str, Value]) -> Price | None:
        """Give what a record with these items is worth alone; None when this rule does not apply to it."""
        for condition in self.conditions:
            if not condition.holds(fields):
                return None
        return self.pricing.price(fields)


# What a record is worth alone: its rule, the points and how long they last. Plain tuples and functions that are made
# once, when a rulebook is loaded, because every record of every evaluation asks.
Found: TypeAlias = tuple[Rule, int, Validity]
Finder: TypeAlias = Callable[[Mapping[str, Value]], Found | None]


class Unscored(NamedTuple):
    """A stretch of an indicator's items that no rule counts, and is not meant to."""

    indicator: str
    conditions: tuple[Condition, ...]
    reason: str


class Exclusive(NamedTuple):
    """Of these rules only the highest unit counts: one record, or all records of one curve together."""

    id: str
    name: str
    name_en: str
    rules: frozenset[str]
    grounds: Grounds


class Limit(NamedTuple):
    """A cap on plus (`at_most`) or minus (`at_least`) points of some rules, or of all rules of a dimension."""

    id: str
    name: str
    name_en: str
    dimension: str
    rules: frozenset[str]
    by_year: bool
    at_most: int | None
    at_least: int | None
    grounds: Grounds


class Repeats(NamedTuple):
    """How many times a repeated minus of one class counts."""

    factor: int
    grounds: Grounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A dated edition of a city's rules; `digest` changes with anything in it."""

    city: str
    version: str
    effective_on: date
    title: str
    title_en: str
    basis: str
    note: str
    catalogue: Catalogue
    base: int
    floor: int
    ceiling: int
    levels: tuple[Level, ...]
    dimensions: tuple[Dimension, ...]
    rules: tuple[Rule, ...]
    exclusives: tuple[Exclusive, ...]
    rule_limits: tuple[Limit, ...]
    dimension_limits: tuple[Limit, ...]
    repeats: Repeats | None
    unscored: tuple[Unscored, ...]
    rules_by_indicator: Mapping[str, tuple[Rule, ...]]
    streaks: tuple[Rule, ...]
    digest: str
    finders: Mapping[str, Finder] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        finders = {code: _make_finder(rules) for code, rules in self.rules_by_indicator.items()}
        object.__setattr__(self, "finders", finders)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Give all limits in the order in which they apply; highest-only groups come between the two kinds."""
        return self.rule_limits + self.dimension_limits

    def match(self, indicator: str, fields: Mapping[str, Value]) -> Found | None:
        """Find the rule for a record and what it is worth alone; None when no rule counts it."""
        find = self.finders.get(indicator)
        return None if find is None else find(fields)

    def level_of(self, points: int) -> Level:
        """Give the level of a number of points."""
        for level in self.levels:
            if level.at_least is None or points >= level.at_least:
                return level
        return self.levels[-1]

    def rule(self, rule_id: str) -> Rule:
        """Give the rule with an id; KeyError when there is none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


class NoRulebookError(LookupError):
    """No edition of the rulebook was in force on the day asked for."""


def rulebook_on(editions: Iterable[Rulebook], day: date) -> Rulebook:
    """Give the edition in force on a day: the latest that took effect by then.

    NoRulebookError when the day lies before the first edition.
    """
    in_force = [edition for edition in editions if edition.effective_on <= day]
    if not in_force:
        message = f"no rulebook was in force on {day}; the first took effect later"
        raise NoRulebookError(message)
    return max(in_force, key=lambda edition: edition.effective_on)


def _make_finder(rules: tuple[Rule, ...]) -> Finder:
    """Make the function that prices an indicator's records; each finds what asking the rules in turn would find."""
    rule, *others = rules
    if others or rule.conditions:
        return _find_among(rules)
    match rule.pricing:
        case Each(points=points, validity=validity, times=None):
            found = rule, points, validity
            return lambda _: found
        case Curve() as curve:
            return _find_on_curve(rule, curve)
        case ByTable(field=name, rows=rows) if all(isinstance(row.condition, Choice) for row in rows):
            return _find_by_choice(rule, name, rows)
        case _:
            return _find_among(rules)


def _find_among(rules: tuple[Rule, ...]) -> Finder:
    def find(fields: Mapping[str, Value]) -> Found | None:
        for rule in rules:
            price = rule.price(fields)
            if price is not None:
                return rule, *price
        return None

    return find


def _find_on_curve(rule: Rule, curve: Curve) -> Finder:
    name, validity, points_at = curve.field, curve.validity, curve.points_at

    def find(fields: Mapping[str, Value]) -> Found | None:
        amount = fields.get(name)
        if not isinstance(amount, int) or amount < 0:
            return None
        return rule, points_at(amount), validity

    return find


def _find_by_choice(rule: Rule, name: str, rows: tuple[TableRow, ...]) -> Finder:
    found: dict[Value | None, Found] = {}
    for row in reversed(rows):  # the first row that fits wins
        if isinstance(row.condition, Choice):
            found |= dict.fromkeys(row.condition.allowed, (rule, row.points, row.validity))
    return lambda fields: found.get(fields.get(name))
