"""What bounds the points: highest-only groups, limits, and the freeze of a veto. Each bite is a line of its own."""

from collections import defaultdict

from scoring.rulebook import Exclusive, Limit
from scoring.statement import Line, LineKind


class Sheet:
    """The lines while they are drawn up. `left` runs beside `lines`: what remains of each line after cuts."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.left: list[int] = []
        self._by_rule: dict[str, list[int]] = {}

    def add(self, line: Line) -> None:
        """Put a line on the sheet, uncut."""
        if line.rule is not None:
            self._by_rule.setdefault(line.rule.id, []).append(len(self.lines))
        self.lines.append(line)
        self.left.append(line.points)

    def find_indexes(self, rules: frozenset[str]) -> list[int]:
        """Find the lines of some rules, in the order of the sheet."""
        found = [indexes for rule_id, indexes in self._by_rule.items() if rule_id in rules]
        return found[0] if len(found) == 1 else sorted(index for indexes in found for index in indexes)


def keep_highest(group: Exclusive, sheet: Sheet) -> None:
    """Cut all but the highest unit of a group; a unit is one record, or one curve with all its records."""
    units: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in sheet.find_indexes(group.rules):
        line = sheet.lines[index]
        if line.rule is not None and sheet.left[index] > 0:
            record = "" if line.rule.adds_up or line.record is None else line.record.record_id
            units[line.rule.id, record].append(index)
    if len(units) < 2:  # noqa: PLR2004 - one unit has no rival
        return
    ranked = sorted(units, key=lambda unit: (-sum(sheet.left[index] for index in units[unit]), unit))
    _cut(group, {index: 0 for unit in ranked[1:] for index in units[unit]}, LineKind.EXCLUSIVE, sheet)


def apply_limit(limit: Limit, sheet: Sheet) -> None:
    """Cut what exceeds a limit, the latest first: what was done beyond the limit adds nothing."""
    bound = limit.at_most if limit.at_most is not None else limit.at_least
    if bound is None:
        return
    sign = 1 if limit.at_most is not None else -1
    used: dict[int, int] = defaultdict(int)
    cuts: dict[int, int] = {}
    for index in sheet.find_indexes(limit.rules):
        rest, record = sheet.left[index] * sign, sheet.lines[index].record
        if rest <= 0:
            continue
        year = record.occurred_on.year if limit.by_year and record is not None else 0
        kept = min(rest, bound * sign - used[year])
        used[year] += kept
        if kept < rest:
            cuts[index] = kept * sign
    if cuts:
        _cut(limit, cuts, LineKind.LIMIT, sheet)


def _cut(bound: Limit | Exclusive, cuts: dict[int, int], kind: LineKind, sheet: Sheet) -> None:
    """Lower lines to what is left of them, and write one line a dimension that says how much was cut."""
    by_dimension: dict[str, int] = defaultdict(int)
    for index, rest in cuts.items():
        by_dimension[sheet.lines[index].dimension] += rest - sheet.left[index]
        sheet.left[index] = rest
    for dimension, points in sorted(by_dimension.items()):
        sheet.lines.append(Line(kind, points, dimension, bound=bound))
        sheet.left.append(0)


def freeze(sheet: Sheet) -> None:
    """Take back all plus points that are left, a line a dimension, while a veto is in force."""
    frozen: dict[str, int] = defaultdict(int)
    for line, rest in zip(sheet.lines, sheet.left, strict=True):
        if rest > 0 and line.kind is not LineKind.BASE:
            frozen[line.dimension] += rest
    for dimension, points in sorted(frozen.items()):
        sheet.add(Line(LineKind.FREEZE, -points, dimension))
