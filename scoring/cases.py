"""Tests of a rulebook in the regulation's words: facts in, the expected statement out, and what they exercise."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, cast

from scoring.catalogue import Catalogue
from scoring.days import end_of
from scoring.documents import DocumentError, Table, parse
from scoring.evaluation import evaluate
from scoring.pricing import ByTable, Curve
from scoring.records import Event, EventKind, Record, Value
from scoring.rulebook import Rule, Rulebook
from scoring.statement import LineKind, Score

STATUSES = {
    "withdrawn": EventKind.WITHDRAWN,
    "repaired": EventKind.REPAIRED,
    "objected": EventKind.OBJECTED,
}
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MOST_STEPS = 1_500_000  # of all cases together: some seconds; cities take some ten thousand
_STREAK_STEPS = 10  # a streak looks at each year
# Lines of a statement that belong to no rule, limit or group.
OTHER_LINES = frozenset({kind.value for kind in (LineKind.BASE, LineKind.REPEAT, LineKind.FREEZE, LineKind.CLAMP)})


class Case(NamedTuple):
    """One case. `lines` maps rule, limit and group ids, `base`, `freeze`, `clamp` and `repeat` to points."""

    name: str
    as_of: date
    since: date
    records: tuple[Record, ...]
    score: int
    level: str
    lines: Mapping[str, int]


class _Known(NamedTuple):
    """What the cases of one rulebook may name; `causes` are what a line may come from."""

    catalogue: Catalogue
    causes: frozenset[str]
    levels: tuple[str, ...]


class Verdict(NamedTuple):
    """A case after its run; no faults means it holds."""

    case: Case
    score: Score
    faults: tuple[str, ...]


def read_cases(text: str, name: str, rulebook: Rulebook) -> tuple[Case, ...]:
    """Read the cases of a rulebook; DocumentError names every fault, rows that the catalogue would refuse included."""
    faults: list[str] = []
    document = Table(parse(text, name), name, faults)
    head = document.table("cases")
    if (head.text("city"), head.text("rulebook")) != (rulebook.city, rulebook.version):
        head.fault("rulebook", f"is not the rulebook given, {rulebook.city} {rulebook.version}")
    head.finish()
    causes = {each.id for group in (rulebook.rules, rulebook.limits, rulebook.exclusives) for each in group}
    known = _Known(rulebook.catalogue, frozenset(causes | OTHER_LINES), tuple(level.code for level in rulebook.levels))
    cases = tuple(_read_case(table, known) for table in document.tables("case", "name"))
    document.finish()
    steps = 0 if faults else _count_steps(cases, rulebook)
    if steps > MOST_STEPS:
        faults.append(
            f"{name}: take {steps} steps to run, each record by each rule and limit; {MOST_STEPS} are the most,"
            " so leave out some"
        )
    if faults:
        raise DocumentError(name, faults)
    return cases


def _count_steps(cases: tuple[Case, ...], rulebook: Rulebook) -> int:
    """Count what running cases takes at most: each record is held against the rules of its indicator and the limits."""
    parts = {code: sum(len(_parts_of(rule)) for rule in rules) for code, rules in rulebook.rules_by_indicator.items()}
    bounds = len(rulebook.limits) + len(rulebook.exclusives)
    alone = bounds + len(rulebook.levels) + len(rulebook.dimensions) + _STREAK_STEPS * len(rulebook.streaks)
    return sum(alone + sum(bounds + parts.get(record.indicator, 0) for record in case.records) for case in cases)


def _read_case(table: Table, known: _Known) -> Case:
    as_of = table.day("as_of")
    lines = table.raw("lines") or {}
    if not isinstance(lines, dict) or not all(isinstance(points, int) for points in lines.values()):
        table.fault("lines", "is not a table of rule id to points")
        lines = {}
    for unknown in sorted(lines.keys() - known.causes):
        table.unknown("lines", unknown, known.causes, "rule, limit or group of the rulebook")
    level = table.text("level", "")
    if level and level not in known.levels:
        table.unknown("level", level, known.levels, "level of the rulebook")
    rows = enumerate(table.tables("records"))
    case = Case(
        name=table.text("name"),
        as_of=as_of,
        since=table.day("since", as_of),
        records=tuple(_read_record(row, f"r{index}", known.catalogue) for index, row in rows),
        score=table.integer("score"),
        level=level,
        lines=cast("dict[str, int]", lines),
    )
    table.finish()
    return case


def _read_record(table: Table, record_id: str, catalogue: Catalogue) -> Record:
    code = table.text("indicator")
    fields = table.raw("fields") or {}
    if not isinstance(fields, dict):
        table.fault("fields", "is not a table of items")
        fields = {}
    indicator = catalogue.indicators.get(code)
    if indicator is None:
        table.unknown("indicator", code, catalogue.indicators, "indicator of the catalogue")
    else:
        for fault in indicator.find_field_faults(cast("dict[str, Value]", fields)):
            table.fault("fields", fault)
    status = table.one_of("status", tuple(STATUSES)) if table.has("status") else ""
    record = Record(
        record_id=record_id,
        indicator=code,
        known_at=LONG_AGO,
        occurred_on=table.day("occurred_on"),
        ended_on=table.optional_day("ended_on"),
        fields=cast("dict[str, Value]", fields),
        act=table.text("act", "") or None,
        events=(Event(STATUSES[status], LONG_AGO + timedelta(days=1)),) if status else (),
    )
    table.finish()
    return record


def run_case(case: Case, rulebook: Rulebook) -> Verdict:
    """Run a case and say where the statement differs from what it expects."""
    score = evaluate(case.records, rulebook, as_of=case.as_of, known_at=end_of(case.as_of), since=case.since)
    found = sum_lines(score)
    faults = []
    if score.points != case.score:
        faults.append(f"score is {score.points}, expected {case.score}")
    if case.level and score.level.code != case.level:
        faults.append(f"level is {score.level.code}, expected {case.level}")
    faults.extend(
        f"{key} gives {found[key]}, expected {points}" for key, points in case.lines.items() if found[key] != points
    )
    return Verdict(case, score, tuple(faults))


def sum_lines(score: Score) -> Counter[str]:
    """Sum the points of a score by rule, limit or group id; repeats of all rules stand under `repeat`."""
    sums: Counter[str] = Counter()
    for line in score.lines:
        sums["repeat" if line.kind is LineKind.REPEAT else line.cause_id] += line.points
    return sums


def list_parts(rulebook: Rulebook) -> set[str]:
    """Name every part of a rulebook that a case must exercise: rules, rows, segments, stairs, limits and groups."""
    parts = {each.id for group in (rulebook.exclusives, rulebook.limits) for each in group}
    for rule in rulebook.rules:
        parts |= set(_parts_of(rule))
    if rulebook.repeats:
        parts.add("repeat")
    return parts


def find_exercised(verdicts: list[Verdict]) -> set[str]:
    """Name the parts that the runs of some cases exercised, in the names of `list_parts`."""
    exercised: set[str] = set()
    for verdict in verdicts:
        amounts: Counter[tuple[str, int]] = Counter()
        for line in verdict.score.lines:
            exercised.add("repeat" if line.kind is LineKind.REPEAT else line.cause_id)
            if line.rule is None or line.record is None or line.kind is not LineKind.RECORD:
                continue
            fields = line.record.fields
            if isinstance(line.rule.pricing, ByTable):
                exercised |= {
                    f"{line.rule.id} row {index + 1}"
                    for index, row in enumerate(line.rule.pricing.rows)
                    if row.condition.holds(fields)
                }
            elif isinstance(line.rule.pricing, Curve):
                year = line.record.occurred_on.year if line.rule.pricing.by_year else 0
                amounts[line.rule.id, year] += int(fields[line.rule.pricing.field])
                exercised |= set(_reached(line.rule.id, line.rule.pricing, amounts[line.rule.id, year]))
    return exercised


def list_published(rulebook: Rulebook) -> dict[int, str]:
    """Map each row number of the published table to the part of the rulebook that carries it."""
    published: dict[int, str] = {}
    for rule in rulebook.rules:
        published.update(dict.fromkeys(rule.published, rule.id))
        for part, numbers in _parts_of(rule).items():
            published.update(dict.fromkeys(numbers, part))
    return published


def _parts_of(rule: Rule) -> dict[str, tuple[int, ...]]:
    match rule.pricing:
        case ByTable(rows=rows):
            return {f"{rule.id} row {index + 1}": row.published for index, row in enumerate(rows)}
        case Curve(segments=segments, stairs=stairs):
            parts = {f"{rule.id} segment {index + 1}": part.published for index, part in enumerate(segments)}
            return parts | {f"{rule.id} step {index + 1}": part.published for index, part in enumerate(stairs)}
        case _:
            return {rule.id: rule.published}


def _reached(rule_id: str, curve: Curve, amount: int) -> list[str]:
    """Name the segment or stair in which a sum lies: the one whose figures the last points came from."""
    stairs = [index for index, stair in enumerate(curve.stairs) if stair.from_amount <= amount]
    starts = [0, *(segment.to or 0 for segment in curve.segments[:-1])]
    segments = [index for index, start in enumerate(starts) if curve.segments and start < amount]
    if stairs:
        return [f"{rule_id} step {stairs[-1] + 1}"]
    return [f"{rule_id} segment {segments[-1] + 1}"] if segments else []
