import pytest

from backend.gateways.paper import print_pdf
from backend.impact.figures import Impact
from backend.impact.measuring import Counted, count_people, report_impact
from backend.impact.page import write_page
from backend.impact.tallying import Change
from backend.population.city_files import CityFiles
from tests.backend.impact.hand_city import AS_OF, NEW, NEW_OFFERS, OLD, OLD_OFFERS, write_city

LEAST = 6  # of the city's groups some are told, in whole threes, and some are not


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> CityFiles:
    """The files of the city that is worked out by hand."""
    return write_city(tmp_path_factory.mktemp("hand") / "city")


@pytest.fixture(scope="session")
def told() -> list[tuple[int, int]]:
    """What was told on the way of how far the counting was."""
    return []


@pytest.fixture(scope="session")
def counted(city: CityFiles, told: list[tuple[int, int]]) -> Counted:
    """What was counted of its people."""
    change = Change(old=OLD, new=NEW, old_benefits=OLD_OFFERS, new_benefits=NEW_OFFERS, as_of=AS_OF, seed="seed")
    return count_people(city, change, lambda *each: told.append(each))


@pytest.fixture(scope="session")
def impact(city: CityFiles, counted: Counted) -> Impact:
    """What the change does to it, exactly."""
    return report_impact(city, counted, least_group=1)


@pytest.fixture(scope="session")
def rounded(city: CityFiles, counted: Counted) -> Impact:
    """The same as it is told where fewer than `LEAST` people are not."""
    return report_impact(city, counted, least_group=LEAST)


@pytest.fixture(scope="session")
def page(impact: Impact) -> str:
    """The report of it."""
    return write_page(impact)


@pytest.fixture(scope="session")
def paper(page: str) -> bytes:
    """The same as PDF."""
    return print_pdf(page)
