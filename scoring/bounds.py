"""What bounds the points: highest-only groups, limits, and the freeze of a veto. Each bite is a line of its own."""

from collections import defaultdict
from itertools import chain

from scoring.rulebook import Exclusive, Limit
from scoring.statement import Line, LineKind


class Sheet:
    """The lines while they are bounded. `left` runs beside `lines`: what remains of each line after cuts."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.left = [line.points for line in lines]
        self._by_rule: defaultdict[str, list[int]] = defaultdict(list)
        for index, line in enumerate(lines):
            rule = line.rule
            if rule is not None:
                self._by_rule[rule.id].append(index)

    def add(self, line: Line) -> None:
        """Put a line that belongs to no rule on the sheet; nothing bounds it any more."""
        self.lines.append(line)
        self.left.append(0)

    def find_indexes(self, rules: frozenset[str]) -> list[list[int]]:
        """Find the lines of some rules: those of each rule by themselves, in the order of the sheet."""
        if rules.isdisjoint(self._by_rule):
            return []
        return [self._by_rule[rule_id] for rule_id in rules if rule_id in self._by_rule]


def keep_highest(group: Exclusive, sheet: Sheet) -> None:
    """Cut all but the highest unit of a group; a unit is one record, or one curve with all its records."""
    units: dict[tuple[str, str], list[int]] = {}
    found = sheet.find_indexes(group.rules)
    for indexes in found:
        rule = sheet.lines[indexes[0]].rule
        if rule is None or (rule.adds_up and len(found) == 1):
            continue  # a lone curve has no rival
        for index in indexes:
            if sheet.left[index] > 0:
                record = None if rule.adds_up else sheet.lines[index].record
                units.setdefault((rule.id, "" if record is None else record.record_id), []).append(index)
    if len(units) < 2:  # noqa: PLR2004 - one unit has no rival
        return
    ranked = sorted(units, key=lambda unit: (-sum(sheet.left[index] for index in units[unit]), unit))
    _cut(group, {index: 0 for unit in ranked[1:] for index in units[unit]}, LineKind.EXCLUSIVE, sheet)


def apply_limit(limit: Limit, sheet: Sheet) -> None:
    """Cut what exceeds a limit, the latest first: what was done beyond the limit adds nothing."""
    found = sheet.find_indexes(limit.rules)
    bound = limit.at_most if limit.at_most is not None else limit.at_least
    if not found or bound is None:
        return
    sign = 1 if limit.at_most is not None else -1
    lines, left, by_year, most = sheet.lines, sheet.left, limit.by_year, bound * sign
    rooms: dict[int, int] = {}  # of each year, or of all together, what the limit still leaves
    cuts: dict[int, int] = {}
    for index in found[0] if len(found) == 1 else sorted(chain.from_iterable(found)):
        rest = left[index] * sign
        if rest <= 0:
            continue
        record = lines[index].record
        year = record.occurred_on.year if by_year and record is not None else 0
        room = rooms.get(year, most)
        if rest > room:
            cuts[index] = room * sign
            rest = room
        rooms[year] = room - rest
    if cuts:
        _cut(limit, cuts, LineKind.LIMIT, sheet)


def _cut(bound: Limit | Exclusive, cuts: dict[int, int], kind: LineKind, sheet: Sheet) -> None:
    """Lower lines to what is left of them, and write one line a dimension that says how much was cut."""
    by_dimension: dict[str, int] = {}
    for index, rest in cuts.items():
        dimension = sheet.lines[index].dimension
        by_dimension[dimension] = by_dimension.get(dimension, 0) + rest - sheet.left[index]
        sheet.left[index] = rest
    for dimension, points in sorted(by_dimension.items()):
        sheet.add(Line(kind, points, dimension, bound=bound))


def freeze(sheet: Sheet) -> None:
    """Take back all plus points that are left, a line a dimension, while a veto is in force."""
    frozen: dict[str, int] = defaultdict(int)
    for line, rest in zip(sheet.lines, sheet.left, strict=True):
        if rest > 0 and line.kind is not LineKind.BASE:
            frozen[line.dimension] += rest
    for dimension, points in sorted(frozen.items()):
        sheet.add(Line(LineKind.FREEZE, -points, dimension))
