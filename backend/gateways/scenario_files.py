"""The scenarios of a city, read from the files that ship with the scenarios core."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable

from backend.gateways.rulebook_files import CityRules, read_document
from scenarios.cases import Case, read_cases
from scenarios.catalogue import ScenarioCatalogue, catalogue_on
from scenarios.scenario_document import read_scenarios
from scoring.documents import DocumentError
from scoring.rulebook import NoRulebookError, Rulebook

CATALOGUES = resources.files("scenarios") / "catalogues"


@dataclass(frozen=True, slots=True, kw_only=True)
class CityBenefits:
    """All editions of a city's scenarios, the earliest first; none where the city has no scenarios yet."""

    city: str
    editions: tuple[ScenarioCatalogue, ...] = ()

    def catalogue_on(self, day: date) -> ScenarioCatalogue | None:
        """Give the edition in force on a day; None before the first, and in a city without scenarios."""
        return catalogue_on(self.editions, day)


def read_benefits(city: str, rules: CityRules) -> CityBenefits:
    """Read every edition of a city's shipped scenarios against its rulebook.

    DocumentError names every fault of the first bad file. A city without a folder has no editions.
    """
    return read_folder(CATALOGUES / city, rules) if city in list_scenario_cities() else CityBenefits(city=city)


def read_folder(folder: Traversable, rules: CityRules | None) -> CityBenefits:
    """Read every edition in a folder, each against every rulebook of the city that it will stand beside.

    DocumentError names every fault of the first bad file.
    """
    editions = [read_edition(folder, name, rules) for name in list_edition_names(folder)]
    for edition, follower in zip(editions, [*editions[1:], None], strict=True):
        until = follower.effective_on if follower else date.max
        for rulebook in _list_rulebooks(rules, edition.effective_on, until):
            name = f"scenarios-{edition.effective_on.isoformat()}.toml"
            read_scenarios(read_document(folder, name), name, rulebook)
    return CityBenefits(city=editions[0].city, editions=tuple(editions))


def list_edition_names(folder: Traversable) -> tuple[str, ...]:
    """List the documents of a folder, the earliest first; DocumentError when there is none."""
    names = sorted(each.name for each in folder.iterdir() if each.name.startswith("scenarios-"))
    if not names:
        raise DocumentError(folder.name, ["has no scenarios-<day>.toml; a folder holds at least one edition"])
    return tuple(names)


def read_edition(folder: Traversable, name: str, rules: CityRules | None) -> ScenarioCatalogue:
    """Read one edition against the rulebook that was in force when it began; DocumentError names every fault."""
    effective_on = _day_of(name)
    try:
        rulebook = rules.rulebook_on(effective_on) if rules else None
    except NoRulebookError as error:
        raise DocumentError(name, [f"begins too early: {error}"]) from None
    edition = read_scenarios(read_document(folder, name), name, rulebook)
    if edition.effective_on != effective_on:
        raise DocumentError(name, [f"catalogue.effective_on: {edition.effective_on} is not the day in the file's name"])
    return edition


def read_edition_cases(folder: Traversable, edition: ScenarioCatalogue) -> tuple[Case, ...]:
    """Read the cases that belong to an edition; DocumentError when they are missing or faulty."""
    name = f"cases-{edition.effective_on.isoformat()}.toml"
    return read_cases(read_document(folder, name), name, edition)


def find_scenario_folder(city: str) -> Traversable:
    """Find the folder of a city's shipped scenarios; DocumentError names the cities that there are."""
    if city not in list_scenario_cities():
        raise DocumentError(city, [f"has no scenarios; there are those of {', '.join(list_scenario_cities())}"])
    return CATALOGUES / city


def list_scenario_cities() -> tuple[str, ...]:
    """List the cities whose scenarios are shipped."""
    return tuple(sorted(each.name for each in CATALOGUES.iterdir() if each.is_dir() and each.name[0] != "_"))


def _list_rulebooks(rules: CityRules | None, since: date, until: date) -> Iterator[Rulebook]:
    """Give the rulebooks that take effect while an edition is in force."""
    for rulebook in rules.editions if rules else ():
        if since < rulebook.effective_on < until:
            yield rulebook


def _day_of(name: str) -> date:
    try:
        return date.fromisoformat(name.removeprefix("scenarios-").removesuffix(".toml"))
    except ValueError:
        raise DocumentError(name, ["is not named scenarios-<day>.toml, such as scenarios-2026-01-01.toml"]) from None
