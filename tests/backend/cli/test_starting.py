from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.cli.starting import check_is_what_it_is_served_as, check_people_are_found
from backend.context import make_context
from backend.people.tables import NewSubject, add_subject_unless_known, find_strange_key
from backend.settings import SettingsError, read_settings
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from backend.storage.moved_clock import mark_as_sandbox
from tests.backend.cli.prompt import install, run

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[Database]:
    made = Database(environment["SHANGDING_DATABASE_URL"])
    yield made
    made.dispose()


def know_somebody(database: Database, key_id: str) -> None:
    subject = NewSubject(
        subject_id=new_id(NOON),
        kind="natural_person",
        identity_index=key_id.encode(),
        identity_key_id=key_id,
        identity_sealed=b"sealed",
    )
    with database.transaction() as session:
        add_subject_unless_known(session, subject, now=NOON)


@pytest.mark.parametrize(
    ("known", "strange"),
    [({"k2", "k4"}, None), ({"k1", "k2", "k3", "k4", "k5"}, None), ({"k2"}, "k4"), ({"k4"}, "k2"), ({"k3"}, "k2")],
)
def test_a_key_that_is_missing_is_found_between_those_that_are_there(
    database: Database, known: set[str], strange: str | None
) -> None:
    know_somebody(database, "k2")
    know_somebody(database, "k4")
    with database.reading() as session:
        assert find_strange_key(session, known) == strange


def test_nothing_starts_without_a_key_that_people_are_known_by(environment: dict[str, str], database: Database) -> None:
    context = make_context(read_settings(environment))
    know_somebody(database, context.pseudonyms.current)
    check_people_are_found(context)
    know_somebody(database, "20250101-old")
    with pytest.raises(SettingsError, match="20250101-old"):
        check_people_are_found(context)
    context.database.dispose()
    for command in (["serve"], ["work", "--until-idle"]):
        result = run(command, environment)
        assert isinstance(result.exception, SettingsError), result.output


def test_a_database_without_a_schema_is_left_to_readiness(tmp_path: Path, empty_database_url: str) -> None:
    context = make_context(read_settings(install(tmp_path / "keys", empty_database_url)))
    check_people_are_found(context)
    context.database.dispose()


def test_a_sandbox_is_never_served_as_a_city_nor_the_other_way_round(
    environment: dict[str, str], database: Database
) -> None:
    as_sandbox = environment | {"SHANGDING_SANDBOX": "on"}
    city, sandbox = make_context(read_settings(environment)), make_context(read_settings(as_sandbox))
    check_is_what_it_is_served_as(city)
    with pytest.raises(SettingsError, match="the database is no sandbox"):
        check_is_what_it_is_served_as(sandbox)
    with database.transaction() as session:
        mark_as_sandbox(session)
    check_is_what_it_is_served_as(sandbox)
    with pytest.raises(SettingsError, match="names a sandbox"):
        check_is_what_it_is_served_as(city)
    for context in (city, sandbox):
        context.database.dispose()
    result = run(["serve"], environment)
    assert isinstance(result.exception, SettingsError), result.output
