"""Tests of an edition in the words of a regulation: a person in, granted or what is not met out."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from scenarios.catalogue import Scenario, ScenarioCatalogue
from scenarios.decision import Person, Unmet, decide, find_clash
from scoring.documents import DocumentError, Table, parse

GIVEN = ("limit_fen", "charged_percent", "free_minutes")


class Case(NamedTuple):
    """One case. `unmet` is empty for a granted one; `given` are the figures that it says the benefit has.

    `beside` are scenarios of which the person has an open grant, `clashes` those of them that are in the way.
    """

    name: str
    scenario: str
    day: date
    region: str | None
    person: Person
    unmet: tuple[Unmet, ...]
    given: tuple[tuple[str, int], ...]
    beside: tuple[str, ...]
    clashes: tuple[str, ...]


class Verdict(NamedTuple):
    """A case after its run; no faults means it holds."""

    case: Case
    faults: tuple[str, ...]


def read_cases(text: str, name: str, catalogue: ScenarioCatalogue) -> tuple[Case, ...]:
    """Read the cases of an edition; DocumentError names every fault."""
    faults: list[str] = []
    document = Table(parse(text, name), name, faults)
    head = document.table("cases")
    if (head.text("city"), head.text("catalogue")) != (catalogue.city, catalogue.version):
        head.fault("catalogue", f"is not the edition given, {catalogue.city} {catalogue.version}")
    cases = tuple(_read_case(table, catalogue) for table in document.tables("case", "name"))
    for table in (head, document):
        table.finish()
    if faults:
        raise DocumentError(name, faults)
    return cases


def run_case(case: Case, catalogue: ScenarioCatalogue) -> Verdict:
    """Run a case and say where the decision differs from what it expects."""
    scenario = catalogue.scenarios[case.scenario]
    unmet = decide(catalogue, scenario, case.person, day=case.day, region=case.region)
    clashes = find_clash(scenario, case.beside)
    faults = []
    if unmet != case.unmet:
        faults.append(f"gives {_name(unmet)}, expected {_name(case.unmet)}")
    if clashes != case.clashes:
        faults.append(f"clashes with {', '.join(clashes) or 'none'}, expected {', '.join(case.clashes) or 'none'}")
    found = _list_given(scenario)
    if not case.unmet and found != case.given:
        faults.append(f"has the figures {dict(found)}, expected {dict(case.given)}")
    return Verdict(case, tuple(faults))


def list_parts(catalogue: ScenarioCatalogue) -> set[str]:
    """Name every part of an edition that a case must exercise: each scenario granted, and refused by each part."""
    parts = {"suspended"}
    for code, scenario in catalogue.scenarios.items():
        condition = scenario.condition
        present = {
            Unmet.LEVEL: condition.level is not None or condition.least_points is not None,
            Unmet.LIST: bool(condition.on_any_of or condition.on_none_of),
            Unmet.AGE: condition.least_age is not None or condition.greatest_age is not None,
            Unmet.REGION: bool(condition.regions),
        }
        parts |= {f"{code} granted"} | {f"{code} {part}" for part, is_asked in present.items() if is_asked}
        parts |= {f"{code} beside {other}" for other in scenario.excludes if other >= code}
    return parts


def find_exercised(cases: Iterable[Case]) -> set[str]:
    """Name the parts that some cases exercise, in the names of `list_parts`."""
    exercised: set[str] = set()
    for case in cases:
        exercised |= {f"{case.scenario} {part}" for part in case.unmet or ("granted",)}
        exercised |= {"suspended"} if Unmet.SUSPENDED in case.unmet else set()
        for other in case.clashes:
            first, second = sorted((case.scenario, other))
            exercised.add(f"{first} beside {second}")
    return exercised


def _read_case(table: Table, catalogue: ScenarioCatalogue) -> Case:
    given = table.table("given")
    scenario = table.text("scenario")
    if scenario and scenario not in catalogue.scenarios:
        table.unknown("scenario", scenario, catalogue.scenarios, "scenario of the edition")
    case = Case(
        name=table.text("name"),
        scenario=scenario,
        day=table.day("day"),
        region=table.text("region") if table.has("region") else None,
        person=_read_person(table.table("person"), catalogue),
        unmet=_read_outcome(table),
        given=tuple((name, given.integer(name)) for name in GIVEN if given.has(name)),
        beside=table.texts("beside"),
        clashes=tuple(sorted(table.texts("clashes"))),
    )
    for key in ("beside", "clashes"):
        for unknown in sorted({*getattr(case, key)} - catalogue.scenarios.keys()):
            table.unknown(key, unknown, catalogue.scenarios, "scenario of the edition")
    for each in (given, table):
        each.finish()
    return case


def _read_person(table: Table, catalogue: ScenarioCatalogue) -> Person:
    person = Person(
        level=table.one_of("level", catalogue.levels) if table.has("level") else None,
        points=table.optional_integer("points"),
        incentives_suspended=table.flag("incentives_suspended", default=False),
        born_on=table.optional_day("born_on"),
        lists=frozenset(table.texts("lists")),
    )
    unknown = sorted(person.lists - catalogue.lists.keys())
    if unknown:
        table.fault("lists", f"{', '.join(unknown)} is not one of {', '.join(catalogue.lists) or '(none given)'}")
    table.finish()
    return person


def _read_outcome(table: Table) -> tuple[Unmet, ...]:
    """Read `granted = true`, or what is not met; exactly one of them says how the case ends."""
    unmet = table.texts("unmet")
    if table.has("granted") == bool(unmet) or not table.flag("granted", default=True):
        table.fault("granted", "stands as `granted = true`, or `unmet = [...]` names what is not met; give one of them")
    unknown = sorted(set(unmet) - set(Unmet))
    if unknown:
        table.fault("unmet", f"{', '.join(unknown)} is not one of {', '.join(Unmet)}")
    return tuple(part for part in Unmet if part in unmet)


def _list_given(scenario: Scenario) -> tuple[tuple[str, int], ...]:
    figures = ((name, getattr(scenario.benefit, name)) for name in GIVEN)
    return tuple((name, figure) for name, figure in figures if figure is not None)


def _name(unmet: tuple[Unmet, ...]) -> str:
    return f"unmet {', '.join(unmet)}" if unmet else "granted"
