"""The rules of a city, read from the files that ship with the scoring core."""

from dataclasses import dataclass
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable

from scoring.cases import Case, read_cases
from scoring.catalogue import Catalogue
from scoring.catalogue_document import read_catalogue
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook, rulebook_on
from scoring.rulebook_document import read_rulebook

RULEBOOKS = resources.files("scoring") / "rulebooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class CityRules:
    """All editions of a city's rulebook, the earliest first; each holds the catalogue it was written against."""

    city: str
    editions: tuple[Rulebook, ...]

    def rulebook_on(self, day: date) -> Rulebook:
        """Give the rulebook in force on a day; NoRulebookError before the first."""
        return rulebook_on(self.editions, day)

    def catalogue_on(self, day: date) -> Catalogue:
        """Give the catalogue in force on a day; NoRulebookError before the first."""
        return self.rulebook_on(day).catalogue


def find_city_folder(city: str) -> Traversable:
    """Find the folder of a city's shipped rules; DocumentError names the cities that there are."""
    if city not in list_cities():
        raise DocumentError(city, [f"there is no such city; there are {', '.join(list_cities())}"])
    return RULEBOOKS / city


def read_city(city: str) -> CityRules:
    """Read every edition of a city's shipped rules; DocumentError names every fault of the first bad file."""
    return read_rules(find_city_folder(city))


def read_rules(folder: Traversable) -> CityRules:
    """Read every edition in a folder; DocumentError names every fault of the first bad file."""
    editions = []
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.name.startswith("rulebook-"):
            catalogue_name = path.name.replace("rulebook-", "catalogue-")
            catalogue = read_catalogue(read_document(folder, catalogue_name), catalogue_name)
            editions.append(read_rulebook(read_document(folder, path.name), path.name, catalogue))
    if not editions:
        raise DocumentError(folder.name, ["has no rulebook-<day>.toml; a city needs at least one edition"])
    editions.sort(key=lambda edition: edition.effective_on)
    return CityRules(city=editions[0].city, editions=tuple(editions))


def read_edition_cases(folder: Traversable, edition: Rulebook) -> tuple[Case, ...]:
    """Read the cases that belong to an edition; DocumentError when they are missing or faulty."""
    name = f"cases-{edition.effective_on.isoformat()}.toml"
    return read_cases(read_document(folder, name), name, edition)


def read_document(folder: Traversable, name: str) -> str:
    """Read the text of a document; DocumentError when it is missing or not UTF-8."""
    try:
        return (folder / name).read_text("utf-8")
    except FileNotFoundError:
        raise DocumentError(name, [f"is missing; it belongs into {folder.name}/"]) from None
    except UnicodeDecodeError as error:
        raise DocumentError(name, [f"is not UTF-8: {error}"]) from None


def list_cities() -> tuple[str, ...]:
    """List the cities whose rules are shipped."""
    return tuple(sorted(each.name for each in RULEBOOKS.iterdir() if each.is_dir() and not each.name.startswith("_")))
