"""A sample of people, each scored by `evaluate`, by a generic rule engine and by OpenFisca, which must agree.

What the two others cannot say is done for them before, and costs them nothing here: records as they are known after
corrections, withdrawals, repairs and objections; which record of an act is the weightiest; calendar months, which are
given to them as the first day that still counts. They compute points by dimension, vetoes, score and level; no
statement, no reasons, no day of the next change, all of which `evaluate` gives too. Times are those of the CPUs.
"""

import gc
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from importlib.util import find_spec
from time import process_time
from typing import Any, NamedTuple

import duckdb

from backend.population.city_files import CityFiles, Kind
from backend.population.columns import join_id
from benchmarks.rescore_runs import read_rulebook
from scoring.days import add_months
from scoring.evaluation import evaluate
from scoring.population.cells import list_cells
from scoring.records import Content, Event, EventKind, Record
from scoring.rulebook import Rule, Rulebook
from scoring.statement import Reason, Score

MICRO, NANO = 1e6, 1e9
# Of each other engine the package that it needs, which may not be installed, and the module that runs it.
OTHERS = {
    "zen-engine": ("zen", "benchmarks.rescore_zen"),
    "OpenFisca-Core, all people in one array": ("openfisca_core", "benchmarks.rescore_openfisca"),
}


class Somebody(NamedTuple):
    """A person of the sample: since when the account is open, and all records."""

    since: date
    records: list[Record]


class Standing(NamedTuple):
    """A record as it is known, and whether it stands for its act and waits for no decision."""

    record: Record
    stands: bool


class Result(NamedTuple):
    """What is computed of a person by everybody: score, level, whether a veto stands, points by dimension."""

    points: int
    level: str
    has_veto: bool
    dimensions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The sample as the others get it."""

    rulebook: Rulebook
    day: date
    people: Sequence[tuple[Somebody, Sequence[Standing]]]


def read_people(files: CityFiles, people: int) -> list[Somebody]:
    """Read the first people of the first part who are scored; numbers are given by hash, so they are anybody."""
    with duckdb.connect() as engine:

        def fetch(query: str, **more: object) -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = engine.execute(query, more).fetchall()
            return rows

        def tell(kind: Kind) -> str:
            paths = ", ".join(f"'{path}'" for path in files.list_files(kind, 0 if kind.is_parted else None))
            return f"read_parquet([{paths}])"

        chosen = (
            f"SELECT subject_no, since FROM {tell(Kind.SUBJECTS)} WHERE since IS NOT NULL ORDER BY 1 LIMIT {people}"  # noqa: S608 - numbers and paths of ours
        )
        found = {number: Somebody(since, []) for number, since in fetch(chosen)}
        last = max(found)
        contents = {
            number: (indicator, json.loads(items)) for number, indicator, items in fetch(f"FROM {tell(Kind.CONTENTS)}")
        }
        events: dict[tuple[int, int], list[Event]] = defaultdict(list)
        words = f"SELECT subject_no, record_no, kind, epoch_us(known_at), content_no, occurred_on, ended_on, act FROM {tell(Kind.EVENTS)} WHERE subject_no <= $last ORDER BY subject_no, event_no"  # noqa: E501, S608
        for number, record_no, kind, told, content_no, occurred_on, ended_on, act in fetch(words, last=last):
            content = None
            if content_no is not None:
                content = Content(occurred_on, ended_on, contents[content_no][1], act)
            events[number, record_no].append(Event(EventKind(kind), _moment(told), content))
        records = f"SELECT subject_no, record_no, record_hi, record_lo, content_no, epoch_us(known_at), occurred_on, ended_on, act FROM {tell(Kind.RECORDS)} WHERE subject_no <= $last ORDER BY subject_no, record_no"  # noqa: E501, S608
        for number, record_no, hi, lo, content_no, told, occurred_on, ended_on, act in fetch(records, last=last):
            if number in found:
                indicator, fields = contents[content_no]
                record = Record(
                    str(join_id(hi, lo)), indicator, _moment(told), occurred_on, ended_on, fields, act,
                    events=tuple(events.get((number, record_no), ())),
                )  # fmt: skip
                found[number].records.append(record)
    return list(found.values())


def _moment(told: int) -> datetime:
    return datetime.fromtimestamp(told / MICRO, UTC)


def prepare(rulebook: Rulebook, day: date, scored: Sequence[tuple[Somebody, Score]]) -> Prepared:
    """Give the sample as the others get it: each record as it is known, and whether it stands."""
    people = []
    for somebody, score in scored:
        lying = [each for each in score.uncounted if each.reason in (Reason.SAME_ACT, Reason.SUSPENDED)]
        others = [each for each in score.uncounted if each.reason not in (Reason.SAME_ACT, Reason.SUSPENDED)]
        counted = [line.record for line in score.lines if line.record is not None]
        standing = [Standing(record, stands=True) for record in (*counted, *(each.record for each in others))]
        people.append((somebody, [*standing, *(Standing(each.record, stands=False) for each in lying)]))
    return Prepared(rulebook=rulebook, day=day, people=people)


def tell_result(score: Score) -> Result:
    """Tell what the others must find."""
    dimensions = tuple(score.dimensions[each.code] for each in score.rulebook.dimensions)
    return Result(score.points, score.level.code, score.incentives_suspended, dimensions)


def print_sample(files: CityFiles, day: date, *, people: int) -> None:
    """Print what a record costs each of them, as ratios to `evaluate`, and whether they agree."""
    rulebook, known_at = read_rulebook(day), files.known_at
    begun = process_time()
    sample = read_people(files, people)
    reading = process_time() - begun

    def score(somebody: Somebody) -> Score:
        return evaluate(somebody.records, rulebook, as_of=day, known_at=known_at, since=somebody.since)

    gc.collect()
    gc.disable()  # what was read stays, and nobody is to pay for looking at it again and again
    begun = process_time()
    for each in sample:
        score(each)
    alone = process_time() - begun
    scored = [(each, score(each)) for each in sample]
    records = sum(len(each.records) for each in sample)
    print(f"\nsample: {len(sample):,} people with {records:,} records      ns each  to evaluate")

    def show(name: str, seconds: float, remark: str = "") -> None:
        print(f"{name:42}{seconds / records * NANO:10.0f}{seconds / alone:13.2f}   {remark}", flush=True)

    show("evaluate", alone, "score, statement, reasons, next change")
    show("evaluate, records read from the files", reading + alone)
    prepared = prepare(rulebook, day, scored)
    wanted = [tell_result(score) for _, score in scored]
    for name, (needed, module) in OTHERS.items():
        if find_spec(needed) is None:
            print(f"{name:42}not installed: pip install -e '.[bench]'")
            continue
        seconds, found = import_module(module).run(prepared)
        different = sum(one != other for one, other in zip(found, wanted, strict=True))
        show(name, seconds, f"{different} people differ" if different else "the same points")


def list_years(rulebook: Rulebook, rule: Rule, day: date) -> list[int]:
    """List the calendar years of which a record under a rule may be in force on a day."""
    numbered = ((rulebook.rules[cell.rule_no].id, cell.validity.months or 0) for cell in list_cells(rulebook))
    longest = max(months for rule_id, months in numbered if rule_id == rule.id)
    return list(range(add_months(day, -longest).year, day.year + 1))
