"""The rulebook as variables of OpenFisca-Core: what each deed is worth, what each rule adds for a citizen, and the sum.

Records are OpenFisca's persons, citizens their group, as its members are summed by group and nothing else is. The
variables are made from the rulebook for a day; limits and groups as in `rescore_zen`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from time import process_time
from typing import Any, TypeAlias

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.rescore_sample import Prepared, Result, list_years
from scoring.population.cells import Cell, list_cells
from scoring.population.pots import find_alive_from
from scoring.pricing import Choice, Condition, Curve, Streak
from scoring.records import Value
from scoring.rulebook import Rule, Rulebook

LONGEST_STREAK = 10  # more than any rulebook counts
NEVER, MISSING, NO_VETO = 10**9, -(10**9), -2
# What OpenFisca hands about has no types: arrays of numpy, a population, a period.
Numbers: TypeAlias = Any
Members: TypeAlias = Any
Period: TypeAlias = Any
Formula: TypeAlias = Callable[[Members, Period], Numbers]


def run(prepared: Prepared) -> tuple[float, list[Result]]:
    """Give the seconds of one simulation of all people, and what it found; making the arrays is not counted."""
    rulebook, day = prepared.rulebook, prepared.day
    system = System(rulebook, day)
    inputs = _tell(prepared, system.codes)
    owners = [number for number, (_, standing) in enumerate(prepared.people) for _ in standing]
    begun = process_time()
    builder = SimulationBuilder()
    builder.create_entities(system.benefits)
    builder.declare_person_entity("deed", range(len(owners)))
    citizens = builder.declare_entity("citizen", range(len(prepared.people)))
    citizens.members_entity_id = np.array(owners)  # `join_with_persons` would lose citizens without records
    simulation = builder.build(system.benefits)
    for name, values in inputs.items():
        simulation.set_input(name, str(day), values)
    points = simulation.calculate("points", str(day))
    rank = simulation.calculate("rank", str(day))
    veto = simulation.calculate("veto", str(day))
    sums = [simulation.calculate(f"points_{each.code}", str(day)) for each in rulebook.dimensions]
    seconds = process_time() - begun
    found = [
        Result(int(points[n]), rulebook.levels[rank[n]].code, bool(veto[n] > NO_VETO), tuple(int(s[n]) for s in sums))
        for n in range(len(prepared.people))
    ]
    return seconds, found


def _tell(prepared: Prepared, codes: dict[str, int]) -> dict[str, Numbers]:
    """Give the columns of deeds and citizens; choices and indicators as the numbers that `codes` has."""
    standing = [each for _, mine in prepared.people for each in mine]
    records = [each.record for each in standing]
    catalogue = prepared.rulebook.catalogue
    names = sorted({name for each in catalogue.indicators.values() for name in each.items})

    def number(value: Value | None) -> int:
        if value is None:
            return MISSING
        return codes.get(value, MISSING) if isinstance(value, str) else int(value)

    columns: dict[str, Sequence[int]] = {
        "indicator": [codes.get(each.indicator, MISSING) for each in records],
        "begun_on": [each.occurred_on.toordinal() for each in records],
        "begun_year": [each.occurred_on.year for each in records],
        "ended_on": [NEVER if each.ended_on is None else each.ended_on.toordinal() for each in records],
        "ended_year": [(each.ended_on or prepared.day).year for each in records],
        "stands": [int(each.stands) for each in standing],
        "waits": [int(each.suspended) for each in records],
        "first_year": [each.since.year + ((each.since.month, each.since.day) != (1, 1)) for each, _ in prepared.people],
    }
    for name in names:
        columns[f"item_{name}"] = [number(each.fields.get(name)) for each in records]
    return {name: np.array(values, dtype=np.int64).astype(np.int64) for name, values in columns.items()}


class System:
    """The variables of a rulebook on a day; `codes` are the numbers of choices and indicators."""

    def __init__(self, rulebook: Rulebook, day: date) -> None:
        """Make all variables; the names of items are those of the catalogue."""
        self.rulebook, self.day = rulebook, day
        indicators = rulebook.catalogue.indicators.values()
        words = {code for each in indicators for item in each.items.values() for code in item.choices}
        words |= {each.code for each in indicators}
        self.codes = {word: number for number, word in enumerate(sorted(words))}
        self.deed = build_entity(key="deed", plural="deeds", label="", is_person=True)
        roles = [{"key": "member", "plural": "members", "label": ""}]
        self.citizen = build_entity(key="citizen", plural="citizens", label="", roles=roles)
        self.benefits = TaxBenefitSystem([self.deed, self.citizen])
        for name in ("indicator", "begun_on", "begun_year", "ended_on", "ended_year", "stands", "waits"):
            self._add(name, self.deed)
        for name in sorted({item for each in indicators for item in each.items}):
            self._add(f"item_{name}", self.deed)
        self._add("first_year", self.citizen)
        self.cells: dict[str, list[Cell]] = {rule.id: [] for rule in rulebook.rules}
        for cell in list_cells(rulebook):
            self.cells[rulebook.rules[cell.rule_no].id].append(cell)
        for rule in rulebook.rules:
            self._add_rule(rule, self.cells[rule.id])
        self._add_facts()
        for dimension in rulebook.dimensions:
            self._add(f"points_{dimension.code}", self.citizen, self._add_up(dimension.code))
        self._add("points", self.citizen, self._clamp)
        self._add("rank", self.citizen, self._rank)

    def _add(self, name: str, entity: object, formula: Formula | None = None) -> None:
        attributes: dict[str, Any] = {"value_type": int, "entity": entity, "definition_period": DateUnit.DAY}
        if formula is not None:
            # it must be a plain function of two
            attributes["formula"] = lambda population, period: formula(population, period)  # noqa: PLW0108
        self.benefits.add_variable(type(name, (Variable,), attributes))

    def _add_rule(self, rule: Rule, cells: list[Cell]) -> None:
        """Add of each deed what it is worth by the rule, and what of it counts; of a citizen what the rule adds."""
        if isinstance(rule.pricing, Streak):
            self._add(_name("of", rule), self.citizen, self._count_years(rule.pricing))
            return
        self._add(_name("matches", rule), self.deed, lambda deed, period: self._match(deed, period, cells) + 1)
        self._add(_name("value", rule), self.deed, lambda deed, period: self._value(deed, period, rule, cells))
        self._add(_name("counts", rule), self.deed, lambda deed, period: self._count(deed, period, rule, cells))
        self._add(_name("of", rule), self.citizen, lambda citizen, period: self._bound(citizen, period, rule))

    def _match(self, deed: Members, period: Period, cells: list[Cell]) -> Numbers:
        """Give the place of the first cell that applies to each deed, or -1."""
        found = np.full(deed.count, -1)
        is_mine = deed("indicator", period) == self.codes[cells[0].indicator]
        for place in reversed(range(len(cells))):
            holds = is_mine
            for condition in cells[place].conditions:
                holds = holds & self._hold(condition, deed(f"item_{condition.field}", period))
            found = np.where(holds, place, found)
        return found

    def _hold(self, condition: Condition, values: Numbers) -> Numbers:
        if isinstance(condition, Choice):
            return np.isin(
                values, [self.codes[each] if isinstance(each, str) else int(each) for each in condition.allowed]
            )
        least = MISSING + 1 if condition.least is None else condition.least
        return (values >= least) & (values <= (NEVER if condition.most is None else condition.most))

    def _value(self, deed: Members, period: Period, rule: Rule, cells: list[Cell]) -> Numbers:
        """Give points alone, or along a curve the amount."""
        place = deed(_name("matches", rule), period)
        value = np.zeros(deed.count, dtype=np.int64)
        for number, cell in enumerate(cells, 1):
            item = cell.times or cell.stated or (cell.curve and cell.curve.field)
            factor = cell.points if cell.times else 1
            value = np.where(place == number, deed(f"item_{item}", period) * factor if item else cell.points, value)
        return value

    def _count(self, deed: Members, period: Period, rule: Rule, cells: list[Cell]) -> Numbers:
        """Tell which deeds match the rule, stand, have begun and have not lapsed."""
        place, begun_on = deed(_name("matches", rule), period), deed("begun_on", period)
        counts = np.zeros(deed.count, dtype=bool)
        for number, cell in enumerate(cells, 1):
            begin = deed("ended_on", period) if cell.validity.from_end else begun_on
            counts |= (place == number) & (begin >= find_alive_from(cell.validity, self.day).toordinal())
        return counts & (begun_on <= self.day.toordinal()) & (deed("stands", period) > 0)

    def _bound(self, citizen: Members, period: Period, rule: Rule) -> Numbers:
        """Give what a rule adds: by year where it is counted so, along its curve, within its limit."""
        value = citizen.members(_name("value", rule), period) * citizen.members(_name("counts", rule), period)
        curve = rule.pricing if isinstance(rule.pricing, Curve) else None
        limit = next((each for each in self.rulebook.rule_limits if rule.id in each.rules), None)
        if curve is None and any(rule.id in group.rules for group in self.rulebook.exclusives):
            return _find_highest(citizen, value, {cell.points for cell in self.cells[rule.id]})
        years: Sequence[int | None] = (None,)
        if (curve and curve.by_year) or (limit and limit.by_year):
            years = list_years(self.rulebook, rule, self.day)
        added = np.zeros(citizen.count)
        for year in years:
            mine = value if year is None else value * (citizen.members("begun_year", period) == year)
            summed = citizen.sum(mine)
            points = summed if curve is None else _climb(curve, summed)
            added += points if limit is None or limit.at_most is None else np.minimum(points, limit.at_most)
        return added

    def _add_facts(self) -> None:
        vetoes = {_name("counts", rule): rule.veto.severity for rule in self.rulebook.rules if rule.veto is not None}

        def find_veto(citizen: Members, period: Period) -> Numbers:
            found = np.full(citizen.count, NO_VETO)
            for name, severity in vetoes.items():
                found = np.where(citizen.any(citizen.members(name, period) > 0), np.maximum(found, severity), found)
            return found

        self._add("veto", self.citizen, find_veto)
        self._add("marred", self.citizen, self._find_marred)

    def _find_marred(self, citizen: Members, period: Period) -> Numbers:
        """Give the last year before this one that a record marred, or 0."""
        last = self.day.year - 1
        begun, until = citizen.members("begun_year", period), citizen.members("ended_year", period)
        free = (citizen.members("waits", period) == 0) & (begun <= last)
        found = np.zeros(citizen.members.count, dtype=np.int64)
        for rule in self.rulebook.rules:
            cells = self.cells[rule.id]
            if not any(cell.points < 0 or rule.veto is not None for cell in cells):
                continue
            value = citizen.members(_name("value", rule), period)
            mars = (
                (citizen.members(_name("matches", rule), period) > 0) & ((value < 0) | (rule.veto is not None)) & free
            )
            year = np.minimum(np.maximum(begun, until), last) if cells[0].validity.from_end else begun
            found = np.where(mars, np.maximum(found, year), found)
        return _find_highest(citizen, found, range(last - LONGEST_STREAK, last + 1))

    def _count_years(self, streak: Streak) -> Formula:
        def count(citizen: Members, period: Period) -> Numbers:
            first, marred = citizen("first_year", period), citizen("marred", period)
            clean = self.day.year - 1 - np.maximum(first - 1, marred)
            return np.clip(clean, 0, streak.most) * streak.points

        return count

    def _add_up(self, dimension: str) -> Formula:
        """Add a dimension up: the highest of a group only, and nothing above nought while a veto stands."""
        mine = [rule for rule in self.rulebook.rules if rule.dimension == dimension]
        groups = [group.rules for group in self.rulebook.exclusives]

        def add(citizen: Members, period: Period) -> Numbers:
            plus, minus = np.zeros(citizen.count), np.zeros(citizen.count)
            for rule in mine:
                points = citizen(_name("of", rule), period)
                if not any(rule.id in group for group in groups):
                    plus += np.maximum(points, 0)
                minus += np.minimum(points, 0)
            for group in groups:
                units = [citizen(_name("of", rule), period) for rule in mine if rule.id in group]
                plus += np.maximum(np.max(units, axis=0), 0) if units else 0
            return np.where(citizen("veto", period) > NO_VETO, 0, plus) + minus

        return add

    def _clamp(self, citizen: Members, period: Period) -> Numbers:
        sums = [citizen(f"points_{each.code}", period) for each in self.rulebook.dimensions]
        return np.clip(self.rulebook.base + np.sum(sums, axis=0), self.rulebook.floor, self.rulebook.ceiling)

    def _rank(self, citizen: Members, period: Period) -> Numbers:
        points = citizen("points", period)
        bands = [(points >= each.at_least, each.rank) for each in self.rulebook.levels if each.at_least is not None]
        ranks = np.select([band for band, _ in bands], [rank for _, rank in bands], self.rulebook.levels[-1].rank)
        return np.maximum(ranks, citizen("veto", period))


def _name(what: str, rule: Rule) -> str:
    return f"{what}_{rule.id.replace('-', '_')}"


def _find_highest(citizen: Members, values: Numbers, known: Iterable[int]) -> Numbers:
    """Give the highest value of each citizen, which is one of those known, or 0.

    OpenFisca's own `max` goes member by member, as often as whoever has most has members.
    """
    found = np.zeros(citizen.count)
    for value in sorted(each for each in known if each > 0):
        found = np.where(citizen.any(values == value), value, found)
    return found


def _climb(curve: Curve, amount: Numbers) -> Numbers:
    points = np.zeros(len(amount))
    for ramp in curve.ramps:
        reached = ramp.reached + (amount - ramp.start) // ramp.per * ramp.points
        points = np.where(amount >= ramp.start, reached, points)
    return points
