"""Documents of editions of Zhengzhou for tests: what ships, with another version and day, and what a test changes."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from backend.gateways.announcing import Announced, announce
from backend.gateways.rulebook_files import find_city_folder, read_document
from backend.gateways.scenario_files import find_scenario_folder
from backend.storage.database import Database
from backend.storage.editions import Announcement, EditionKind
from tests.backend.web.probe import NOON, SHIPPED

NEW_YEAR = date(2027, 1, 1)
_FIRST = "2026-01-01"
BLOOD = "ZZ-E-02"
TOLD = Announcement(summary="调整奖励标准", reason="市政府2026年第21次常务会议决定")


def make_rulebook(*changes: tuple[str, str], version: str = "2027.1", effective_on: date = NEW_YEAR) -> dict[str, str]:
    """The documents of a rulebook; each change replaces a text that stands in it once."""
    folder = find_city_folder("zhengzhou")
    documents = {name: read_document(folder, f"{name}-{_FIRST}.toml") for name in ("rulebook", "catalogue", "cases")}
    documents["rulebook"] = _change(documents["rulebook"], version, effective_on, changes)
    documents["cases"] = documents["cases"].replace('rulebook = "2026.1"', f'rulebook = "{version}"', 1)
    return documents


def make_scenarios(*changes: tuple[str, str], version: str = "2027.1", effective_on: date = NEW_YEAR) -> dict[str, str]:
    """The documents of an edition of the scenarios; each change replaces a text that stands in it once."""
    folder = find_scenario_folder("zhengzhou")
    documents = {name: read_document(folder, f"{name}-{_FIRST}.toml") for name in ("scenarios", "cases")}
    documents["scenarios"] = _change(documents["scenarios"], version, effective_on, changes)
    documents["cases"] = documents["cases"].replace('catalogue = "2026.1"', f'catalogue = "{version}"', 1)
    return documents


def _change(text: str, version: str, effective_on: date, changes: tuple[tuple[str, str], ...]) -> str:
    head = (
        ('version = "2026.1"', f'version = "{version}"'),
        (f"effective_on = {_FIRST}", f"effective_on = {effective_on}"),
    )
    for old, new in (*head, *changes):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def publish(
    database: Database, kind: EditionKind, documents: Mapping[str, str], announcement: Announcement = TOLD
) -> UUID:
    """Announce an edition at noon of the tests' day, and give its id."""
    with database.transaction() as session:
        done = announce(session, SHIPPED, kind, documents, announcement, now=NOON)
    assert isinstance(done, Announced), done
    return done.edition.edition_id
