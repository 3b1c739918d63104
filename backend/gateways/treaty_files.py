"""The treaties that ship with the scenarios core, each checked against the shipped scenarios of its cities."""

from collections.abc import Mapping
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from backend.gateways.rulebook_files import list_cities, read_city, read_document
from backend.gateways.scenario_files import CityBenefits, find_scenario_folder, list_scenario_cities, read_folder
from scenarios.catalogue import ScenarioCatalogue
from scenarios.treaty import Treaty
from scenarios.treaty_document import read_treaty, read_treaty_cities, read_treaty_start
from scoring.documents import DocumentError

TREATIES = resources.files("scenarios") / "treaties"


class TreatyDocument(NamedTuple):
    """A treaty with its text, the bytes of which (UTF-8) are what the cities sign, and the name of its file."""

    name: str
    text: str
    treaty: Treaty


def read_treaties(city: str | None = None) -> tuple[TreatyDocument, ...]:
    """Read the shipped treaties, those of one city when it is given, by id and then by start.

    DocumentError names every fault of the first bad file.
    """
    names = sorted(each.name for each in TREATIES.iterdir() if each.name.endswith(".toml"))
    if city is not None:
        names = [name for name in names if city in read_treaty_cities(read_document(TREATIES, name), name)]
    documents = [read_treaty_file(TREATIES, name) for name in names]
    return tuple(sorted(documents, key=lambda each: (each.treaty.id, each.treaty.starts_on)))


def read_treaty_file(folder: Traversable, name: str) -> TreatyDocument:
    """Read one treaty, named by its id and the day on which it starts; DocumentError names every fault."""
    text = read_document(folder, name)
    treaty = read_treaty(text, name, find_catalogues(text, name))
    expected = f"{treaty.id}-{treaty.starts_on.isoformat()}.toml"
    if name != expected:
        raise DocumentError(name, [f"is not named after its cities and its start; call it {expected}"])
    return TreatyDocument(name, text, treaty)


def find_catalogues(text: str, name: str, ours: CityBenefits | None = None) -> Mapping[str, ScenarioCatalogue]:
    """Find the scenarios of the cities of a treaty: the editions in force when it starts, or the first ones.

    Those that ship, and for the city of `ours` those that it announced, too. A city without any is left out.
    DocumentError when the text is not TOML or an edition is bad.
    """
    starts_on = read_treaty_start(text, name) or date.min
    found = {}
    for city in read_treaty_cities(text, name):
        if ours is not None and city == ours.city and ours.editions:
            found[city] = ours.catalogue_on(starts_on) or ours.editions[0]
        elif city in list_scenario_cities():
            rules = read_city(city) if city in list_cities() else None
            benefits = read_folder(find_scenario_folder(city), rules)
            found[city] = benefits.catalogue_on(starts_on) or benefits.editions[0]
    return found
