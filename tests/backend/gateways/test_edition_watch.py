from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backend.gateways.edition_watch import PublishedEditions
from backend.storage.database import Database, StorageUnavailableError
from backend.storage.editions import EditionKind, find_deadline, find_settled_moment, withdraw_edition
from scoring.documents import DocumentError
from tests.backend.editions import NEW_YEAR, make_rulebook, make_scenarios, publish
from tests.backend.web.probe import HOUR, NOON, SHIPPED
from tests.databases import run_sql, statements_noted

ALWAYS, DAY = timedelta(0), timedelta(days=1)
MOMENT = timedelta(microseconds=1)
NOWHERE = "sqlite:////nowhere/at/all.sqlite"


def versions(watch: PublishedEditions, now: datetime) -> list[str]:
    return [edition.version for edition in watch.look(now).rules.editions]


def test_every_process_has_an_edition_when_its_day_begins_without_being_told(database: Database) -> None:
    # Both have looked and would not look again for long; one is idle from then on, the other asked all the time.
    idle, busy = (PublishedEditions(database, SHIPPED, fresh_for=HOUR) for _ in range(2))
    assert versions(idle, NOON) == versions(busy, NOON) == ["2026.1"]
    publish(database, EditionKind.RULEBOOK, make_rulebook())
    publish(database, EditionKind.SCENARIOS, make_scenarios())
    just_before, first = find_settled_moment(NEW_YEAR) - MOMENT, find_deadline(NEW_YEAR) + HOUR + MOMENT
    assert versions(busy, just_before - DAY) == ["2026.1", "2027.1"]  # another day has begun
    for watch in (idle, busy):
        assert watch.look(first).rules.rulebook_on(NEW_YEAR).version == "2027.1"
        scenarios = watch.look(first).benefits.catalogue_on(NEW_YEAR)
        assert scenarios is not None
        assert scenarios.version == "2027.1"


def test_what_was_read_after_the_last_decision_is_all_of_the_day(database: Database) -> None:
    watch = PublishedEditions(database, SHIPPED, fresh_for=HOUR)
    settled = find_settled_moment(NEW_YEAR)
    with statements_noted(database) as seen:
        watch.look(settled)
        watch.look(settled + HOUR)
    assert len([each for each in seen if "edition" in each]) == 1
    early = PublishedEditions(database, SHIPPED, fresh_for=HOUR)
    with statements_noted(database) as seen:
        early.look(settled - MOMENT)
        early.look(settled + HOUR)
    assert len([each for each in seen if "edition" in each]) == 2


def test_news_are_read_when_the_copy_is_old_and_documents_only_when_there_are_any(database: Database) -> None:
    watch = PublishedEditions(database, SHIPPED, fresh_for=ALWAYS)
    edition_id = publish(database, EditionKind.RULEBOOK, make_rulebook())
    assert versions(watch, NOON) == ["2026.1", "2027.1"]
    known = watch.look(NOON)
    with statements_noted(database) as seen:
        assert watch.look(NOON) is known
    assert not any("documents" in each for each in seen)
    with database.transaction() as session:
        withdraw_edition(session, edition_id, now=NOON)
    assert versions(watch, NOON) == ["2026.1"]
    assert [each.edition.version for each in watch.look(NOON).announced] == ["2027.1"]


def test_without_the_database_what_is_known_holds_until_the_day_is_over(database: Database) -> None:
    watch = PublishedEditions(database, SHIPPED, fresh_for=ALWAYS)
    publish(database, EditionKind.RULEBOOK, make_rulebook())
    watch.look(NOON)
    watch._database = Database(NOWHERE)  # noqa: SLF001 - the database goes away
    assert versions(watch, NOON + timedelta(hours=11)) == ["2026.1", "2027.1"]
    with pytest.raises(StorageUnavailableError):
        watch.look(NOON + DAY)
    with pytest.raises(StorageUnavailableError):
        PublishedEditions(Database(NOWHERE), SHIPPED).look(NOON)


def test_an_edition_that_this_release_cannot_read_is_no_edition_of_today(database: Database) -> None:
    watch = PublishedEditions(database, SHIPPED, fresh_for=ALWAYS)
    watch.look(NOON)
    run_sql(
        database,
        "INSERT INTO edition (edition_id, kind, version, effective_on, digest, documents, announced_at) VALUES"
        " ('00000000000000000000000000000001', 'rulebook', '9', '2027-01-01', 'd', '{}', '2026-11-22 04:00:00')",
    )
    assert versions(watch, NOON) == ["2026.1"]
    assert not watch.is_readable
    with pytest.raises(DocumentError):
        watch.look(NOON + DAY)


def test_the_announced_edition_of_a_day_holds_before_the_shipped_one(database: Database) -> None:
    publish(database, EditionKind.RULEBOOK, make_rulebook())
    (first,) = SHIPPED.rules.editions
    later = replace(first, version="shipped", effective_on=NEW_YEAR)
    release = replace(SHIPPED, rules=replace(SHIPPED.rules, editions=(first, later)))
    assert versions(PublishedEditions(database, release), NOON) == ["2026.1", "2027.1"]
