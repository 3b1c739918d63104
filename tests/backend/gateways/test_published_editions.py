from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend.gateways.published_editions import Published, load_published, read_announced, read_withdrawn
from backend.scores.edition_diary import EditionState, find_dated_edition, list_dated_editions
from backend.storage.database import Database
from backend.storage.editions import Edition, EditionKind, withdraw_edition
from tests.backend.editions import NEW_YEAR, make_rulebook, make_scenarios, publish
from tests.backend.web.probe import NOON, SHIPPED
from tests.databases import migrated_database

RULEBOOK, SCENARIOS = EditionKind.RULEBOOK, EditionKind.SCENARIOS


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """One engine is enough: what is kept is kept by the process."""
    with migrated_database(sqlite_url) as database:
        yield database


def load(database: Database) -> Published:
    with database.reading() as session:
        return load_published(session, "zhengzhou")


def test_what_stands_is_read_once_and_what_was_withdrawn_when_somebody_asks(database: Database) -> None:
    first = publish(database, RULEBOOK, make_rulebook())
    days = [NEW_YEAR + timedelta(days=number) for number in range(3)]
    for day in days:
        publish(database, SCENARIOS, make_scenarios(version=f"{day}", effective_on=day))
    known = load(database).announced
    for (edition, content), (same, again) in zip(known, load(database).announced, strict=True):
        assert content is not None
        assert content is again, edition.version
        assert edition == same
    with database.transaction() as session:
        assert isinstance(withdraw_edition(session, first, now=NOON), Edition)
    published = load(database)
    contents = {edition.edition_id: content for edition, content in published.announced}
    assert [each for each, content in contents.items() if content is None] == [first]
    (withdrawn,) = (each.edition for each in published.announced if each.edition.edition_id == first)
    assert read_withdrawn(withdrawn, published) is known[0].content
    # What is no longer listed, as that of another database, is forgotten.
    read_announced([], SHIPPED)
    assert read_withdrawn(withdrawn, published) == known[0].content
    assert read_withdrawn(withdrawn, published) is not known[0].content
    assert load(database).announced[1].content is not known[1].content


def test_a_withdrawn_edition_that_needs_another_one_is_told_without_its_contents(database: Database) -> None:
    wider = publish(database, RULEBOOK, make_rulebook(("ceiling = 200", "ceiling = 250")))
    beyond = make_scenarios(('level = "excellent"', "least_points = 220"), effective_on=NEW_YEAR + timedelta(days=9))
    needing = publish(database, SCENARIOS, beyond)
    with database.transaction() as session:
        for each in (needing, wider):
            assert isinstance(withdraw_edition(session, each, now=NOON), Edition)
    published = load(database)
    for kind, is_known in ((RULEBOOK, True), (SCENARIOS, False)):
        told, _ = list_dated_editions(published, kind, NEW_YEAR)
        assert (told.state, told.content is not None) == (EditionState.WITHDRAWN, is_known)
        assert find_dated_edition(published, kind, told.effective_on, NEW_YEAR) == told


def test_of_those_withdrawn_for_a_day_the_last_one_is_found_and_others_by_version(database: Database) -> None:
    for version, hours in (("a", 1), ("b", 3), ("c", 2)):
        edition_id = publish(database, SCENARIOS, make_scenarios(version=version))
        with database.transaction() as session:
            assert isinstance(withdraw_edition(session, edition_id, now=NOON + timedelta(hours=hours)), Edition)
    published = load(database)
    found = [find_dated_edition(published, SCENARIOS, NEW_YEAR, NEW_YEAR, version=each) for each in (None, "a", "x")]
    assert [each and each.version for each in found] == ["b", "a", None]
