"""Crowds: many random people of the small city at once, rulebooks put together at random, and tables of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
from ibis.expr.types import Table

from scoring.catalogue import Catalogue
from scoring.population.columns import KEY, CityTables, name_item, name_items
from scoring.pricing import (
    ByTable,
    Choice,
    Curve,
    Each,
    Graded,
    Pricing,
    Segment,
    Span,
    Stair,
    Streak,
    TableRow,
    Validity,
)
from scoring.records import Content, Event, EventKind, Record, Value
from scoring.rulebook import Exclusive, Grounds, Limit, Repeats, Rule, Rulebook, Veto
from tests.scoring.small_city import RULEBOOK
from tests.scoring.strategies import CONTINUING, FIELDS, FIRST, LAST

DAYS = (LAST - FIRST).days
GROUNDS = Grounds("小城办法", "own_choice", "")
INDICATORS = sorted(FIELDS)
CONTENT_TYPES = {"content_no": dt.int32, "occurred_on": dt.date, "ended_on": dt.date, "act": dt.string}


class Somebody(NamedTuple):
    """A person: since when an account is open, if it is, and all records."""

    since: date | None
    records: tuple[Record, ...]


def make_crowd(random: Random, number: int) -> list[Somebody]:
    """Make so many people; most have few records, some have many of one sort, so that bounds bite."""
    return [_make_somebody(random) for _ in range(number)]


def _make_somebody(random: Random) -> Somebody:
    since = None if random.random() < 0.1 else _make_day(random)
    likely = random.sample(INDICATORS, 3) if random.random() < 0.5 else INDICATORS
    days = [_make_day(random) for _ in range(4)] if random.random() < 0.3 else []
    many = random.choice([0, 1, 3, 6, 12, 25])
    return Somebody(since, tuple(_make_record(random, random.choice(likely), days) for _ in range(many)))


def _make_day(random: Random) -> date:
    if random.random() < 0.05:
        return date(random.randint(FIRST.year, LAST.year), 1, 1)
    return FIRST + timedelta(days=random.randint(0, DAYS))


def _make_record(random: Random, indicator: str, days: Sequence[date]) -> Record:
    known_at = datetime.combine(_make_day(random), datetime.min.time(), UTC) + timedelta(
        minutes=random.randint(0, 1439)
    )
    events = []
    for number in range(random.choice([0, 0, 0, 1, 2, 3])):
        kind = random.choice(list(EventKind))
        has_content = kind is EventKind.CORRECTED and random.random() < 0.9
        content = _make_content(random, indicator, days) if has_content else None
        events.append(Event(kind, known_at + timedelta(days=random.randint(0, 300), seconds=number), content))
    events.sort(key=lambda event: event.known_at)
    record_id = str(UUID(int=random.getrandbits(128)))
    return Record(record_id, indicator, known_at, *_make_content(random, indicator, days), events=tuple(events))


def _make_content(random: Random, indicator: str, days: Sequence[date]) -> Content:
    occurred_on = random.choice(days) if days else _make_day(random)
    lasts = random.randint(0, 900) if indicator in CONTINUING and random.random() < 0.6 else None
    ended_on = None if lasts is None else occurred_on + timedelta(days=lasts)
    act = random.choice(["act-1", "act-2"]) if random.random() < 0.25 else None
    return Content(occurred_on, ended_on, _make_fields(random, indicator), act)


def _make_fields(random: Random, indicator: str) -> dict[str, Value]:
    items: dict[str, Value] = {
        "grade": random.choice(["nation", "city", "school"]),
        "hours": _enlarge(random.randint(1, 300)),
        "stars": random.randint(1, 5),
        "amount_fen": _enlarge(random.randint(0, 100_000)),
        "months": random.randint(1, 12),
        "stated_points": random.randint(-50, -10),
    }
    names = RULEBOOK.catalogue.indicators[indicator].items
    return {name: items[name] for name in names if random.random() < 0.95}


def _enlarge(amount: int) -> int:
    """Make some amounts too large for 32 bits, as sums of money may be."""
    return amount * 10**9 if amount % 10 == 7 else amount


def make_rulebook(random: Random) -> Rulebook:
    """Put a rulebook together that no city would have: every sort of rule, limit, group and veto, in any mixture."""
    rules = [_make_rule(random, number, indicator) for number, indicator in enumerate(INDICATORS * 2)]
    rules = [rule for rule in rules if random.random() < 0.8]
    for number in range(random.choice([0, 1, 2])):
        streak = Streak(random.randint(1, 9), random.randint(1, 5))
        rules.append(_name_rule(random, f"Y-{number}", "", streak))
    by_indicator = {
        indicator: found
        for indicator in INDICATORS
        if (found := tuple(rule for rule in rules if rule.indicator == indicator))
    }
    names = [rule.id for rule in rules]
    base = random.choice([0, 100])
    return replace(
        RULEBOOK,
        base=base,
        floor=base - random.choice([0, 40, 100]),
        ceiling=base + random.choice([20, 60, 100]),
        rules=tuple(rules),
        rules_by_indicator=by_indicator,
        streaks=tuple(rule for rule in rules if not rule.indicator),
        exclusives=tuple(_make_group(random, names, number) for number in range(random.choice([0, 1, 2]))),
        rule_limits=tuple(_make_limit(random, names, f"L-{number}") for number in range(random.choice([0, 1, 3]))),
        dimension_limits=tuple(
            _make_limit(random, [rule.id for rule in rules if rule.dimension == each.code], f"D-{each.code}")
            for each in RULEBOOK.dimensions
            if random.random() < 0.5
        ),
        repeats=random.choice([None, Repeats(random.choice([2, 3]), GROUNDS)]),
    )


def make_tidy_rulebook(random: Random) -> Rulebook:
    """Put a rulebook together as a city would: bounds that do not overlap, each within one dimension."""
    wild = make_rulebook(random)
    limits, groups = [], []
    for dimension in RULEBOOK.dimensions:
        rules = [rule for rule in wild.rules if rule.dimension == dimension.code and rule.indicator]
        curves = [rule for rule in rules if isinstance(rule.pricing, Curve)]
        others = [rule for rule in rules if rule not in curves]
        random.shuffle(others)
        limits += [
            _bound(random, [curve.id], f"C-{curve.id}", by_year=curve.pricing.by_year)
            for curve in curves
            if isinstance(curve.pricing, Curve) and random.random() < 0.5
        ]
        grouped = [rule.id for rule in (*curves, *others[:2])]
        if len(grouped) > 1 and random.random() < 0.6:
            groups.append(Exclusive(f"X-{dimension.code}", "", "", frozenset(grouped), GROUNDS))
        for first in range(2, len(others), 2):
            by_year = random.random() < 0.6
            limits.append(
                _bound(random, [rule.id for rule in others[first : first + 2]], f"T-{first}", by_year=by_year)
            )
    whole = [
        _bound(random, [rule.id for rule in wild.rules if rule.dimension == each.code], f"D-{each.code}", by_year=False)
        for each in RULEBOOK.dimensions
        if random.random() < 0.4
    ]
    return replace(wild, rule_limits=tuple(limits), exclusives=tuple(groups), dimension_limits=tuple(whole))


def _make_rule(random: Random, number: int, indicator: str) -> Rule:
    names = list(RULEBOOK.catalogue.indicators[indicator].items)
    return _name_rule(random, f"R-{number:02}", indicator, _make_pricing(random, names, indicator))


def _name_rule(random: Random, code: str, indicator: str, pricing: Pricing) -> Rule:
    levels = [None, *RULEBOOK.levels]
    return replace(
        RULEBOOK.rules[0],
        id=code,
        dimension=random.choice(RULEBOOK.dimensions).code,
        indicator=indicator,
        conditions=(),
        pricing=pricing,
        veto=Veto(random.choice(levels)) if indicator and random.random() < 0.1 else None,
        repeat_class=random.choice(["one", "two", code]),
    )


def _make_pricing(random: Random, names: Sequence[str], indicator: str) -> Pricing:
    points, validity = random.randint(-30, 30), _make_validity(random, indicator)
    if not names or random.random() < 0.2:
        return Each(points, validity)
    [name] = names
    if name == "grade":
        rows = [
            TableRow(Choice(name, frozenset({grade})), random.randint(-30, 30), _make_validity(random, indicator), ())
            for grade in random.sample(["nation", "city", "school"], 2)
        ]
        return ByTable(name, tuple(rows), frozenset())
    match random.randint(0, 3):
        case 0:
            edge = random.randint(1, 6)
            low, high = Span(name, None, edge), Span(name, edge + 1, None)
            rows = [
                TableRow(span, random.randint(-30, 30), _make_validity(random, indicator), ()) for span in (low, high)
            ]
            return ByTable(name, tuple(rows), frozenset())
        case 1:
            return Each(random.randint(-5, 5), validity, times=name) if name != "amount_fen" else Each(points, validity)
        case 2 if name == "stated_points":
            return Graded(name, -random.randint(20, 50), -10, validity)
        case _:
            return _make_curve(random, name, validity)


def _make_curve(random: Random, name: str, validity: Validity) -> Curve:
    by_year = random.random() < 0.5
    if random.random() < 0.3:
        return Curve(name, by_year, (), (Stair(5, 3), Stair(50, 9), Stair(20_000, 15)), validity)
    last = Segment(None, 1, random.randint(1, 2000)) if random.random() < 0.5 else Segment(90_000, 1, 1000)
    return Curve(name, by_year, (Segment(20, 1, 1), Segment(80, 2, 3), last), (), validity)


def _make_validity(random: Random, indicator: str) -> Validity:
    if indicator in CONTINUING and random.random() < 0.5:
        return Validity(random.choice([None, 12]), from_end=True)
    return Validity(random.choice([6, 12, 24, 60]), from_end=False)


def _make_group(random: Random, names: Sequence[str], number: int) -> Exclusive:
    return Exclusive(f"X-{number}", "", "", frozenset(random.sample(names, random.randint(2, 5))), GROUNDS)


def _make_limit(random: Random, names: Sequence[str], code: str) -> Limit:
    rules = names if code.startswith("D-") else random.sample(names, random.randint(1, 3))
    return _bound(random, rules, code, by_year=random.random() < 0.5)


def _bound(random: Random, rules: Sequence[str], code: str, *, by_year: bool) -> Limit:
    most, least = random.choice([(random.randint(0, 60), None), (None, -random.randint(0, 60))])
    return Limit(code, "", "", "", frozenset(rules), by_year, most, least, GROUNDS)


def make_tables(crowd: Sequence[Somebody], catalogue: Catalogue) -> CityTables:
    """Write a crowd into tables; each person is the subject of his place in it."""
    contents = Contents(catalogue)
    records: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    accounts: list[dict[str, Any]] = []
    for subject_no, somebody in enumerate(crowd):
        accounts.append({"subject_no": subject_no, "since": somebody.since})
        for record_no, record in enumerate(somebody.records):
            key = {"subject_no": subject_no, "record_no": record_no}
            number = UUID(record.record_id).int
            halves = {"record_hi": (number >> 64) - (1 << 63), "record_lo": (number & (1 << 64) - 1) - (1 << 63)}
            content = Content(record.occurred_on, record.ended_on, record.fields, record.act)
            told = contents.write(record.indicator, content)
            records.append({**key, **halves, **told, "known_at": record.known_at})
            for event_no, event in enumerate(record.events, start=len(events)):
                told = {} if event.content is None else contents.write(record.indicator, event.content)
                events.append(
                    {**key, "event_no": event_no, "kind": event.kind.value, "known_at": event.known_at, **told}
                )
    reported, told = _make_table(records, records_schema()), _make_table(events, events_schema())
    return CityTables(
        reported,
        mark_records(reported, told),
        told,
        _make_table(contents.rows, contents_schema(catalogue)),
        _make_table(accounts, accounts_schema()),
    )


class Contents:
    """Numbers for what was said, the same number for the same; `rows` are those of the table."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rows: list[dict[str, Any]] = []
        self._names = tuple(name_items(catalogue))
        self._numbers: dict[object, int] = {}

    def write(self, indicator: str, content: Content) -> dict[str, Any]:
        """Give the columns of a content."""
        items = {name_item(name): value for name, value in content.fields.items()}
        key = (indicator, *((name, items.get(name)) for name in self._names))
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append({"content_no": len(self.rows), "indicator": indicator, **items})
        return {
            "content_no": self._numbers[key],
            "occurred_on": content.occurred_on,
            "ended_on": content.ended_on,
            "act": content.act,
        }


