"""A city's scenarios from their TOML document, or a refusal that lists every fault."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from scenarios.catalogue import Bounds, Scenario, ScenarioCatalogue, Wording
from scenarios.checking import find_defects
from scenarios.city_frame import CityFrame, Listed
from scenarios.entry_document import read_scenario, read_wording
from scoring.catalogue import Nature
from scoring.documents import DocumentError, Table, parse
from scoring.rulebook import Rulebook

FIGURES = ("published", "unpublished")


class _Head(NamedTuple):
    """What stands once in a document."""

    city: str
    levels: tuple[str, ...]
    figures_published: bool


def read_scenarios(text: str, name: str, rulebook: Rulebook | None) -> ScenarioCatalogue:
    """Read an edition against its city's rulebook; DocumentError names every fault, misuses included.

    None stands for a city whose rulebook we do not have: its document then gives the scale and what its lists rest on.
    """
    return build_scenarios(parse(text, name), name, rulebook)


def read_city_code(text: str, name: str) -> str:
    """Read which city an edition says it is of, empty when it does not; DocumentError when it is not TOML."""
    return Table(parse(text, name), name, []).table("catalogue").text("city", "")


def build_scenarios(values: Mapping[str, object], name: str, rulebook: Rulebook | None) -> ScenarioCatalogue:
    """Build an edition from parsed values; DocumentError names every fault, misuses included."""
    faults: list[str] = []
    document = Table(values, name, faults)
    table = document.table("catalogue")
    head = _Head(
        city=table.text("city"),
        levels=_read_levels(table),
        figures_published=table.one_of("figures", FIGURES) == "published",
    )
    frame = _read_frame(document, head, rulebook)
    lists, list_titles = _read_lists(document)
    catalogue = ScenarioCatalogue(
        city=head.city,
        version=table.version("version"),
        effective_on=table.day("effective_on"),
        digest=sha256(repr(sorted(values.items())).encode()).hexdigest()[:16],
        title=read_wording(table, "title"),
        region=table.text("region"),
        basis=table.text("basis"),
        note=table.text("note"),
        bounds=_read_bounds(document),
        levels=head.levels,
        lists=lists,
        list_titles=list_titles,
        scenarios=_read_all(document),
    )
    for each in (table, document):
        each.finish()
    if not faults:
        faults.extend(find_defects(catalogue, frame))
    if faults:
        raise DocumentError(name, faults)
    return catalogue


def _read_levels(table: Table) -> tuple[str, ...]:
    levels = table.codes("levels")
    if len(set(levels)) != len(levels):
        table.fault("levels", "names one twice; each level stands once, the highest first")
    return levels


def _read_frame(document: Table, head: _Head, rulebook: Rulebook | None) -> CityFrame:
    """Take what the scenarios refer to from the city's rulebook, or from the document where there is none."""
    if rulebook is None:
        scale = document.table("scale")
        frame = CityFrame(
            levels=head.levels,
            floor=scale.optional_integer("floor"),
            ceiling=scale.optional_integer("ceiling"),
            indicators=_read_indicators(document),
            figures_published=head.figures_published,
        )
        scale.finish()
        return frame
    for key in ("scale", "indicators"):
        if document.has(key):
            document.raw(key)
            document.fault(key, f"stands in the rulebook of {rulebook.city}; leave it out here")
    if rulebook.city != head.city:
        document.fault("catalogue.city", f"{head.city!r} is not the city of the rulebook given, {rulebook.city}")
    if head.figures_published and all(rule.grounds.origin != "published" for rule in rulebook.rules):
        document.fault("catalogue.figures", "no rule of the rulebook has a published figure; say unpublished")
    indicators = {
        code: Listed(each.name, each.nature, each.rule_class, _suspends(rulebook, code))
        for code, each in rulebook.catalogue.indicators.items()
        if "natural_person" in each.subjects
    }
    return CityFrame(
        levels=tuple(level.code for level in rulebook.levels),
        floor=rulebook.floor,
        ceiling=rulebook.ceiling,
        indicators=indicators,
        figures_published=head.figures_published,
    )


def _suspends(rulebook: Rulebook, code: str) -> bool:
    return any(rule.veto is not None for rule in rulebook.rules_by_indicator.get(code, ()))


def _read_indicators(document: Table) -> dict[str, Listed]:
    indicators: dict[str, Listed] = {}
    for table in document.tables("indicators", "code"):
        code = table.code("code")
        if code in indicators:
            table.fault("code", f"{code} stands twice; each indicator needs a code of its own")
        nature = Nature(table.one_of("nature", tuple(Nature)))
        indicators[code] = Listed(table.text("name"), nature, table.text("class"), nature is Nature.ADVERSE)
        table.finish()
    return indicators


def _read_lists(document: Table) -> tuple[dict[str, frozenset[str]], dict[str, Wording]]:
    lists: dict[str, frozenset[str]] = {}
    titles: dict[str, Wording] = {}
    for table in document.tables("lists", "code"):
        code = table.text("code")
        if code in lists:
            table.fault("code", f"{code} stands twice; each list needs a code of its own")
        lists[code] = frozenset(table.texts("indicators"))
        titles[code] = read_wording(table, "title")
        table.finish()
    return lists, titles


def _read_bounds(document: Table) -> Bounds:
    table = document.table("bounds")
    bounds = Bounds(
        open_grants=table.integer("open_grants"),
        overdue_grants=table.integer("overdue_grants"),
        held_fen=table.integer("held_fen"),
    )
    table.finish()
    return bounds


def _read_all(document: Table) -> dict[str, Scenario]:
    """Read the scenarios; what one excludes excludes it too."""
    tables = document.tables("scenarios", "code")
    if not tables:
        document.fault("scenarios", "is missing or empty; an edition offers something")
    scenarios: dict[str, Scenario] = {}
    excluded: dict[str, set[str]] = {}
    for table in tables:
        scenario = read_scenario(table)
        if scenario.code in scenarios:
            table.fault("code", f"{scenario.code} stands twice; each scenario needs a code of its own")
        scenarios[scenario.code] = scenario
        excluded.setdefault(scenario.code, set())
        for other in scenario.excludes:
            excluded[scenario.code].add(other)
            excluded.setdefault(other, set()).add(scenario.code)
    for code, scenario in scenarios.items():
        for unknown in sorted(scenario.excludes - scenarios.keys()):
            document.fault(f"scenarios[{code}].excludes", f"{unknown} is no scenario of this document")
    return {code: replace(each, excludes=frozenset(excluded[code])) for code, each in scenarios.items()}