def _make_table(rows: Sequence[dict[str, Any]], schema: ibis.Schema) -> Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema.to_pyarrow()))


def contents_schema(catalogue: Catalogue) -> ibis.Schema:
    """Describe the table of contents: an indicator with its items, each of them once."""
    return ibis.schema({"content_no": dt.int32, "indicator": dt.string, **name_items(catalogue)})


def records_schema() -> ibis.Schema:
    """Describe the table of records as they were reported, one row each; `record_no` numbers those of a subject.

    `record_hi` and `record_lo` are two halves of the id that order records as their ids do.
    """
    head = {"subject_no": dt.int64, "record_no": dt.int32, "record_hi": dt.int64, "record_lo": dt.int64}
    return ibis.schema({**head, **CONTENT_TYPES, "known_at": dt.Timestamp("UTC")})


def events_schema() -> ibis.Schema:
    """Describe the table of later words, one row each; `event_no` numbers and orders those of a subject.

    The content is that of a correction, and empty in any other event.
    """
    head = {"subject_no": dt.int64, "event_no": dt.int32, "record_no": dt.int32, "kind": dt.string}
    return ibis.schema({**head, "known_at": dt.Timestamp("UTC"), **CONTENT_TYPES})


def accounts_schema() -> ibis.Schema:
    """Describe the table of accounts: one row for each person who is scored, and since when; null counts no years."""
    return ibis.schema({"subject_no": dt.int64, "since": dt.date})


def mark_records(records: Table, events: Table) -> Table:
    """Give the records that are marked."""
    touched = records.semi_join(events, KEY)
    return records.filter(records.act.notnull()).union(touched.filter(touched.act.isnull()))
